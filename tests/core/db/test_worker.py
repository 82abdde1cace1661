"""The thread that works on a SQLite connection: in order, together where it can be, and nothing is held on to."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from core.db.worker import Worker


class Thing:
    """Something that can be looked for when it should be gone."""


async def test_what_is_asked_for_is_done_in_order_and_comes_back_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what waits while the thread is busy nothing has a way of its own back."""
    worker, free, ways = Worker("a thread"), threading.Event(), []
    loop = asyncio.get_running_loop()
    back = loop.call_soon_threadsafe

    def counted(call: Callable[..., Any], *args: Any) -> Any:
        ways.append(len(args[0]))
        return back(call, *args)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    done: list[int] = []
    first = worker.ask(free.wait)
    others = [worker.ask(lambda number=number: done.append(number)) for number in range(50)]  # type: ignore[misc]
    free.set()
    await asyncio.gather(first, *others)

    assert done == list(range(50))
    assert sum(ways) == 51
    assert len(ways) <= 2
    worker.end()


async def test_each_is_told_its_own() -> None:
    """What fails is raised where it was asked for; the others have their results."""
    worker = Worker("a thread")
    good, bad, last = worker.ask(lambda: 1), worker.ask(lambda: 1 // 0), worker.ask(threading.current_thread)

    assert await good == 1
    with pytest.raises(ZeroDivisionError):
        await bad
    assert (await last).name == "a thread"
    with pytest.raises(RuntimeError, match="StopIteration"):  # which no future takes
        await worker.ask(lambda: next(iter(())))
    worker.end()


async def test_a_thread_that_cannot_begin_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the system has none left each one who asks is told; none waits for ever."""
    worker = Worker("a thread")

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="can't start"):
                worker.ask(lambda: None)

    assert await worker.ask(lambda: "done") == "done"
    worker.end()


async def test_who_is_cancelled_before_the_turn_has_nothing_done() -> None:
    """The others are done, and whoever was cancelled later hears of nothing."""
    worker, free, done = Worker("a thread"), threading.Event(), []
    first, begun = worker.ask(free.wait), asyncio.Event()
    asyncio.get_running_loop().call_soon(begun.set)
    left_out, last = worker.ask(lambda: done.append("left out")), worker.ask(lambda: done.append("last"))
    await begun.wait()
    left_out.cancel()
    first.cancel()
    free.set()
    await last

    assert done == ["last"]
    worker.end()


async def test_what_nobody_waits_for_any_more_can_be_broken_off() -> None:
    """The work itself can see it; what is asked for next has its own turn."""
    worker, begun = Worker("a thread"), threading.Event()

    def endless() -> None:
        begun.set()
        while not worker.is_given_up():
            pass

    given_up = worker.ask(endless)
    await asyncio.to_thread(begun.wait)
    given_up.cancel()

    assert await worker.ask(worker.is_given_up) is False
    worker.end()


async def test_it_ends_when_all_is_done_and_takes_no_more() -> None:
    """What was asked for before is done; to end it twice is harmless."""
    worker = Worker("a thread")
    thread, last = await worker.ask(threading.current_thread), worker.ask(lambda: "done")
    worker.end()
    worker.end()

    assert await last == "done"
    await asyncio.to_thread(thread.join)
    with pytest.raises(RuntimeError, match="'a thread' has ended"):
        worker.ask(lambda: None)


async def test_one_that_nobody_has_any_more_ends() -> None:
    """A connection that was not closed leaves no thread behind."""
    worker = Worker("a thread")
    thread = await worker.ask(threading.current_thread)
    del worker
    gc.collect()

    await asyncio.to_thread(thread.join)


async def test_it_holds_on_to_nothing_while_it_waits() -> None:
    """Neither what was asked for nor what came of it stays until the next time."""
    worker, thing = Worker("a thread"), Thing()
    seen = weakref.ref(thing)
    assert await worker.ask(lambda thing=thing: thing) is thing  # type: ignore[misc]
    del thing
    await worker.ask(lambda: None)
    gc.collect()

    assert seen() is None
    worker.end()


def test_a_loop_that_is_closed_meanwhile_is_in_nobodys_way() -> None:
    """What it has asked for is done, and the next loop is answered."""
    worker, free, done = Worker("a thread"), threading.Event(), []

    async def ask_and_go() -> None:
        worker.ask(free.wait)
        worker.ask(lambda: done.append("done"))

    asyncio.run(ask_and_go())
    free.set()

    async def ask() -> str:
        return await worker.ask(lambda: "answered")

    assert asyncio.run(ask()) == "answered"
    assert done == ["done"]
    worker.end()
