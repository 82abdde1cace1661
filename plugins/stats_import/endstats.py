"""Reads an endstats file: who got which award, and who killed whom how often. Names become GUIDs by the round's roster.

Names in it are cleaned by the engine (no colour codes, only 0x20 to 0x7E), so both sides are cleaned before they
are compared. Two players with one cleaned name stay unresolved.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, timedelta

from msgspec import Struct
from msgspec.structs import replace

from roundhook import clean_name
from roundhook.rounds import StatsFilename, guest_guid, is_guest_guid, is_no_guid, normal_guid

from .duels import Block, DuelLine, cut_blocks
from .parser import MAX_NAME, MAX_PLAYERS, StatsFileError, checked_lines, text_of

REACH_SECONDS = 30
"""How far apart the two files of one round may be written."""
MAX_LINES = 8192
OWNER = "VS_HEADER"
_COUNT = re.compile(r"[0-9]{1,9}")
_WHOLE = re.compile(r"[-+]?[0-9]+")
"""What a duel line is known by; which of them can be counts is another question."""
_TOO_LARGE = re.compile(r"(?<![0-9.])[0-9]{13}")
_NO_NUMBER = re.compile(r"(?:^|[\s:])[-+]?(?:nan|inf)(?:\(ind\))?(?:x|(?![A-Za-z]))", re.IGNORECASE)
"""What Lua prints for 0/0 and 1/0."""
_GUID = re.compile(r"[0-9A-F]{8,32}|OMNIBOT.*")
_INVISIBLE = re.compile(r"[^\x20-\x7e]")
_SPREE, _STOLEN, _USELESS = "Longest killing spree", "Most objectives stolen", "Most useless kills"

KNOWN_AWARDS = frozenset(
    {"Most damage given", "Most damage received", "Most team damage given", "Most team damage received",
     "Most teamkills", "Most selfkills", "Most deaths", "Most kills per minute", "Most doublekills", "Most multikills",
     "Quickest multikill w/ light weapons", "Farthest riflenade kill", "Most light weapon kills", "Most pistol kills",
     "Most rifle kills", "Most riflenade kills", "Most sniper kills", "Most knife kills", "Most air support kills",
     "Most mine kills", "Most grenade kills", "Most panzer kills", "Most mortar kills", "Most panzer deaths",
     "Mortarmagnet", "Most MG42 kills", "Most MG42 deaths", "Most revives", "Most revived", "Best K/D ratio",
     "Most dynamites planted", "Most dynamites defused", _SPREE, "Longest death spree", _STOLEN,
     "Most objectives returned", "Most corpse gibs", "Most kill assists", "Most killsteals", "Most headshot kills",
     "Tank/Meatshield (Refuses to die)", "Full respawn king", "Least time dead (What spawn?)", "Most playtime denied",
     "Highest light weapons accuracy", "Highest headshot accuracy", "Most headshots", "Most bullets fired",
     "Most damage per minute", "Most useful kills (>Half respawn time left)", _USELESS}
)  # fmt: skip
"""Told from a duel by name; an award that is not here is kept too."""


def names_near(name: StatsFilename, reaches: int) -> tuple[str, str]:
    """Return what names begin with that are at most *reaches* from *name*: from the one (included) to the other."""
    reach = timedelta(seconds=reaches * REACH_SECONDS)
    moment = name.local_time.replace(tzinfo=UTC)
    return f"{moment - reach:%Y-%m-%d-%H%M%S}", f"{moment + reach + timedelta(seconds=1):%Y-%m-%d-%H%M%S}"


class AwardLine(Struct, frozen=True):
    """An award as written: the player by name, the value as text."""

    award: str
    player: str
    value: str


class Endstats(Struct, frozen=True):
    """An endstats file. ``blocks`` have an owner; ``loose`` are duel lines of old scripts, without any."""

    awards: tuple[AwardLine, ...]
    blocks: tuple[Block, ...]
    loose: tuple[DuelLine, ...]
    odd: tuple[tuple[str, str], ...] = ()
    """Lines that cannot be and are left out: the player by name, and what stands there."""


class RosterEntry(Struct, frozen=True):
    """A player of the round, as stored."""

    guid: str
    raw_name: str
    side: int


Awards = set[tuple[str, str, str]]
"""Rows of ``awards`` without the round: award, guid, value."""
Duels = set[tuple[str, str, int]]
"""Rows of ``duels`` without the round: killer, victim, kills."""


def parse_endstats(data: bytes) -> Endstats:
    """Read the bytes of an endstats file.

    Raises:
        StatsFileError: it is not whole, or a line is neither an award nor a duel.
    """
    lines = checked_lines(data)
    if len(lines) > MAX_LINES:
        raise StatsFileError(f"{len(lines)} lines; at most {MAX_LINES} can be real", MAX_LINES + 1)
    reader = _Reader()
    for number, line in enumerate(lines, 1):
        if line:
            reader.take(number, *_columns(text_of(line), number))
    return reader.endstats()


def resolve(files: Iterable[Endstats], roster: Sequence[RosterEntry]) -> tuple[Awards, Duels]:
    """Return the rows of one round from its endstats files (old scripts split one round over two).

    An award whose player cannot be told has an empty GUID; such a duel is left out.
    """
    files = list(files)
    guids = _guids(roster)
    awards = {(line.award, guids.get(cleaned(line.player), ""), line.value) for file in files for line in file.awards}
    named = [_of_roster(block, guids) for file in files for block in file.blocks]
    known = {cleaned(block.owner): block.guid for block in named}
    blocks = named or _inferred(files, roster, guids)
    return awards, _duels(blocks, {**guids, **known})


def oddities(files: Iterable[Endstats], roster: Sequence[RosterEntry]) -> list[tuple[str, str]]:
    """Return what is left out of a round's endstats files: the player's GUID, "" where he cannot be told, and why."""
    guids = _guids(roster)
    return [(guids.get(cleaned(player), ""), text) for file in files for player, text in file.odd]


def cleaned(name: str) -> str:
    """Return *name* as the engine cleans it for this file."""
    return clean_name(_INVISIBLE.sub("", name))


def _columns(line: str, number: int) -> tuple[str, str, str]:
    columns = line.split("\t")
    if len(columns) != 3:
        raise StatsFileError(f"3 columns split by tabs are wanted, there are {len(columns)}", number)
    if (longest := max(map(len, columns))) > MAX_NAME:
        raise StatsFileError(f"a column of {longest:,} characters; at most {MAX_NAME} can be real", number)
    return columns[0], columns[1], columns[2]


class _Reader:
    """Takes line after line; what kind a line is depends on those before it."""

    def __init__(self) -> None:
        self._awards: list[AwardLine] = []
        self._blocks: list[tuple[str, str, list[DuelLine]]] = []
        self._loose: list[DuelLine] = []
        self._players: set[str] = set()
        self._odd: list[tuple[str, str]] = []

    def take(self, number: int, first: str, second: str, third: str) -> None:
        """Take the columns of the line with this *number*."""
        if first == OWNER and is_no_guid(third):
            self._blocks.append((second, guest_guid(second), []))
            self._see(second, number)
        elif first == OWNER and _GUID.fullmatch(third.strip().upper()):
            self._blocks.append((second, normal_guid(third, second), []))
            self._see(second, number)
        elif self._is_duel(first, second, third):
            self._take_duel(first, second, third)
            self._see(first, number)
        else:
            self._take_award(_award(first, second, third, number))
            self._see(second, number)

    def endstats(self) -> Endstats:
        """Return what was taken."""
        blocks = tuple(Block(name, guid, tuple(duels)) for name, guid, duels in self._blocks)
        return Endstats(_mended(self._awards), blocks, tuple(self._loose), tuple(self._odd))

    def _take_duel(self, opponent: str, kills: str, deaths: str) -> None:
        if _COUNT.fullmatch(kills) is None or _COUNT.fullmatch(deaths) is None:
            self._odd.append((opponent, f"a duel of {kills[:24]} kills and {deaths[:24]} deaths cannot be: left out"))
            return
        duels = self._blocks[-1][2] if self._blocks else self._loose
        duels.append(DuelLine(opponent, int(kills), int(deaths)))

    def _take_award(self, line: AwardLine) -> None:
        if _cannot_be(line):
            self._odd.append((line.player, f"the award {line.award!r} of {line.value[:40]!r} cannot be: left out"))
        else:
            self._awards.append(line)

    def _is_duel(self, first: str, second: str, third: str) -> bool:
        if _WHOLE.fullmatch(second) is None or _WHOLE.fullmatch(third) is None:
            return False
        return bool(self._blocks or self._loose) or first not in KNOWN_AWARDS

    def _see(self, player: str, number: int) -> None:
        self._players.add(player)
        if len(self._players) > MAX_PLAYERS:
            raise StatsFileError(f"player {MAX_PLAYERS + 1}; at most {MAX_PLAYERS} can be real", number)


def _award(name: str, player: str, value: str, number: int) -> AwardLine:
    if name == OWNER:
        raise StatsFileError(f"{value[:24]!r} is no GUID of 8 to 32 hex digits", number)
    if not name or not value.strip():
        raise StatsFileError("an award without a name or without a value", number)
    return AwardLine(name, player, value)


def _cannot_be(line: AwardLine) -> bool:
    """Tell whether an award's value is negative, has more than 12 digits, or is no number at all."""
    is_odd = _TOO_LARGE.search(line.value) or _NO_NUMBER.search(line.value)
    return bool(is_odd) or (line.award in KNOWN_AWARDS and line.value.startswith("-"))


