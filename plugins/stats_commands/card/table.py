"""The card's columns: what each shows for a player and for a side, and whose value is best."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from roundhook.pictures import UNKNOWN, count_text

from .data import CardPlayer

Value = float | None
_MOST_TIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of numbers."""

    label: str
    width: int
    """Pixels."""
    value: Callable[[CardPlayer], Value]
    show: Callable[[Value], str] = count_text
    total: Callable[[Sequence[CardPlayer]], Value] | None = None
    """The side's value; without one the cell stays blank."""
    high_is_best: bool = True
    """False: nobody's value is marked."""


def kill_ratio(kills: Value, deaths: Value) -> Value:
    """Return kills for each death; without a death, the kills."""
    return None if kills is None or deaths is None else kills / max(deaths, 1)


def ranked(players: Iterable[CardPlayer]) -> list[CardPlayer]:
    """Return *players* by damage given, then kills, unknown last; ties always in the same order."""
    return sorted(players, key=lambda p: (-_known(p.damage_given), -_known(p.kills), p.guid, p.name))


def best_value(column: Column, players: Iterable[CardPlayer]) -> Value:
    """Return the value to mark in *column*, None where marking would say nothing.

    That is a positive maximum among at least two known values, shared by at most two players.
    """
    values = [value for value in map(column.value, players) if value is not None and math.isfinite(value)]
    if not column.high_is_best or len(values) < 2:
        return None
    best = max(values)
    return best if best > 0 and values.count(best) <= _MOST_TIES else None


def _known(value: Value) -> float:
    return -1.0 if value is None else float(value)


def _sum_of(value: Callable[[CardPlayer], Value]) -> Callable[[Sequence[CardPlayer]], Value]:
    """Return the sum over a side, unknown as soon as one part is: a sum of some would pass for all."""

    def total(players: Sequence[CardPlayer]) -> Value:
        values = [value(player) for player in players]
        known = [part for part in values if part is not None]
        return sum(known) if known and len(known) == len(values) else None

    return total


def _counted(label: str, width: int, value: Callable[[CardPlayer], Value], *, high_is_best: bool = True) -> Column:
    return Column(label=label, width=width, value=value, total=_sum_of(value), high_is_best=high_is_best)


def _percent(value: Value) -> str:
    """Return a share, 0 to 1, in whole per cent: a decimal would be too small on a phone."""
    text = count_text(None if value is None else value * 100)
    return text if text == UNKNOWN else f"{text}%"


COLUMNS: tuple[Column, ...] = (
    _counted("KILLS", 84, lambda p: p.kills),
    _counted("DEATHS", 100, lambda p: p.deaths, high_is_best=False),
    _counted("DMG", 128, lambda p: p.damage_given),
    _counted("DPM", 100, lambda p: p.dpm),
    Column(label="ACC", width=104, value=lambda p: p.accuracy, show=_percent),
    _counted("REV", 72, lambda p: p.revives),
)
