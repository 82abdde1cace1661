"""Runs one ``roundhook`` command and says on stderr how long its event loop stood still and how much memory it took.

``python -m benchmarks.watched import PATH`` is ``roundhook import PATH``; the last line on stderr is JSON.
"""

import asyncio
import json
import resource
import sys
from pathlib import Path

from core import cli
from core.cli.terminal import Progress, Terminal

BEAT_SECONDS = 0.002


class Pulse:
    """Beats in an event loop and keeps the longest time that it was late."""

    def __init__(self) -> None:
        self.longest = 0.0
        """Seconds, since the last ``reset``."""
        self._due = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to beat in *loop*; Piccolo runs others for a moment, in threads, which are left alone."""
        if self._loop is not None:
            return
        self._loop = loop
        self._due = loop.time()
        self._beat()

    def reset(self) -> None:
        """Forget what was; what stood still before has been another matter."""
        self.longest = 0.0
        if self._loop is not None:
            self._due = self._loop.time()

    def _beat(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            now = self._loop.time()
            self.longest = max(self.longest, now - self._due)
            self._due = now + BEAT_SECONDS
            self._loop.call_at(self._due, self._beat)


def main() -> int:
    """Run the command."""
    pulse, at_start = Pulse(), [0.0]
    begin = Terminal.progress

    def first_progress(self: Terminal, total: int, *, hidden: bool = False) -> Progress:
        at_start[0] = pulse.longest
        pulse.reset()
        return begin(self, total, hidden=hidden)

    class Loop(asyncio.SelectorEventLoop):
        def run_forever(self) -> None:
            pulse.start(self)
            super().run_forever()

    class Policy(asyncio.DefaultEventLoopPolicy):
        def new_event_loop(self) -> asyncio.AbstractEventLoop:
            return Loop()

    Terminal.progress = first_progress  # type: ignore[method-assign]  # the plugins are loaded by then
    asyncio.set_event_loop_policy(Policy())
    code = cli.main(sys.argv[1:])
    said = {"stall_ms": pulse.longest * 1000, "start_stall_ms": at_start[0] * 1000, "peak_mb": _peak_mb()}
    print(json.dumps(said), file=sys.stderr)
    return code


def _peak_mb() -> float:
    """Return the most memory held; getrusage would count what the process was forked from."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    peaks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    return (peaks or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss])[0] / 1024


if __name__ == "__main__":
    sys.exit(main())
