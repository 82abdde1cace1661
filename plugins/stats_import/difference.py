"""The rows of one round: what each player did in it alone, as its file was read.

Cumulative in the file of an R2 are eight counters, the time played and all weapon groups; the rest starts anew.
Ratios are never subtracted: they are computed when read.
"""

import functools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from roundhook.db import columns_of
from roundhook.rounds import PlayerRound, WeaponRound

from .fields import CUMULATIVE_FIELDS, GENERATIONS, SECONDS_OF_TENTH, TIME_DEAD, TIME_PLAYED
from .lines import FIGHT
from .parser import StatsFile, Weapon
from .reading import Reading, Share, read
from .room import Room
from .weapons import WEAPONS

PLAYER_COLUMNS = columns_of(PlayerRound, without=("round_id",))
WEAPON_COLUMNS = columns_of(WeaponRound, without=("round_id",))
GUID, NAME = map(PLAYER_COLUMNS.index, ("guid", "name"))

Row = tuple[Any, ...]
_TOTALS = ("hits", "shots", "kills", "deaths", "headshots")
_UNKNOWN_TOTALS = (None,) * len(_TOTALS)
_OTHERS = ("guid", "name", "raw_name", "side", *_TOTALS, "time_played_seconds", "time_dead_seconds", "")
"""What a row has besides the extended fields; at last what stands for a column that a generation does not know."""


class RoundRows(Struct, frozen=True):
    """The rows of one round, without its id, in the order of ``PLAYER_COLUMNS`` and ``WEAPON_COLUMNS``."""

    players: tuple[Row, ...] = ()
    weapons: tuple[Row, ...] = ()
    longest_seconds: int | None = None
    """The longest time that a player of the round has played; None where nobody's is known."""


def rows_of(file: StatsFile, first: StatsFile | None = None) -> RoundRows:
    """Return the rows of *file*; *first* is the R1 of an R2, None where there is none."""
    return rows_from(read(file, first), file.generation)


def rows_from(reading: Reading, generation: int) -> RoundRows:
    """Return the rows of a file of this *generation* that has been read."""
    shares = [share for share in reading.shares if share.is_row]
    weapons = [_weapons(share) for share in shares]
    times = [time for share in shares if (time := _time(share)) is not None]
    return RoundRows(
        tuple(_player_row(*one, generation, reading.room) for one in zip(shares, weapons, strict=True)),
        tuple(row for one in zip(shares, weapons, strict=True) for row in _weapon_rows(*one)),
        max(times, default=None),
    )


def _time(share: Share) -> int | None:
    """Return the seconds played in this round."""
    if not share.known or share.line.tenths is None:
        return None
    if share.before is None:
        return share.line.seconds
    return max(0, share.line.seconds - share.before.seconds) if share.before.tenths is not None else None


def _weapons(share: Share) -> Mapping[int, Sequence[int]] | None:
    """Return the weapon groups of this round; None where they are not known."""
    line, before = share.line, share.before
    if not share.known or FIGHT in line.odd or (before is not None and FIGHT in before.odd):
        return None
    return line.weapons if before is None else subtracted(line.weapons, before.weapons)


def subtracted(now: Mapping[int, Weapon], before: Mapping[int, Weapon]) -> dict[int, Sequence[int]]:
    """Subtract weapon by weapon; never below 0, since the game hands knife shots back."""
    nothing = (0,) * len(_TOTALS)
    return {
        weapon: [new - old if new > old else 0 for new, old in zip(group, before.get(weapon, nothing), strict=True)]
        for weapon, group in now.items()
    }


def _player_row(share: Share, weapons: Mapping[int, Sequence[int]] | None, generation: int, room: Room) -> Row:
    line, time = share.line, _time(share)
    totals = _totals(weapons.values()) if weapons is not None else _UNKNOWN_TOTALS
    dead = None if TIME_DEAD in line.odd else _time_dead(share, time, room)
    others = (line.guid, line.name, line.raw_name, line.side or None, *totals, time, dead, None)
    row: Row = _columns_of(generation)((*_numbers(share), *others))
    return row


@functools.cache
def _columns_of(generation: int) -> Callable[[Row], Row]:
    """Return what picks ``PLAYER_COLUMNS`` out of the extended fields of a line with what stands in ``_OTHERS``."""
    others = {name: generation + place for place, name in enumerate(_OTHERS)}
    places = {**others, **GENERATIONS[generation]}
    return operator.itemgetter(*(places.get(name, others[""]) for name in PLAYER_COLUMNS))


def _numbers(share: Share) -> Sequence[int | None]:
    """Return a line's extended fields, of this round alone; None where they are not known."""
    line, before = share.line, share.before
    if share.known and before is None and not line.odd:
        return line.fields
    numbers: list[int | None] = list(line.fields)
    for field in CUMULATIVE_FIELDS.values():
        if not share.known or (before is not None and field in before.odd):
            numbers[field] = None
        elif before is not None:
            numbers[field] = max(0, line.fields[field] - before.fields[field])
    for field in line.odd:
        if field >= 0:
            numbers[field] = None
    return numbers


def _time_dead(share: Share, played: int | None, room: Room) -> int:
    """Return the time dead: at most the time played, and where that is unknown what the round allows."""
    dead = share.line.fields[TIME_DEAD] * SECONDS_OF_TENTH
    if played is not None:
        return min(dead, played)
    most = [dead, *([share.line.seconds] if TIME_PLAYED not in share.line.odd else [])]
    return min([*most, *([int(room.seconds)] if room.seconds is not None else [])])


def _totals(groups: Iterable[Sequence[int]]) -> tuple[int, ...]:
    return tuple(map(sum, zip((0,) * len(_TOTALS), *groups, strict=True)))


def _weapon_rows(share: Share, weapons: Mapping[int, Sequence[int]] | None) -> list[Row]:
    groups = sorted((weapons or {}).items())
    return [(share.line.guid, WEAPONS[weapon], *group) for weapon, group in groups if any(group)]
