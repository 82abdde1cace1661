"""What shall happen in a round: the wishes of a caller, completed to a plan that holds together."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from devkit.game.people import ALLIES, AXIS

Ending = Literal["objective", "time_expired", "surrender", "aborted"]
AbortedBy = Literal["map_change", "quit", "restart", "everybody_left"]

PAUSE_COUNTDOWN = 10.05
"""Seconds that the shortest pause lasts: the countdown at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPlan:
    """One round. Times are seconds, sides are 1 Axis and 2 Allies."""

    map_name: str
    round_number: int
    time_limit: float
    seconds: float
    """Played, pauses left out."""
    ending: Ending
    winner: int
    defender: int = AXIS
    surrender_side: int = 0
    pauses: tuple[tuple[float, float], ...] = ()
    """When (in seconds played) the clock stops, and for how long."""
    aborted_by: AbortedBy | None = None
    seed: int = 0


def make_plan(
    *,
    map_name: str,
    round_number: int,
    time_limit: float,
    defender: int = AXIS,
    surrender_at: float | None = None,
    surrender_side: int | None = None,
    duration: float | None = None,
    winner: int | None = None,
    pauses: Sequence[tuple[float, float]] = (),
    aborted_by: AbortedBy | None = None,
    seed: int = 0,
) -> RoundPlan:
    """Complete a caller's wishes; raise ValueError, with a way out, where they contradict each other."""
    attacker = AXIS + ALLIES - defender
    wanted = surrender_at if surrender_at is not None else duration
    ending, seconds, decided = _ending(wanted, time_limit, defender, winner, seed)
    loser = 0
    if aborted_by is not None:
        ending, decided, seconds = "aborted", 0, wanted or time_limit * 0.4
    elif surrender_at is not None:
        loser = surrender_side or attacker
        ending, decided, seconds = "surrender", AXIS + ALLIES - loser, surrender_at
    _check(seconds, time_limit, pauses)
    return RoundPlan(
        map_name=map_name,
        round_number=round_number,
        time_limit=time_limit,
        seconds=seconds,
        ending=ending,
        winner=decided,
        defender=defender,
        surrender_side=loser,
        pauses=tuple(sorted(pauses)),
        aborted_by=aborted_by,
        seed=seed,
    )


def _ending(
    wanted: float | None, time_limit: float, defender: int, winner: int | None, seed: int
) -> tuple[Ending, float, int]:
    """Return how a round that is played to its end ends, after how many seconds, and who wins."""
    attacker = AXIS + ALLIES - defender
    generator = random.Random(f"ending {seed}")
    held = winner == defender or (winner is None and wanted is None and generator.random() < 0.3)
    if winner == defender and wanted is not None and wanted < time_limit:
        raise ValueError(
            f"the defenders win only at the limit of {time_limit:g} s; give surrender_at={wanted:g} instead"
        )
    if held or (wanted is not None and wanted >= time_limit and winner is None):
        return "time_expired", time_limit, defender
    return "objective", wanted or round(time_limit * generator.uniform(0.45, 0.9), 2), attacker


def _check(seconds: float, time_limit: float, pauses: Sequence[tuple[float, float]]) -> None:
    if not 1 <= seconds <= time_limit:
        raise ValueError(f"a round of {seconds:g} s does not fit between 1 s and the limit of {time_limit:g} s")
    for at, length in pauses:
        if not (1 <= at < seconds and length >= PAUSE_COUNTDOWN):
            raise ValueError(f"the pause ({at:g}, {length:g}) must begin within the round and last at least 10.05 s")
