"""Does pieces of work one after another in one task, as long as none has to wait: a task for each costs more than they.

Who has to wait passes the baton on before: another task does the rest, and its own goes on with that piece alone.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextvars import Context
from typing import Any, Generic, TypeVar

Piece = TypeVar("Piece")
Runner = asyncio.Task[None]


class Baton(Generic[Piece]):
    """Hands pieces to *work*, with the task that it runs in, in the order in which they come."""

    def __init__(self, work: Callable[[Piece, Runner], Coroutine[Any, Any, None]], tasks: set[Runner]) -> None:
        self._work, self._tasks = work, tasks
        self._due: deque[Piece] = deque()
        self._runner: Runner | None = None

    def add(self, pieces: Iterable[Piece]) -> None:
        """Have *pieces* done, beginning with the event loop's next turn."""
        self._due.extend(pieces)
        if self._runner is None:
            self._begin()

    def pass_on(self, task: Runner | None) -> None:
        """Let another task do the rest, if *task* does it now: it has to wait."""
        if task is self._runner:
            self._runner = None
            if self._due:
                self._begin()

    def drop(self) -> None:
        """Let what has not begun be."""
        self._due.clear()

    def _begin(self) -> None:
        runner = self._runner = asyncio.get_running_loop().create_task(self._run(), context=Context())
        self._tasks.add(runner)
        runner.add_done_callback(self._ended)

    async def _run(self) -> None:
        me = asyncio.current_task()
        while me is not None and me is self._runner and self._due and not me.cancelling():
            await self._work(self._due.popleft(), me)

    def _ended(self, runner: Runner) -> None:
        self._tasks.discard(runner)
        self.pass_on(runner)
