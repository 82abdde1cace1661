"""Which notice belongs to which round: same map and number, and the nearest in time. Pure functions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.filenames import NOTICE_WINDOW

EARLIEST, LATEST = (int(edge.total_seconds()) for edge in NOTICE_WINDOW)
REACH_SECONDS = 2 * (LATEST - EARLIEST)
"""How far a change of one round can be felt by the match of another round's notice."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A notice: a round has ended. ``end`` is in Unix seconds."""

    id: int
    map_name: str
    round_number: int
    end: int


@dataclass(frozen=True, slots=True)
class Written:
    """A round's file and the times that its name can mean, in Unix seconds."""

    name: str
    map_name: str
    round_number: int
    times: tuple[int, ...]


def match_notices(notices: Iterable[Ended], rounds: Iterable[Written]) -> dict[int, str]:
    """Return the round of each notice that has one: notice id -> the round's name.

    A notice asks for the round nearest to it; where several ask for one round, the nearest gets it.
    """
    by_kind: dict[tuple[str, int], list[Written]] = {}
    for one in rounds:
        by_kind.setdefault((one.map_name, one.round_number), []).append(one)
    asked: dict[str, tuple[int, int, int]] = {}
    for notice in notices:
        found = _nearest(notice, by_kind.get((notice.map_name, notice.round_number), ()))
        if found is not None:
            distance, name = found
            asked[name] = min(asked.get(name, (distance, notice.end, notice.id)), (distance, notice.end, notice.id))
    return {notice_id: name for name, (_, _, notice_id) in asked.items()}


def _nearest(notice: Ended, rounds: Sequence[Written]) -> tuple[int, str] | None:
    reachable = [
        (abs(time - notice.end), one.name)
        for one in rounds
        for time in one.times
        if EARLIEST <= time - notice.end <= LATEST
    ]
    return min(reachable, default=None)
