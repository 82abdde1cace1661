"""One bell for the whole server: rung at every change, it wakes those who wait for one."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Bell:
    """Waiting without polling: look, sleep until something changed, look again."""

    def __init__(self) -> None:
        self.rung = 0
        """How many times it has been rung."""
        self._sleepers: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake everybody who waits."""
        self.rung += 1
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        self._sleepers.clear()

    async def until(self, look: Callable[[], T | None], timeout: float | None, complaint: Callable[[], str]) -> T:
        """Return what *look* finds, now or after a change.

        Raises:
            TimeoutError: nothing found within *timeout* seconds (None waits for ever); *complaint* says what was there.
        """
        deadline = asyncio.timeout(timeout)
        try:
            async with deadline:
                while (found := look()) is None:
                    await self._next_ring()
        except TimeoutError:
            if deadline.expired():
                raise TimeoutError(complaint()) from None
            raise
        return found

    async def _next_ring(self) -> None:
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.add(sleeper)
        try:
            await sleeper
        finally:
            self._sleepers.discard(sleeper)
