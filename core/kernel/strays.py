"""Tasks that a plugin has started by itself: what goes wrong in one is in its log too, with what to use instead."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from core.kernel.generation import Generation
from core.kernel.loader import place_of


def owner_of(error: BaseException | None, generations: Iterable[Generation]) -> Generation | None:
    """Return whose code is in *error*'s traceback, None if it is nobody's."""
    return next((one for one in generations if error and place_of(error, one.source)), None)


def tell_strays(running: Callable[[], Iterable[Generation]]) -> None:
    """Have what asyncio finds in the tasks of plugins told in their logs, as long as the loop runs."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None and (generation := owner_of(error, running())) is not None:
            generation.failed("a task that it has started by itself (self.ctx.spawn is ended with the plugin)", error)
        else:
            (before or type(loop).default_exception_handler)(loop, context)

    loop.set_exception_handler(handle)
