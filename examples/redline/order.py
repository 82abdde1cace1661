"""The order of a race: who came in before whom, with what the stewards have decided, and the points for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .lines import Driver, Ruling

POINTS = (10, 8, 6, 5, 4, 3, 2, 1)
FASTEST_LAP = 1


@dataclass(frozen=True, slots=True)
class Placed:
    """A driver in the order of a race."""

    place: int | None
    """None: not classified."""
    points: int
    driver: Driver
    time_ms: int | None
    """With penalties."""
    note: str


def ordered(drivers: Iterable[Driver], rulings: Sequence[Ruling]) -> list[Placed]:
    """Return the order. It depends on what was decided, never on when it came."""
    ruled = [_Ruled(one, [ruling for ruling in rulings if ruling.driver == one.driver]) for one in drivers]
    ruled.sort(key=lambda one: one.rank)
    laps = [one.driver.best_ms for one in ruled if one.counts and one.driver.best_ms is not None]
    best = min(laps, default=None)
    placed = []
    for place, one in enumerate(ruled, 1):
        points = POINTS[place - 1] if place <= len(POINTS) else 0
        points += FASTEST_LAP if best is not None and one.driver.best_ms == best else 0
        points = points if one.counts else 0
        placed.append(Placed(place if one.counts else None, points, one.driver, one.time_ms, one.note))
    return placed


class _Ruled:
    """A driver with what was decided about him."""

    def __init__(self, driver: Driver, rulings: Sequence[Ruling]) -> None:
        self.driver = driver
        penalty = sum(one.penalty_ms for one in rulings)
        expelled = any(one.disqualified for one in rulings)
        self.time_ms = None if driver.time_ms is None else driver.time_ms + penalty
        self.counts = not expelled and not driver.out
        self.note = "disqualified" if expelled else driver.out or (f"+{penalty / 1000:g} s" if penalty else "")
        self.rank = (expelled, bool(driver.out), -driver.laps, self.time_ms or 0, driver.grid, driver.driver)
