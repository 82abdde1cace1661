"""What each player did in one round alone: R2 is R2 - R1 where the file counts on, and as written where it does not.

Cumulative in the file of an R2 are eight counters, the time played and all weapon groups; the rest starts anew.
Ratios are never subtracted: they are computed when read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roundhook.db import columns_of
from roundhook.rounds import PlayerRound, WeaponRound

from .fields import CUMULATIVE, DAMAGE_RECEIVED, GENERATIONS, NEWEST, TIME_DEAD, TIME_PLAYED
from .parser import PlayerLine, StatsFile, Weapon
from .weapons import WEAPONS

PLAYER_COLUMNS = columns_of(PlayerRound, without=("round_id",))
WEAPON_COLUMNS = columns_of(WeaponRound, without=("round_id",))
GUID, NAME = map(PLAYER_COLUMNS.index, ("guid", "name"))
SPECTATOR = 3
SECONDS_OF_TENTH = 6
"""A tenth of a minute."""

Row = tuple[Any, ...]
CUMULATIVE_FIELDS = {column: GENERATIONS[NEWEST][column] for column in sorted(CUMULATIVE)}
_TOTALS = ("hits", "shots", "kills", "deaths", "headshots")
_DEATHS = _TOTALS.index("deaths")
_UNKNOWN_TOTALS: dict[str, int | None] = dict.fromkeys(_TOTALS)


@dataclass(frozen=True, slots=True)
class RoundRows:
    """The rows of one round, without its id, in the order of ``PLAYER_COLUMNS`` and ``WEAPON_COLUMNS``."""

    players: tuple[Row, ...] = ()
    weapons: tuple[Row, ...] = ()
    longest_seconds: int | None = None
    """The longest time that a player of the round has played; None where nobody's is known."""


def rows_of(file: StatsFile, first: StatsFile | None = None) -> RoundRows:
    """Return the rows of *file*; *first* is the R1 of an R2, None where there is none."""
    shares = [share for player in file.players if (share := _share(player, file, first)) is not None]
    times = [share.time for share in shares if share.time is not None]
    return RoundRows(
        tuple(_player_row(share, file.generation) for share in shares),
        tuple(row for share in shares for row in _weapon_rows(share)),
        max(times, default=None),
    )


def counts_alone(file: StatsFile) -> bool:
    """Tell whether the numbers of *file* are of this round alone: an R1, or an R1 written as "round-2"."""
    return file.round_number == 1 or all(player.rounds == 0 for player in file.players)


def is_reset(now: PlayerLine, before: PlayerLine) -> bool:
    """Tell whether a player's counters began anew in R2: reconnected, so there is nothing to subtract."""
    return (
        now.rounds <= before.rounds
        or now.fields[TIME_PLAYED] < before.fields[TIME_PLAYED]
        or now.fields[DAMAGE_RECEIVED] < before.fields[DAMAGE_RECEIVED]
        or _deaths(now) < _deaths(before)
    )


@dataclass(frozen=True, slots=True)
class _Share:
    """A player's part of a round; ``before`` is subtracted, ``known`` is false where that would be needed."""

    line: PlayerLine
    before: Sequence[int]
    weapons: Mapping[int, Sequence[int]]
    known: bool = True

    @property
    def time(self) -> int | None:
        """Seconds played in this round."""
        if not self.known:
            return None
        return max(0, self.line.fields[TIME_PLAYED] - self.before[TIME_PLAYED]) * SECONDS_OF_TENTH


_NOTHING = (0,) * NEWEST


def _share(player: PlayerLine, file: StatsFile, first: StatsFile | None) -> _Share | None:
    if first is None and not counts_alone(file):
        return None if player.side == SPECTATOR else _Share(player, _NOTHING, {}, known=False)
    before = _same_player(player, first) if first is not None else None
    if before is None:
        return _Share(player, _NOTHING, player.weapons)
    if player.side == SPECTATOR and stood_still(player, before):
        return None
    if is_reset(player, before):
        return _Share(player, _NOTHING, player.weapons)
    return _Share(player, before.fields, _subtracted(player.weapons, before.weapons))


def _same_player(player: PlayerLine, first: StatsFile) -> PlayerLine | None:
    return next((line for line in first.players if line.guid == player.guid), None)


def stood_still(now: PlayerLine, before: PlayerLine) -> bool:
    """Tell whether nothing has been added since R1: the player watched R2."""
    moved = any(now.fields[field] > before.fields[field] for field in (*CUMULATIVE_FIELDS.values(), TIME_PLAYED))
    return not moved and not any(map(any, _subtracted(now.weapons, before.weapons).values()))


def _subtracted(now: Mapping[int, Weapon], before: Mapping[int, Weapon]) -> dict[int, Sequence[int]]:
    """Subtract weapon by weapon; never below 0, since the game hands knife shots back."""
    nothing = (0,) * len(_TOTALS)
    return {
        weapon: [max(0, new - old) for new, old in zip(group, before.get(weapon, nothing), strict=True)]
        for weapon, group in now.items()
    }


def _player_row(share: _Share, generation: int) -> Row:
    line, time = share.line, share.time
    values: dict[str, Any] = {"guid": line.guid, "name": line.name, "raw_name": line.raw_name, "side": line.side}
    for column, field in GENERATIONS[generation].items():
        values[column] = line.fields[field]
        if column in CUMULATIVE:
            values[column] = max(0, line.fields[field] - share.before[field]) if share.known else None
    values.update(_totals(share.weapons.values()) if share.known else _UNKNOWN_TOTALS)
    played = time if time is not None else line.fields[TIME_PLAYED] * SECONDS_OF_TENTH
    values["time_played_seconds"] = time
    values["time_dead_seconds"] = min(line.fields[TIME_DEAD] * SECONDS_OF_TENTH, played)
    return tuple(map(values.get, PLAYER_COLUMNS))


def _totals(groups: Iterable[Sequence[int]]) -> dict[str, int]:
    return dict(zip(_TOTALS, map(sum, zip((0,) * len(_TOTALS), *groups, strict=True)), strict=True))


def _weapon_rows(share: _Share) -> list[Row]:
    return [
        (share.line.guid, WEAPONS[weapon], *group) for weapon, group in sorted(share.weapons.items()) if any(group)
    ]  # fmt: skip


def _deaths(line: PlayerLine) -> int:
    return sum(group[_DEATHS] for group in line.weapons.values())
