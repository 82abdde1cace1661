"""How often all servers together are looked at: each look waits for its turn, whoever has waited longest goes first."""

import asyncio
from collections import deque

from roundhook import Clock

MOST, WITHIN_SECONDS = 20, 0.1
"""So many looks are begun within so many seconds at most: 200 a second, whatever the number of servers."""


class Pace:
    """Hands out turns. A server has one look at a time, so those that wait take turns and none is left out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._latest: deque[float] = deque(maxlen=MOST)
        self._lock = asyncio.Lock()

    async def turn(self) -> None:
        """Return when a look may begin."""
        async with self._lock:  # which is fair: first come, first served
            if len(self._latest) == MOST:
                left = self._latest[0] + WITHIN_SECONDS - self._clock.monotonic()
                if left > 0:
                    await self._clock.sleep(left)
            self._latest.append(self._clock.monotonic())
