"""Small pieces of blocking work, done beside the event loop; those asked for at the same time share a thread."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from core.handed import Done, hand_out, worked_out

Result = TypeVar("Result")
Errand = tuple[Callable[[], Any], asyncio.Future[Any]]


class Errands:
    """Runs small pieces of blocking work beside the event loop; those asked for in the same turn share a thread.

    The way into a thread and back costs more than reading a small file.

    Args:
        most: how many pieces go together.
    """

    def __init__(self, *, most: int = 128) -> None:
        self._most = most
        self._waiting: list[Errand] = []

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what *work* returns; raises what it raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._send)
        self._waiting.append((work, future))
        return await future

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), self._most):
            _send_together(waiting[start : start + self._most])


def _send_together(errands: Sequence[Errand]) -> None:
    def work_off() -> list[Done]:
        return [worked_out(future, work) for work, future in errands]

    done = asyncio.get_running_loop().run_in_executor(None, work_off)
    done.add_done_callback(lambda done: hand_out(done.result()))
