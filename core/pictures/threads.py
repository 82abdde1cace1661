"""Drawing beside the event loop, on both cores."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

AT_ONCE = 2
"""More would wait for each other: for half of the time drawing holds the interpreter's lock."""


_asked: list[None] = []
"""One for each picture that anybody has asked for and not got yet."""


def is_busy() -> bool:
    """Tell whether several pictures are asked for: then the cores have enough to do, and the event loop needs one."""
    return len(_asked) > 1


class DrawingThreads:
    """Draws pictures in threads, two at a time, in the order in which they are asked for.

    Each plugin has its own, so that nobody waits for the pictures of another one. They cost nothing between pictures:
    the threads end with the last that was asked for.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._asked = 0

    async def draw(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Return what *function*, called in a thread with *arguments*, returns; raises what it raises.

        Cancelled while others are drawn, it is not called at all.
        """
        self._asked += 1
        _asked.append(None)
        self._pool = self._pool or ThreadPoolExecutor(AT_ONCE, thread_name_prefix="drawing")
        run = contextvars.copy_context().run
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, run, function, *arguments)
        finally:
            _asked.pop()
            self._asked -= 1
            if not self._asked:
                self._pool.shutdown(wait=False)
                self._pool = None
