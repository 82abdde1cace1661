"""What is worked out beside the event loop, and handed to those in it who asked: to each its own result or error."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

Done = tuple[asyncio.Future[Any], Any, BaseException | None]
"""Who asked, what came of it, what it raised."""


def worked_out(future: "asyncio.Future[Any]", work: Callable[[], Any]) -> Done:
    """Do *work*, in a thread; what it raises is raised where it was asked for."""
    try:
        return future, work(), None
    except StopIteration as error:  # no future takes it
        return future, None, RuntimeError(repr(error))
    except BaseException as error:  # noqa: BLE001 - as above
        return future, None, error


def hand_out(done: Iterable[Done]) -> None:
    """Tell those who asked, in the event loop; whoever has been cancelled meanwhile is passed over."""
    for future, result, error in done:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
