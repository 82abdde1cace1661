"""Writes the per-round stats file as the third-party script on game servers does: 8 header and 38 player fields."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from devkit.game.battle import DEATHS, KILLS, SHOTS, Tally
from devkit.game.people import Player

SERVER_NAME = "^4round^7hook ^2dev^7kit"
_CUMULATIVE = (
    *("damage_given", "damage_received", "team_damage_given", "team_damage_received"),
    *("gibs", "self_kills", "team_kills", "team_gibs"),
)
_BEFORE_RATIOS = (
    *("xp", "killing_spree", "death_spree", "kill_assists", "kill_steals", "headshot_kills", "objectives_stolen"),
    *("objectives_returned", "dynamites_planted", "dynamites_defused", "times_revived"),
)
_AFTER_RATIOS = (
    *("useful_kills", "denied_playtime", "multikills_2", "multikills_3", "multikills_4", "multikills_5"),
    *("multikills_6", "useless_kills", "full_self_kills", "constructions", "revives_given"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line. Limits are seconds; they are shown truncated, as ``M:SS``."""

    map_name: str
    round_number: int
    defender: int
    winner: int
    time_limit: float
    next_limit: float
    config: str = "legacy3"

    @property
    def line(self) -> str:
        limits = (_minutes(self.time_limit), _minutes(self.next_limit))
        sides = (str(self.round_number), str(self.defender), str(self.winner))
        return "\\".join((SERVER_NAME, self.map_name, self.config, *sides, *limits))


def filename(moment: datetime, map_name: str, round_number: int) -> str:
    """Return a file's name; *moment* is the game server's local time."""
    return f"{moment:%Y-%m-%d-%H%M%S}-{map_name}-round-{round_number}.txt"


def lines(
    header: Header, players: Sequence[Player], tallies: Mapping[str, Tally], first: Mapping[str, Tally]
) -> Iterator[bytes]:
    """Yield the file's lines; *first* holds the tallies of round 1, which round 2 carries on in part."""
    yield header.line.encode() + b"\n"
    for player in players:
        if player.guid in tallies:
            yield _player_line(player, tallies[player.guid], first.get(player.guid)) + b"\n"


def write(path: Path, content: Iterator[bytes]) -> None:
    """Write line by line, not atomically: who looks at the wrong moment sees half a file, as with the real script."""
    with path.open("wb", buffering=0) as file:
        for line in content:
            file.write(line)


def _player_line(player: Player, tally: Tally, first: Tally | None) -> bytes:
    total = _added(tally, first)
    mask = sum(1 << index for index in total.weapons)
    groups = " ".join(str(number) for index in sorted(total.weapons) for number in total.weapons[index])
    name = player.name_bytes
    head = b"\\".join((player.guid[:8].upper().encode(), name, b"1" if first else b"0", str(player.side).encode()))
    fields = "".join(f"\t{value}" for value in _fields(tally, total))
    return head + f"\\{mask} {groups} {fields}".encode()


def _added(tally: Tally, first: Tally | None) -> Tally:
    """Return what the engine's session holds: both rounds together; groups without any event are left out."""
    total = Tally(played_tenths=tally.played_tenths, dead_seconds=tally.dead_seconds)
    for part in (tally, first) if first else (tally,):
        total.counts.update({name: part.counts[name] for name in _CUMULATIVE})
        for index, group in part.weapons.items():
            total.weapons[index] = [a + b for a, b in zip(total.weapons[index], group, strict=True)]
    total.weapons = {index: group for index, group in total.weapons.items() if any(group)}
    if first:
        total.played_tenths += first.played_tenths
        total.dead_seconds += first.dead_seconds
    return total


def _fields(tally: Tally, total: Tally) -> Iterator[str]:
    """Yield f0 to f37: some hold both rounds, some this round only, some mix the two."""
    counts: Counter[str] = tally.counts
    yield from (str(total.counts[name]) for name in _CUMULATIVE)
    yield f"{_alive_share(total):.1f}"
    yield from (str(counts[name]) for name in _BEFORE_RATIOS)
    yield str(total.total(SHOTS))
    yield "0.0"
    yield f"{total.played_tenths / 10:.1f}"
    yield f"{_tank(total):.1f}"
    yield f"{_dead_share(tally, total):.1f}"
    yield f"{tally.dead_seconds / 60:.1f}"
    yield f"{_ratio(total):.1f}"
    yield from (str(counts[name]) for name in _AFTER_RATIOS)


def _alive_share(total: Tally) -> float:
    seconds = total.played_tenths * 6
    return 100 * max(0.0, 1 - total.dead_seconds / seconds) if seconds else 100.0


def _dead_share(tally: Tally, total: Tally) -> float:
    """This round's dead time by the time of both rounds: a quirk of the script; 0 in the first two minutes."""
    return 100 * tally.dead_seconds / (total.played_tenths * 6) if total.played_tenths > 20 else 0.0


def _tank(total: Tally) -> float:
    deaths = total.total(DEATHS)
    tank = total.counts["damage_received"] / deaths / 130 if deaths else 0.0
    return tank if tank > 3 else 0.0


def _ratio(total: Tally) -> float:
    kills, deaths = total.total(KILLS), total.total(DEATHS)
    return kills / deaths if deaths else kills + 1.0


def _minutes(seconds: float) -> str:
    whole = int(seconds + 1e-6)
    return f"{whole // 60}:{whole % 60:02d}"
