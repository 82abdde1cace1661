"""How often all servers together are looked at, and in which order they have their turns."""

import asyncio
from collections import Counter

from core.clock import Clock
from plugins.ssh_poller.pace import MOST, WITHIN_SECONDS, Pace


class Steps(Clock):
    """A time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


async def test_turns_are_bounded_and_shared() -> None:
    """300 servers that always want to be asked: at most 200 requests a second, each as often as the others."""
    clock = Steps()
    pace, turns, moments = Pace(clock), list[int](), list[float]()

    async def want(number: int) -> None:
        while len(turns) < 1000:
            requests = (1, 7, MOST)[number % 3]  # a folder's time, names, as many as may be asked for at once
            await pace.turn(requests)
            moments.extend([clock.monotonic()] * requests)
            turns.append(number)
            await asyncio.sleep(0)  # the look

    await asyncio.gather(*map(want, range(300)))

    earlier_and_later = zip(moments, moments[MOST:], strict=False)
    assert all(later - earlier >= WITHIN_SECONDS - 1e-9 for earlier, later in earlier_and_later)
    assert moments[-1] - moments[0] <= 2 * len(moments) / MOST * WITHIN_SECONDS
    often = Counter(turns[:900])
    assert set(often.values()) == {3}


async def test_who_does_not_wait_any_more_holds_up_nobody() -> None:
    """A server's loop that is cancelled while it waits for its turn."""
    pace = Pace(Clock())
    for _ in range(MOST):
        await pace.turn()
    first, second = (asyncio.ensure_future(pace.turn()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()

    await second
    assert first.cancelled()
