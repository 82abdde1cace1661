"""Runs plugin code that may hang, may refuse to be cancelled, and may raise what ends the event loop."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

GRACE_SECONDS = 0.5
"""How long a cancelled coroutine may take to end before it is left behind."""


class TookTooLongError(TimeoutError):
    """The limit of ``bounded`` has passed. A plain TimeoutError is the plugin's own."""


async def contained(work: Awaitable[T]) -> T:
    """Return what *work* returns; what it raises reaches the caller, and never more than the caller.

    Raises:
        RuntimeError: it called ``sys.exit``, which would end the bot, or it raised ``CancelledError`` although nobody
            has cancelled it, which would pass for a cancellation of the caller.
    """
    try:
        return await work
    except SystemExit as error:
        raise RuntimeError(f"it called sys.exit({error.code!r})") from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RuntimeError("it was cancelled from within") from error


async def bounded(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Return what *work* returns, within *seconds*.

    It runs in a task of its own: one that swallows its cancellation is left behind instead of holding up the caller.

    Raises:
        TookTooLongError: it took longer. It has been cancelled.
    """
    task = asyncio.get_running_loop().create_task(contained(work))
    try:
        done, _ = await asyncio.wait([task], timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if done:
        return task.result()
    task.cancel()
    await asyncio.wait([task], timeout=GRACE_SECONDS)
    task.add_done_callback(_collect)
    raise TookTooLongError(f"took longer than {seconds:g} s")


def _collect(task: "asyncio.Task[Any]") -> None:
    """Look at the result of a task left behind, so that nobody complains that it was never looked at."""
    if not task.cancelled():
        task.exception()
