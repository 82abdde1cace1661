"""The time that the bot reads. Tests hand in one that can be moved."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime


class Clock:
    """Real time."""

    ahead_seconds = 0.0
    """By how much the machine's clock is known to be wrong; what is read here is put right by it."""

    def now(self) -> datetime:
        """Return the time as aware UTC."""
        return datetime.fromtimestamp(self.machine_time() - self.ahead_seconds, UTC)

    def machine_time(self) -> float:
        """Return Unix seconds as the machine has them, right or wrong."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go back, for measuring how long something takes."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return *seconds* later by this clock."""
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Return True when *event* is set, False when *seconds* have passed before."""
        waiting = asyncio.ensure_future(event.wait())
        sleeping = asyncio.ensure_future(self._sleep_until(self.monotonic() + seconds))
        try:
            await asyncio.wait({waiting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
            return event.is_set()
        finally:
            waiting.cancel()
            sleeping.cancel()

    async def _sleep_until(self, moment: float) -> None:
        """Sleep from now on, not from whenever this is begun: the time may be moved in between."""
        await self.sleep(max(moment - self.monotonic(), 0.0))


class MovableClock(Clock):
    """Real time plus what it was moved by; whoever sleeps past the new time wakes at once.

    It begins at *begins*, without it now.
    """

    def __init__(self, begins: datetime | None = None) -> None:
        self._away = begins.timestamp() - time.time() if begins else 0.0
        self._moved = 0.0
        self._sleepers: set[asyncio.Event] = set()

    def machine_time(self) -> float:
        return time.time() + self._away + self._moved

    def monotonic(self) -> float:
        return time.monotonic() + self._moved

    async def sleep(self, seconds: float) -> None:
        due = self.monotonic() + seconds
        moved = asyncio.Event()
        self._sleepers.add(moved)
        try:
            while (left := due - self.monotonic()) > 0:
                moved.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await moved.wait()
        finally:
            self._sleepers.discard(moved)
        await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Move the time forward and let those wake whose time has come."""
        self._moved += seconds
        for sleeper in self._sleepers:
            sleeper.set()
        await asyncio.sleep(0)
