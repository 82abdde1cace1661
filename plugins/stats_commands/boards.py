"""Boards of the best players, kept and brought up to date with who has played since.

To rank everybody takes a look at everybody's sums, which grows with their number. Where they are many, a board is
worked out once, and afterwards only the players whose sums have changed are looked at, and at midnight those of the day
that is over. What one needs to be ranked, and the places beyond the best, are then as they were when all were looked
at: that is done again from time to time for boards that were asked for lately, and at once where something has gone.
"""

import asyncio
from array import array
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from roundhook import Clock
from roundhook.db import Database
from roundhook.rounds import day_of

from .queries import visible
from .rankings import MOST_PLACES, Place, Rankings, Scope, in_order
from .samples import Sample

MOST_BOARDS = 16
"""That are kept; the one that was not asked for the longest time goes first."""
LEAST_PLACES = 100
"""A board that has come to hold fewer of the best is worked out anew."""
LATELY = timedelta(hours=1)
AGAIN_SECONDS = 600.0
"""How often boards are worked out anew while rounds come."""
MOST_CHANGED = 300
"""So many players are brought up to date; where more have played, all are looked at."""
_EQUAL = 1e-12
"""By what share a value may differ from itself, having been text."""


class Asked(NamedTuple):
    """Whose rounds a board counts."""

    server: str | None
    days: int | None
    hidden: tuple[str, ...]


class State(NamedTuple):
    """How far the sums are that a board counts."""

    first_day: str | None
    gone: tuple[tuple[str, int], ...]
    """How often something has gone, by server."""
    versions: tuple[tuple[str, int], ...]
    """The highest version of the totals, by server."""


@dataclass
class Board:
    """The best players by category, and what one needs to be among them."""

    state: State
    asked_at: datetime
    scope: Scope
    samples: Mapping[str, Sample]
    best: Mapping[str, Sequence[Place]]
    last: Mapping[str, Place | None]
    """Up to whom it is known by category who is on the board; None: of all."""
    values: dict[str, "array[float]"] = field(default_factory=dict)
    """Of all who are ranked, the least first; by category, once somebody was asked for who is not among the best."""


class Boards:
    """Keeps boards; *clock* says what day it is."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._rankings = Rankings(db)
        self._kept: dict[Asked, Board] = {}
        self._working, self._changed = asyncio.Lock(), asyncio.Event()

    async def board(self, asked: Asked) -> Board:
        """Return a board as the sums are now."""
        board = await self._current(asked, self._clock.now())
        board.asked_at = self._clock.now()
        self._kept.pop(asked, None)
        self._kept[asked] = board
        while len(self._kept) > MOST_BOARDS:
            del self._kept[next(iter(self._kept))]
        return board

    async def place_of(self, guid: str, category: str, board: Board) -> tuple[Place | None, int]:
        """Return what a player has, if anything, and how many are before him; -1: he has not enough to be ranked."""
        for number, place in enumerate(board.best[category]):
            if place.guid == guid:
                return place, number
        own, sample = await self._rankings.own(guid, category, board.scope), board.samples[category]
        if own is None or not sample.admits(own.rounds, own.seconds, own.shots):
            return own, -1
        if category not in board.values:
            board.values[category] = await self._rankings.values(category, board.scope, sample)
        values = board.values[category]
        return own, len(values) - bisect_right(values, own.value * (1 + _EQUAL))

    def wake(self) -> None:
        """Take note that sums may have changed."""
        self._changed.set()

    async def keep(self) -> None:
        """Work out anew what was asked for lately, from time to time as long as sums change; goes on for ever."""
        while True:
            await self._changed.wait()
            await self._clock.sleep(AGAIN_SECONDS)
            self._changed.clear()
            for asked, board in list(self._kept.items()):
                if self._clock.now() - board.asked_at <= LATELY:
                    async with self._working:
                        self._kept[asked] = await self._work_out(asked, await self._state(asked), board.asked_at)

    async def _current(self, asked: Asked, asked_at: datetime) -> Board:
        state = await self._state(asked)
        if (kept := self._kept.get(asked)) is not None and kept.state == state:
            return kept
        async with self._working:  # one at a time: the database has others to answer
            state = await self._state(asked)
            if (kept := self._kept.get(asked)) is not None and kept.state == state:
                return kept
            brought = await self._bring_up(kept, asked, state) if kept and _is_good(kept, state) else None
            board = self._kept[asked] = brought or await self._work_out(asked, state, asked_at)
        return board

    async def _work_out(self, asked: Asked, state: State, asked_at: datetime) -> Board:
        scope = Scope(asked.server, self._since(asked), asked.hidden)
        samples = await self._rankings.samples(scope)
        best = await self._rankings.best(scope, samples)
        last = {category: places[-1] if len(places) == MOST_PLACES else None for category, places in best.items()}
        return Board(state, asked_at, scope, samples, best, last)

    async def _bring_up(self, board: Board, asked: Asked, state: State) -> Board | None:
        """Return a board with the players who have changed since; None if it has to be worked out."""
        scope = Scope(asked.server, self._since(asked), asked.hidden)
        guids = await self._rankings.changed(scope, dict(board.state.versions), board.state.first_day)
        if len(guids) > MOST_CHANGED:
            return None
        theirs = await self._rankings.of(sorted(guids), scope, board.samples) if guids else dict[str, list[Place]]()
        best = {
            category: _merged(places, guids, theirs.get(category, ()), board.last[category])
            for category, places in board.best.items()
        }
        if any(board.last[category] and len(places) < LEAST_PLACES for category, places in best.items()):
            return None
        return replace(board, state=state, scope=scope, best=best)

    async def _state(self, asked: Asked) -> State:
        """Return how far the sums are."""
        first, (where, args) = self._since(asked), visible(asked.hidden, "v")
        if asked.server:
            where, args = f"{where} AND v.server = ?", (*args, asked.server)
        gone = await self._db.fetch(f"SELECT server, version FROM sums_versions v WHERE {where} ORDER BY server", args)
        versions = await self._rankings.versions(asked.server, asked.hidden)
        return State(day_of(first) if first else None, tuple((row["server"], row["version"]) for row in gone), versions)

    def _since(self, asked: Asked) -> datetime | None:
        return self._clock.now() - timedelta(days=asked.days) if asked.days else None


def _is_good(kept: Board, state: State) -> bool:
    """Tell whether a board can be brought up to *state*: nothing has gone, and the clock was not put back."""
    is_put_back = (state.first_day or "") < (kept.state.first_day or "")
    return kept.last["rounds"] is not None and kept.state.gone == state.gone and not is_put_back


def _merged(board: Sequence[Place], guids: Collection[str], theirs: Sequence[Place], last: Place | None) -> list[Place]:
    """Return the best again, given what some have now; none who is below the last of whom that is known."""
    places = in_order([*(one for one in board if one.guid not in guids), *theirs])
    return [one for one in places if last is None or (-one.value, one.guid) <= (-last.value, last.guid)]
