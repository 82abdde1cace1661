"""Small pieces of blocking work, done beside the event loop; those asked for at the same time share a thread."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Result = TypeVar("Result")
Errand = tuple[Callable[[], Any], asyncio.Future[Any]]


class Errands:
    """Runs small pieces of blocking work beside the event loop; those asked for in the same turn share a thread.

    The way into a thread and back costs more than reading a small file.

    Args:
        most: how many pieces go together.
    """

    def __init__(self, *, most: int = 32) -> None:
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
    done = asyncio.get_running_loop().run_in_executor(None, lambda: [_do(work) for work, _ in errands])
    done.add_done_callback(lambda done: _hand_out(errands, done))


def _do(work: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return work(), None
    except Exception as error:  # noqa: BLE001 - raised where it was asked for
        return None, error


def _hand_out(errands: Sequence[Errand], done: "asyncio.Future[list[tuple[Any, Exception | None]]]") -> None:
    for (_, future), (result, error) in zip(errands, done.result(), strict=True):
        if future.done():  # whoever asked has been cancelled
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
