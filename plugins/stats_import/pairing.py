"""Which R2 belongs to which R1, what a match's result is, and where an evening ends. Pure functions."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from .parser import StatsFile

PAIR_SECONDS = 45 * 60
"""How long after its R1 an R2 may be written."""
SESSION_SECONDS = 60 * 60
"""The longest gap within a session."""

Base = Literal["empty", "aborted", "unplayed", "ok"]
"""What a round is by itself; ``unplayed``: an R2 in which the engine has counted no round for anybody."""
Result = Literal["first_attackers", "second_attackers", "draw"]


class Played(Struct, frozen=True):
    """A round as pairing sees it: ``time`` is its file's (Unix seconds), ``other_time`` what its name may also mean."""

    name: str
    time: int
    map_name: str
    round_number: int
    aborted: bool
    time_limit_seconds: int | None
    time_shown_seconds: int | None
    other_time: int | None = None
    unplayed: bool = False


def base_status(file: StatsFile, *, aborted_notice: bool = False) -> Base:
    """Return the status that a round has by itself, before it is known whether it is paired."""
    if not file.players:
        return "empty"
    never_ended = file.play_seconds is not None and file.play_seconds <= 0
    impossible = file.time_shown_seconds > file.time_limit_seconds
    if never_ended or impossible or aborted_notice:
        return "aborted"
    return "unplayed" if file.round_number == 2 and all(player.rounds == 0 for player in file.players) else "ok"


def pair(rounds: Iterable[Played]) -> dict[str, str]:
    """Return the R1 of each R2 that has one, by name.

    In the order of time an R2 takes the open R1 of its map; a new R1 closes the open one; an R1 is used once;
    aborted rounds neither open nor close. An unplayed one is an R2 only where its limit is what its R1 left to beat.
    """
    pairs: dict[str, str] = {}
    opened: Played | None = None
    for one in sorted(rounds, key=lambda one: (one.time, one.name)):
        if one.aborted:
            continue
        if one.round_number == 1:
            opened = one
        elif opened is not None and _belong(opened, one):
            pairs[one.name] = opened.name
            opened = None
    return pairs


def read_clock(rounds: Sequence[Played]) -> list[Played]:
    """Choose what the names of a repeated hour mean, so that as many rounds as possible are paired.

    *rounds* are all around one change of the clock. First taken as the earlier hour; one round, or an R1 with its
    R2, is moved to the later one where that pairs more.
    """
    chosen = list(rounds)
    best = len(pair(chosen))
    doubtful = sorted((i for i, one in enumerate(chosen) if one.other_time is not None), key=lambda i: chosen[i].name)
    moves = [*((i,) for i in doubtful), *_couples(chosen, doubtful)]
    improved = True
    while improved:
        improved = False
        for move in moves:
            moved = _moved(chosen, move)
            if (count := len(pair(moved))) > best:
                chosen, best, improved = moved, count, True
    return chosen


def result_of(first: tuple[int, int], second: tuple[int, int]) -> Result | None:
    """Return a match's result from (winner, defender) of R1 and of R2; None where a side is unknown."""
    if 0 in first or 0 in second:
        return None
    held_first, held_second = first[0] == first[1], second[0] == second[1]
    if held_second:
        return "draw" if held_first else "first_attackers"
    return "second_attackers"


def chains(times: Sequence[int]) -> list[range]:
    """Cut *times* (sorted) into sessions: ranges of indexes with no gap above ``SESSION_SECONDS``."""
    cuts = [index for index in range(1, len(times)) if times[index] - times[index - 1] > SESSION_SECONDS]
    return [range(start, end) for start, end in itertools.pairwise((0, *cuts, len(times))) if start < end]


def _belong(first: Played, second: Played) -> bool:
    return (
        first.map_name == second.map_name
        and 0 <= second.time - first.time <= PAIR_SECONDS
        and not _contradict(first, second)
    )


def _contradict(first: Played, second: Played) -> bool:
    """Tell whether R2's time limit is not what R1 left to beat, both being plausible."""
    to_beat, limit = first.time_shown_seconds or 0, second.time_limit_seconds or 0
    plausible = limit > 0 and 0 < to_beat <= (first.time_limit_seconds or 0)
    return limit != to_beat if plausible else second.unplayed


def _couples(rounds: Sequence[Played], doubtful: Sequence[int]) -> list[tuple[int, int]]:
    return [
        (i, j)
        for i in doubtful
        for j in doubtful
        if (rounds[i].round_number, rounds[j].round_number) == (1, 2) and rounds[i].map_name == rounds[j].map_name
    ]


def _moved(rounds: Sequence[Played], indexes: Iterable[int]) -> list[Played]:
    moved = list(rounds)
    for index in indexes:
        one = moved[index]
        moved[index] = replace(one, time=one.other_time or one.time, other_time=one.time)
    return moved
