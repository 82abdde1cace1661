"""A thread of its own for blocking work. What is asked for while it is busy, or in one turn, comes back together.

The way there and back costs more than most statements: a switch of threads each, and a turn of the event loop.
"""

import asyncio
import contextlib
import itertools
import threading
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from core.handed import Done, hand_out, worked_out

T = TypeVar("T")
_Asked = tuple[asyncio.Future[Any], Callable[[], Any]]
_Queue = SimpleQueue[_Asked | None]
"""None is the end."""


class Worker:
    """Does pieces of work in the order in which they were asked for; its thread begins with the first one.

    Args:
        name: how the thread is called.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: _Queue = SimpleQueue()
        self._doing: list[asyncio.Future[Any]] = []
        """What is being done, at most one."""
        self._begun = False
        self._end = weakref.finalize(self, self._queue.put, None)

    @property
    def has_ended(self) -> bool:
        """Whether it takes nothing any more."""
        return not self._end.alive

    def ask(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Have *work* done; the future has what it returns or raises. Cancelled before its turn it is left out.

        Raises:
            RuntimeError: the thread has been ended.
        """
        if self.has_ended:
            raise RuntimeError(f"The thread {self._name!r} has ended: what it works on is closed.")
        if not self._begun:
            threading.Thread(target=_serve, args=(self._queue, self._doing), name=self._name, daemon=True).start()
            self._begun = True
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put((future, work))
        return future

    def is_given_up(self) -> bool:
        """Tell, in the thread, whether who asked for what is being done has been cancelled."""
        return any(one.cancelled() for one in self._doing)

    def end(self) -> None:
        """Let the thread end when it has done what was asked for; harmless the second time."""
        self._end()


def _serve(queue: _Queue, doing: list[asyncio.Future[Any]]) -> None:
    while _work_off(queue.get(), queue, doing):
        pass


def _work_off(first: _Asked | None, queue: _Queue, doing: list[asyncio.Future[Any]]) -> bool:
    """Do what has been asked for by now; tell whether more may come. Nothing of it is held on to while none does."""
    asked = [first]
    with contextlib.suppress(Empty):
        while True:
            asked.append(queue.get_nowait())
    done = [_do(*one, doing) for one in asked if one is not None]
    for loop, some in itertools.groupby(done, key=lambda one: one[0].get_loop()):
        with contextlib.suppress(RuntimeError):  # it has been closed: nobody waits any more
            loop.call_soon_threadsafe(hand_out, list(some))
    return None not in asked


def _do(future: "asyncio.Future[Any]", work: Callable[[], Any], doing: list[asyncio.Future[Any]]) -> Done:
    if future.cancelled():
        return future, None, None
    doing.append(future)
    try:
        return worked_out(future, work)
    finally:
        doing.clear()
