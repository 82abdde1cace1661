"""What waits together shares one call; one that fails does not take the others with it."""

import asyncio
from collections.abc import Sequence

import pytest

from core.db.batching import Batcher


async def test_what_waits_together_is_one_batch() -> None:
    """Items asked for at the same time are worked off in one call, in order, up to the limit."""
    calls: list[list[int]] = []

    async def double(items: Sequence[int]) -> list[int]:
        calls.append(list(items))
        return [2 * item for item in items]

    batcher = Batcher(double, most=3)
    running = asyncio.create_task(batcher.run())

    results = await asyncio.gather(*(batcher.do(number) for number in range(5)))
    running.cancel()

    assert results == [0, 2, 4, 6, 8]
    assert calls == [[0, 1, 2], [3, 4]]


async def test_what_comes_in_a_turn_each_is_one_batch() -> None:
    """What one commit has set going arrives one after another, a turn of the event loop each: it shares a call too."""
    sizes: list[int] = []

    async def count(items: Sequence[int]) -> Sequence[int]:
        sizes.append(len(items))
        return items

    async def one_by_one() -> None:
        for number in range(20):
            asked.append(asyncio.create_task(batcher.do(number)))
            await asyncio.sleep(0)

    asked: list[asyncio.Task[int]] = []
    batcher = Batcher(count, most=16)
    running = asyncio.create_task(batcher.run())

    await one_by_one()
    results = await asyncio.gather(*asked)
    running.cancel()

    assert results == list(range(20))
    assert sizes == [16, 4]


async def test_one_failure_does_not_take_the_batch_with_it() -> None:
    """The item to blame gets its exception, the others their results."""

    async def invert(items: Sequence[int]) -> list[float]:
        return [1 / item for item in items]

    batcher = Batcher(invert)
    running = asyncio.create_task(batcher.run())

    results = await asyncio.gather(*(batcher.do(number) for number in (1, 0, 2)), return_exceptions=True)
    running.cancel()

    assert [results[0], results[2]] == [1.0, 0.5]
    with pytest.raises(ZeroDivisionError):
        raise results[1] if isinstance(results[1], BaseException) else AssertionError
