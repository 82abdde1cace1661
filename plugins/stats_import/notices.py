"""Which notice belongs to which round: same map and number, and the nearest in time. Pure functions.

The file of an aborted round is written while the server goes on to something else, and so often claims the other
number: an aborted notice belongs to either.
"""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from roundhook.rounds import NOTICE_WINDOW

EARLIEST, LATEST = (int(edge.total_seconds()) for edge in NOTICE_WINDOW)
REACH_SECONDS = 2 * (LATEST - EARLIEST)
"""How far a change of one round can be felt by the match of another round's notice."""


class Ended(Struct, frozen=True):
    """A notice: a round has ended. ``end`` is in Unix seconds."""

    id: int
    map_name: str
    round_number: int
    end: int


class Written(Struct, frozen=True):
    """A round's file and the times that its name can mean, in Unix seconds."""

    name: str
    map_name: str
    round_number: int
    times: tuple[int, ...]


def match_notices(
    notices: Iterable[Ended], rounds: Iterable[Written], *, aborted: Collection[int] = ()
) -> dict[int, str]:
    """Return the round of each notice that has one: notice id -> the round's name.

    A notice asks for the round nearest to it; where several ask for one round, the nearest gets it, and of two
    equally near ones that which is not *aborted* (ids of notices).
    """
    by_map: dict[str, list[Written]] = {}
    for one in rounds:
        by_map.setdefault(one.map_name, []).append(one)
    asked: dict[str, tuple[int, bool, int, int]] = {}
    for notice in notices:
        is_aborted = notice.id in aborted
        near = [one for one in by_map.get(notice.map_name, ()) if is_aborted or one.round_number == notice.round_number]
        found = _nearest(notice, near)
        if found is not None:
            distance, name = found
            claim = (distance, is_aborted, notice.end, notice.id)
            asked[name] = min(asked.get(name, claim), claim)
    return {notice_id: name for name, (_, _, _, notice_id) in asked.items()}


def _nearest(notice: Ended, rounds: Sequence[Written]) -> tuple[int, str] | None:
    reachable = [
        (abs(time - notice.end), one.round_number != notice.round_number, one.name)
        for one in rounds
        for time in one.times
        if EARLIEST <= time - notice.end <= LATEST
    ]
    if not reachable:
        return None
    distance, _, name = min(reachable)
    return distance, name
