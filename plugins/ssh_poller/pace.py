"""How often all servers together are asked: what a look asks waits for its turn; who has waited longest goes first."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence

from roundhook import Clock

MOST, WITHIN_SECONDS = 20, 0.1
"""So many requests are begun within so many seconds at most: 200 a second, whatever the number of servers."""


class Pace:
    """Hands out turns. A server has one look at a time, so those that wait take turns and none is left out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._latest: deque[float] = deque(maxlen=MOST)
        self._lock = asyncio.Lock()

    async def turn(self, requests: int = 1) -> None:
        """Return when so many requests, ``MOST`` at most, may begin."""
        async with self._lock:  # which is fair: first come, first served
            if (over := len(self._latest) + requests - MOST) > 0:
                left = self._latest[over - 1] + WITHIN_SECONDS - self._clock.monotonic()
                if left > 0:
                    await self._clock.sleep(left)
            self._latest.extend([self._clock.monotonic()] * requests)


def at_once(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Give as many at a time as one turn can be for."""
    return (names[start : start + MOST] for start in range(0, len(names), MOST))
