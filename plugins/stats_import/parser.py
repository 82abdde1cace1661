"""Reads a round's stats file: bytes in, a ``StatsFile`` out, or a ``StatsFileError`` that names line and reason.

A file is taken whole or refused: a final newline, one generation of fields throughout, players that can be told apart.
Nothing is guessed.
"""

import hashlib
import re
from collections.abc import Callable, Container, Mapping

from msgspec import Struct
from msgspec.structs import replace

from roundhook.rounds import StatsFilename, bot_guid, guest_guid, is_no_guid

from .lines import MAX_NAME as MAX_NAME
from .lines import PlayerLine as PlayerLine
from .lines import StatsFileError as StatsFileError
from .lines import Weapon as Weapon
from .lines import player_line

MAX_BYTES = 256 * 1024
MAX_LINE_BYTES = 16 * 1024
"""A line of more is named where a file is too large; a real one has at most a few hundred bytes."""
MAX_PLAYERS = 96
"""Lines of players who left count too; the game has 64 slots."""
_CLOCK = re.compile(r"([0-9]{1,6}):([0-5][0-9])")
_PLAY_TIME = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,9})?")
_BOT = "OMNIBOT"


class StatsFile(Struct, frozen=True):
    """A stats file, whole."""

    map_name: str
    config_name: str
    round_number: int
    defender_side: int
    winner_side: int
    time_limit_seconds: int
    time_shown_seconds: int
    """What the header claims (its "next time limit"): the time played only where the attackers won."""
    play_seconds: float | None
    """The ninth field; None where there is none, 0 or less where the round never ended."""
    generation: int
    """Number of fields of a player line; 0 without players."""
    players: tuple[PlayerLine, ...]


def parse_stats_file(data: bytes, name: StatsFilename) -> StatsFile:
    """Read the bytes of the file called *name*.

    Raises:
        StatsFileError: it is not whole, not of a known form, or not what its name says.
    """
    lines = _lines(data)
    header = _header(lines[0], name)
    players = {number: player_line(line, number) for number, line in enumerate(lines[1:], 2) if line}
    if len(players) > MAX_PLAYERS:
        raise StatsFileError(f"{len(players)} players; at most {MAX_PLAYERS} can be real", list(players)[MAX_PLAYERS])
    return StatsFile(*header, _one_generation(players), _identified(players))


def content_key(data: bytes) -> str:
    """Return a hash of the content, without the header's first field and the kind of line end.

    The same round under two names has the same one.
    """
    return hashlib.sha256(data.replace(b"\r\n", b"\n").partition(b"\\")[2]).hexdigest()


def checked_lines(data: bytes) -> list[bytes]:
    """Return the lines of a whole text file, without line ends.

    Raises:
        StatsFileError: it is empty, too large, no text, or has no final newline.
    """
    if not data:
        raise StatsFileError("the file is empty; it is taken when it comes with its lines", 1)
    if len(data) > MAX_BYTES:
        raise _too_large(data)
    if b"\0" in data:
        raise StatsFileError("a NUL byte; it was not written whole", _line_of(data, data.index(b"\0")))
    if not data.endswith(b"\n"):
        raise StatsFileError("cut off: the last line has no end; it is taken when it comes whole", _line_of(data))
    return data[:-1].replace(b"\r\n", b"\n").removesuffix(b"\r").split(b"\n")


def text_of(line: bytes) -> str:
    """Return *line* as text: UTF-8, else one character for each byte."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _too_large(data: bytes) -> StatsFileError:
    """Name the longest line where that alone is absurd, else the line in which the limit is passed."""
    lines = data.split(b"\n")
    longest = max(lines, key=len)
    if len(longest) > MAX_LINE_BYTES:
        reason = f"{len(longest):,} bytes; a line has a few hundred, a whole file at most {MAX_BYTES:,}"
        return StatsFileError(reason, lines.index(longest) + 1)
    so_many = f"a file of one round has at most {MAX_BYTES:,} bytes, this one {len(data):,}"
    return StatsFileError(f"{so_many}; the limit is passed here", _line_of(data, MAX_BYTES))


def _line_of(data: bytes, index: int | None = None) -> int:
    """Return the number of the line that the byte at *index* is in, the last one by default."""
    return data.count(b"\n", 0, index) + 1


_Header = tuple[str, str, int, int, int, int, int, float | None]


def _lines(data: bytes) -> list[str]:
    lines = checked_lines(data)
    if data.isascii():
        return b"\n".join(lines).decode("ascii").split("\n")
    return [text_of(line) for line in lines]


def _header(line: str, name: StatsFilename) -> _Header:
    parts = line.split("\\")
    if len(parts) not in (8, 9):
        raise StatsFileError(f"a header has 8 or 9 fields, this one {len(parts)}", 1)
    map_name, config_name, round_text = parts[1:4]
    if map_name != name.map_name or round_text != str(name.round_number):
        said, called = f"{map_name[:64]!r} round {round_text[:8]!r}", f"{name.map_name!r} round {name.round_number}"
        raise StatsFileError(f"the header says {said}, the name says {called}", 1)
    sides = [_side(text, what) for text, what in zip(parts[4:6], ("defender", "winner"), strict=True)]
    clocks = [_clock(text, number) for number, text in enumerate(parts[6:8], 7)]
    return map_name, config_name, name.round_number, sides[0], sides[1], clocks[0], clocks[1], _play_time(parts[8:])


def _side(text: str, what: str) -> int:
    if text not in ("0", "1", "2"):
        raise StatsFileError(f"the {what} is {text[:16]!r}; 0, 1 or 2 is wanted", 1)
    return int(text)


def _clock(text: str, number: int) -> int:
    if (match := _CLOCK.fullmatch(text)) is None:
        raise StatsFileError(f"field {number} is {text[:16]!r}; minutes:seconds is wanted", 1)
    return int(match[1]) * 60 + int(match[2])


def _play_time(parts: list[str]) -> float | None:
    """Read the ninth field: milliseconds, seconds in an old variant."""
    if not parts or not parts[0]:
        return None
    if _PLAY_TIME.fullmatch(parts[0]) is None:
        raise StatsFileError(f"field 9 is {parts[0][:16]!r}; milliseconds are wanted", 1)
    value = float(parts[0])
    return value / 1000 if value > 10_000 else value


def _one_generation(players: Mapping[int, PlayerLine]) -> int:
    """Return how many fields each of the *players*, by their lines, has."""
    first = next((len(player.fields) for player in players.values()), 0)
    for number, player in players.items():
        if len(player.fields) != first:
            raise StatsFileError(f"{len(player.fields)} extended fields, in the lines before {first}", number)
    return first


def _identified(players: Mapping[int, PlayerLine]) -> tuple[PlayerLine, ...]:
    """Give bots and guests an identity each (they share one GUID text) and refuse a GUID that comes twice."""
    seen: dict[str, PlayerLine] = {}
    lines: dict[str, int] = {}
    for number, player in players.items():
        if player.guid.startswith(_BOT):
            player = replace(player, guid=_free_guid(bot_guid, player.name, seen))
        elif is_no_guid(player.guid):
            player = replace(player, guid=_free_guid(guest_guid, player.name, seen))
        elif player.guid in seen:
            raise StatsFileError(f"the GUID {player.guid} stands in line {lines[player.guid]} already", number)
        seen[player.guid], lines[player.guid] = player, number
    return tuple(seen.values())


def _free_guid(guid_of: Callable[[str], str], name: str, taken: Container[str]) -> str:
    guid, copies = guid_of(name), 1
    while guid in taken:
        copies += 1
        guid = guid_of(f"{name}#{copies}")
    return guid
