"""Small pieces of blocking work that are asked for together share a thread."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from core.servers import errands as module
from core.servers.errands import Errands


async def test_errands_of_one_turn_share_a_thread() -> None:
    """Up to the limit they go together, beside the event loop, each with its own result."""
    errands = Errands(most=3)
    threads: dict[int, int] = {}

    def work(number: int) -> int:
        threads[number] = threading.get_ident()
        return number * number

    results = await asyncio.gather(*(errands.run(lambda number=number: work(number)) for number in range(3)))  # type: ignore[misc]

    assert results == [0, 1, 4]
    assert len(set(threads.values())) == 1
    assert threading.get_ident() not in threads.values()


async def test_so_many_errands_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread is kept longer, and no more wake at once in the event loop, than the limit says."""
    sent: list[int] = []
    together = module._send_together

    def send(some: Sequence[module.Errand]) -> None:
        sent.append(len(some))
        together(some)

    monkeypatch.setattr(module, "_send_together", send)
    errands = Errands(most=3)

    await asyncio.gather(*(errands.run(lambda: None) for _ in range(7)))
    await errands.run(lambda: None)

    assert sent == [3, 3, 1, 1]


async def test_an_errand_that_fails_or_is_given_up_harms_no_other() -> None:
    """Whoever asked gets the exception; who does not wait any more gets nothing."""
    errands = Errands()
    given_up = asyncio.create_task(errands.run(lambda: 1))
    asked = [asyncio.create_task(errands.run(lambda value=value: 1 / value)) for value in (1, 0, 2)]  # type: ignore[misc]
    await asyncio.sleep(0)

    given_up.cancel()
    results = await asyncio.gather(*asked, given_up, return_exceptions=True)

    assert results[0] == 1
    assert isinstance(results[1], ZeroDivisionError)
    assert results[2] == 0.5
    assert isinstance(results[3], asyncio.CancelledError)
