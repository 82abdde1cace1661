"""Tasks that make their first step at once: the event loop hears only of those that then have to wait.

A task that the event loop begins costs more than all else that is done for a handler. Python 3.12 has them as
``eager_start``; here the same object, which whoever runs may have kept, becomes the event loop's with the first wait.
"""

import asyncio
from asyncio.tasks import _enter_task, _leave_task  # documented for who extends asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterable
from contextvars import Context
from typing import Any, Generic, TypeVar

Piece = TypeVar("Piece")
Work = Coroutine[Any, Any, None]
NOTHING = object()


class EagerTasks(Generic[Piece]):
    """Begins *work* on pieces as they come, each in a task of its own; those that have to wait are in *tasks*."""

    def __init__(self, work: Callable[[Piece], Work], tasks: "set[asyncio.Task[None]]") -> None:
        self._work, self._tasks = work, tasks
        self._due: deque[Piece] = deque()
        self._called = False

    def add(self, pieces: Iterable[Piece]) -> None:
        """Have the work on *pieces* begun in the event loop's next turn."""
        self._due.extend(pieces)
        if not self._called:
            self._called = True
            asyncio.get_running_loop().call_soon(self._begin, context=Context())

    def drop(self) -> None:
        """Let what has not begun be."""
        self._due.clear()

    def _begin(self) -> None:
        self._called, loop = False, asyncio.get_running_loop()
        while self._due:
            task = EagerTask(self._work(self._due.popleft()), loop)
            if not task.done():
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)


class EagerTask(asyncio.Task[None]):
    """Does *work*, as far as can be without waiting before this returns. Make one outside of any task.

    It is the current task from the work's first line on, as any other is.
    """

    __slots__ = ("_work",)

    def __init__(self, work: Work, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.Future.__init__(self, loop=loop)  # Task's own would have the event loop make the first step
        self._work = work
        _enter_task(loop, self)
        try:
            awaited = work.send(None)
        except StopIteration:
            if self.cancelling():
                asyncio.Future.cancel(self)
            else:
                asyncio.Future.set_result(self, None)
        except asyncio.CancelledError:
            asyncio.Future.cancel(self)
        except BaseException as error:
            asyncio.Future.set_exception(self, error)
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
        else:
            self._go_on(_Rest(work, awaited), loop)
        finally:
            _leave_task(loop, self)

    def get_coro(self) -> Work:
        """Return the work, also before the event loop knows of it."""
        return self._work

    _coro = property(get_coro)

    def get_name(self) -> str:
        """Return the same name before and after the first wait."""
        return super().get_name() or f"Task-{id(self):x}"

    def _go_on(self, rest: Work, loop: asyncio.AbstractEventLoop) -> None:
        """Become a task of the event loop. What has been asked of it until now still holds."""
        cancellations, callbacks = self.cancelling(), self._callbacks
        super().__init__(rest, loop=loop, name=self.get_name())
        for call, context in callbacks or ():
            self.add_done_callback(call, context=context)
        for _ in range(cancellations):
            self.cancel()


class _Rest(Work):
    """What is left of *work*, which waits for *awaited*: that has yet to be told to the task that goes on with it."""

    __slots__ = ("_awaited", "_work")

    def __init__(self, work: Work, awaited: Any) -> None:
        self._work, self._awaited = work, awaited

    def send(self, value: Any) -> Any:
        if self._awaited is NOTHING:
            return self._work.send(value)
        awaited, self._awaited = self._awaited, NOTHING
        return awaited

    def throw(self, error: Any, *_: Any) -> Any:
        awaited, self._awaited = self._awaited, NOTHING
        if isinstance(error, asyncio.CancelledError) and asyncio.isfuture(awaited) and awaited.cancel(*error.args):
            return awaited  # its end brings the cancellation to the work
        return self._work.throw(error)

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, None]:
        return (yield from self._work.__await__())