def _mended(lines: Iterable[AwardLine]) -> tuple[AwardLine, ...]:
    """Undo what the script gets wrong: the longest spree printed twice, useless kills under another name."""
    kept: dict[AwardLine, None] = {}
    sprees = 0
    for line in lines:
        if line.award == _SPREE:
            sprees += 1 if line.value != "0" else 2  # without any spree only the second copy is printed, as 0
            if line.value == "0":
                continue
        if line.award == _STOLEN and sprees > 1:
            line = AwardLine(_USELESS, line.player, line.value)
        kept[line] = None
    return tuple(kept)


def _guids(roster: Sequence[RosterEntry]) -> dict[str, str]:
    """Return the GUID of each cleaned name that only one player has."""
    by_name: dict[str, set[str]] = {}
    for player in roster:
        by_name.setdefault(cleaned(player.raw_name), set()).add(player.guid)
    return {name: next(iter(guids)) for name, guids in by_name.items() if len(guids) == 1}


def _of_roster(block: Block, guids: Mapping[str, str]) -> Block:
    """Return a guest's *block* with the identity that he has in the round: that of a name, told apart from its like."""
    found = guids.get(cleaned(block.owner)) if is_guest_guid(block.guid) else None
    return replace(block, guid=found) if found is not None else block


def _inferred(files: Iterable[Endstats], roster: Sequence[RosterEntry], guids: Mapping[str, str]) -> list[Block]:
    sides = {player.guid: player.side for player in roster}
    side_of = {name: sides[guid] for name, guid in guids.items()}
    lines = [DuelLine(cleaned(line.opponent), line.kills, line.deaths) for file in files for line in file.loose]
    return [Block(name, guids[name], duels) for name, duels in cut_blocks(lines, side_of)]


def _duels(blocks: Iterable[Block], guids: Mapping[str, str]) -> Duels:
    """Return each pair's kills; both players' blocks tell the same, so the larger number wins."""
    kills: dict[tuple[str, str], int] = {}
    for block in blocks:
        for line in block.lines:
            opponent = guids.get(cleaned(line.opponent))
            if opponent is None:
                continue
            for pair, count in (((block.guid, opponent), line.kills), ((opponent, block.guid), line.deaths)):
                kills[pair] = max(count, kills.get(pair, 0))
    return {(killer, victim, count) for (killer, victim), count in kills.items() if count}
