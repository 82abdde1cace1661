"""Runs plugin code that may hang, and may even refuse to be cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

GRACE_SECONDS = 0.5
"""How long a cancelled coroutine may take to end before it is left behind."""


async def bounded(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Return what *work* returns, within *seconds*.

    It runs in a task of its own: one that swallows its cancellation is left behind instead of holding up the caller.

    Raises:
        TimeoutError: it took longer. It has been cancelled.
    """
    task = asyncio.get_running_loop().create_task(work)
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
    raise TimeoutError(f"took longer than {seconds:g} s")


def _collect(task: "asyncio.Task[Any]") -> None:
    """Look at the result of a task left behind, so that nobody complains that it was never looked at."""
    if not task.cancelled():
        task.exception()
