"""Names the plugin that blocks the event loop: a thread asks the loop for a sign of life and looks when none comes."""

import asyncio
import itertools
import logging
import sys
import threading
import traceback
from pathlib import Path

from core.kernel.kernel import Kernel

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
BLOCKED_SECONDS = 1.0
"""How long the loop may be silent before somebody is named."""
_BLOCKS = (
    "%s blocks the event loop for more than %g s at %s: the whole bot stands still. "
    "Use await, or asyncio.to_thread for what takes long."
)


class Watchdog:
    """Watches one event loop. Start it in the loop; ``close`` ends its thread."""

    def __init__(self, kernel: Kernel, *, blocked_seconds: float = BLOCKED_SECONDS) -> None:
        self._kernel, self._blocked_seconds = kernel, blocked_seconds
        self._loop, self._loop_thread = asyncio.get_running_loop(), threading.get_ident()
        self._alive, self._closing = threading.Event(), threading.Event()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._alive.set()

    def _watch(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            self._alive.clear()
            try:
                self._loop.call_soon_threadsafe(self._alive.set)
            except RuntimeError:  # the loop is closed: nothing to watch any more
                return
            if not self._alive.wait(self._blocked_seconds) and not self._closing.is_set():
                self._report()
                self._alive.wait()

    def _report(self) -> None:
        """Say which line of which plugin the loop's thread is at."""
        frame = sys._current_frames().get(self._loop_thread)
        stack = traceback.extract_stack(frame) if frame is not None else []
        for entry, slot in itertools.product(reversed(stack), list(self._kernel.slots.values())):
            file, folder = Path(entry.filename), slot.manifest.folder
            if file.is_relative_to(folder):
                place = f"{file.relative_to(folder)}:{entry.lineno} in {entry.name}"
                own_log = logging.getLogger(f"roundhook.{slot.name}")
                own_log.error(_BLOCKS, slot.name, self._blocked_seconds, place)
                return
        log.error("the event loop is blocked, by no plugin; it is at %s", stack[-1] if stack else "an unknown place")
