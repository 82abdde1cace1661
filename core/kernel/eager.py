"""Tasks that make their first step at once: the event loop hears only of those that then have to wait.

A task that the event loop begins costs more than all else that is done for a handler. Python 3.12 has them as
``eager_start``; here the step that a new task asks the event loop for is made where it is asked for.
"""

import asyncio
from asyncio.tasks import _enter_task, _leave_task  # documented for who extends asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextvars import Context
from typing import Any, Generic, TypeVar

Piece = TypeVar("Piece")
Work = Coroutine[Any, Any, None]


class Soon(Generic[Piece]):
    """Calls *work* with pieces as they come, all in one turn of the event loop."""

    def __init__(self, work: Callable[[Piece], object]) -> None:
        self._work = work
        self._due: deque[Piece] = deque()
        self._called = False

    def add(self, pieces: Iterable[Piece]) -> None:
        """Have the work on *pieces* done in the event loop's next turn, in a context of nobody's."""
        self._due.extend(pieces)
        if self._due and not self._called:
            self._called = True
            asyncio.get_running_loop().call_soon(self._begin, context=Context())

    def drop(self) -> None:
        """Let what has not begun be."""
        self._due.clear()

    def _begin(self) -> None:
        self._called, due, work = False, self._due, self._work
        try:
            while due:
                work(due.popleft())
        finally:  # what fails with one is told by the event loop, and keeps none of the others
            self.add(())


class EagerTasks:
    """Begins tasks of the running event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._context: Context | None = None

    def begin(self, work: Work, context: Context) -> "asyncio.Task[None]":
        """Return a new task that does *work* in *context* and has done what could be done without waiting.

        It is the current task from the work's first line on, as any other is.
        """
        loop = self._loop
        if (current := asyncio.current_task(loop)) is not None:
            _leave_task(loop, current)
        self._context = context
        loop.call_soon = self._now  # type: ignore[assignment,method-assign]
        try:
            return asyncio.Task(work, loop=loop, context=context)
        finally:
            if current is not None:
                _enter_task(loop, current)

    def _now(self, step: Callable[..., Any], *args: Any, context: Context | None = None) -> Any:
        """Make a task's first step. (Garbage that is collected in that moment may ask for something else.)"""
        loop: Any = self._loop
        del loop.call_soon
        if context is None or context is not self._context:
            return loop.call_soon(step, *args, context=context)
        self._context = None
        return context.run(step)
