"""Pictures are drawn beside the event loop, two at a time, in turn, and no thread stays behind."""

import asyncio
import contextvars
import threading
from collections.abc import Iterator

import pytest

from roundhook.pictures import DrawingThreads
from tests.patience import PATIENCE
from tests.plugin_maker import until


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    """Those that draw in a test end when nobody needs them any more; other tests' are no matter."""
    before = set(threading.enumerate())
    yield
    ours = [one for one in set(threading.enumerate()) - before if one.name.startswith("drawing")]
    for one in ours:
        one.join(10)
    assert not any(one.is_alive() for one in ours)


async def test_two_are_drawn_at_once_and_the_rest_in_turn() -> None:
    """Two meet, which alone they could not; a third begins when one of them has ended."""
    drawing, together, over = DrawingThreads(), threading.Barrier(2), threading.Event()
    done: list[int] = []

    def draw(number: int) -> None:
        if number < 2:
            together.wait(10)
        if number == 1:
            over.wait(10)
        done.append(number)

    waiting = [asyncio.create_task(drawing.draw(draw, number)) for number in range(5)]
    await asyncio.gather(waiting[0], *waiting[2:])  # all but one, which holds one thread
    over.set()
    await waiting[1]

    assert done == [0, 2, 3, 4, 1]


async def test_what_is_drawn_sees_the_context_and_its_mistakes_come_back() -> None:
    """As in a call: context variables, arguments, the result, what is raised; and the threads end all the same."""
    seen, drawing = contextvars.ContextVar("seen", default=0), DrawingThreads()
    seen.set(7)

    assert await drawing.draw(lambda: seen.get() + 1) == 8
    assert await drawing.draw(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await drawing.draw(divmod, 1, 0)


async def test_who_has_left_gets_no_picture() -> None:
    """A picture that was only waited for is not drawn; what is being drawn ends, and then its threads do."""
    drawing, begun, over = DrawingThreads(), threading.Semaphore(0), threading.Event()
    drawn: list[str] = []

    def long() -> None:
        begun.release()
        over.wait(10)
        drawn.append("long")

    busy = [asyncio.create_task(drawing.draw(long)) for _ in range(2)]
    late = asyncio.create_task(drawing.draw(drawn.append, "late"))
    await asyncio.to_thread(lambda: [begun.acquire(timeout=PATIENCE) for _ in busy])
    for task in (late, *busy):
        task.cancel()
    await asyncio.gather(late, *busy, return_exceptions=True)
    over.set()

    await until(lambda: len(drawn) == 2)
    assert drawn == ["long", "long"]
