"""How often all servers together are asked: what a look asks waits for its turn, and what is urgent goes first."""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Iterator, Sequence

from roundhook import Clock

MOST, WITHIN_SECONDS = 20, 0.11
"""So many requests are begun within so many seconds at most: 182 a second when many wait, 200 in any second with both
its ends, whatever the number of servers. What the way there varies by, up to a tenth, does not make more of it."""
PATIENCE_SECONDS = 1.0
"""A look that is not for a file of now lets those go first that are asked for within this time."""


class Pace:
    """Hands out turns: who has waited longest goes first. A server has one look at a time, so none is left out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._latest: deque[float] = deque(maxlen=MOST)
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._taken = False
        """Whether somebody is at the gate; the others wait in line."""

    async def turn(self, requests: int = 1, *, patience: float = 0.0) -> None:
        """Return when so many requests, ``MOST`` at most, may begin.

        One with *patience* waits as if it had come so many seconds later: it is not left out either.
        """
        await self._stand_in_line(self._clock.monotonic() + patience)
        try:
            if (over := len(self._latest) + requests - MOST) > 0:
                left = self._latest[over - 1] + WITHIN_SECONDS - self._clock.monotonic()
                if left > 0:
                    await self._clock.sleep(left)
            self._latest.extend([self._clock.monotonic()] * requests)
        finally:
            self._let_next()

    async def _stand_in_line(self, came: float) -> None:
        if not self._taken:
            self._taken = True
            return
        mine = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (came, next(self._numbers), mine))
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # it was let to the gate, and does not go
                self._let_next()
            raise

    def _let_next(self) -> None:
        while self._waiting:
            *_, one = heapq.heappop(self._waiting)
            if not one.done():
                one.set_result(None)
                return
        self._taken = False


def at_once(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Give as many at a time as one turn can be for."""
    return (names[start : start + MOST] for start in range(0, len(names), MOST))
