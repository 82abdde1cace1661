"""Holds what would reach a plugin while it is being swapped."""

import asyncio
import contextlib
import gc
from collections.abc import Iterator


class Gate:
    """Closed while a plugin is being swapped; what would reach the plugin waits here."""

    def __init__(self) -> None:
        self.closed = False
        self._open = asyncio.Event()

    async def passed(self) -> None:
        """Return when the gate is open (it may have been closed again while this task was being woken)."""
        while self.closed:
            await self._open.wait()

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep the gate closed while the block runs."""
        with uncollected():
            self.closed = True
            self._open.clear()
            try:
                yield
            finally:
                self.closed = False
                self._open.set()


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Let no collection of garbage begin in the block: a full one stalls the loop for longer than most pauses last.

    Of two blocks at once the first to end lets them begin again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
