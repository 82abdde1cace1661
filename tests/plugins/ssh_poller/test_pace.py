"""How often all servers together are looked at, and in which order they have their turns."""

import asyncio
import bisect
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
    assert max(bisect.bisect(moments, one + 1.0) - number for number, one in enumerate(moments)) <= 200
    often = Counter(turns[:900])
    assert set(often.values()) == {3}


async def test_any_second_has_at_most_two_hundred() -> None:
    """Single requests of 500 servers, which is the densest that they can be; both ends of the second count."""
    clock, moments = Steps(), list[float]()
    pace = Pace(clock)

    async def want() -> None:
        await pace.turn()
        moments.append(clock.monotonic())

    await asyncio.gather(*(want() for _ in range(1000)))

    assert 180 <= max(bisect.bisect(moments, one + 1.0) - number for number, one in enumerate(moments)) <= 200


async def test_what_is_urgent_goes_first_and_what_is_not_goes_too() -> None:
    """Files that are awaited are looked for before folders are listed; after the time that these can wait they go."""
    clock, order = Steps(), list[str]()
    pace = Pace(clock)

    async def want(what: str, patience: float) -> None:
        await pace.turn(MOST, patience=patience)
        order.append(what)

    await pace.turn(MOST)
    lists = [want(f"list {one}", 1.0) for one in range(3)]
    await asyncio.gather(*lists, *(want(f"look {one}", 0.0) for one in range(3)))
    assert order == ["list 0", "look 0", "look 1", "look 2", "list 1", "list 2"]  # the first was at the gate

    order.clear()

    async def press() -> None:
        while "list" not in order:
            await want("look", 0.0)

    await asyncio.gather(press(), press(), want("list", 1.0))
    assert 1.0 / WITHIN_SECONDS <= len(order) <= 2.0 / WITHIN_SECONDS


async def test_who_does_not_wait_any_more_holds_up_nobody() -> None:
    """A server's loop that is cancelled while it waits for its turn."""
    pace = Pace(Clock())
    for _ in range(MOST):
        await pace.turn()
    at_the_gate, first, let_in, last = (asyncio.ensure_future(pace.turn()) for _ in range(4))
    await asyncio.sleep(0)
    first.cancel()
    at_the_gate.cancel()
    await asyncio.wait({at_the_gate})
    let_in.cancel()

    await last
    assert first.cancelled()
    assert let_in.cancelled()
    await pace.turn()  # and whoever comes then
