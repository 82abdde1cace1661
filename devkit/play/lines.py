"""Lines as they are typed, or come from a pipe, while the loop goes on; and what is said above them."""

import asyncio
import contextlib
import io
import sys
import termios
import threading
from types import TracebackType
from typing import Self

from core.cli.screen import ask, say, say_above

PROMPT = "> "


class Lines:
    """The terminal: one line at a time is asked for; what is said meanwhile stands above the one being typed.

    Resource handling:
        At the end of the block the terminal is as it was: whoever ends while a line is being typed would
        leave it without an echo.
    """

    def __init__(self) -> None:
        self._typed = sys.stdin.isatty() and sys.stdout.isatty()
        self._asking = False
        self._pipe = open(sys.stdin.fileno(), closefd=False, errors="replace")  # noqa: SIM115 - nobody waits for its end

    def __enter__(self) -> Self:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal that has no such letter is no reason to stop
        if self._typed:
            with contextlib.suppress(ImportError):
                import readline  # noqa: F401 - gives input() a history
            self._settings = termios.tcgetattr(sys.stdin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._typed:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._settings)

    async def next(self) -> str | None:
        """Return the next line; None when there is none any more."""
        loop = asyncio.get_running_loop()
        line: asyncio.Future[str | None] = loop.create_future()

        def answer(found: str | None) -> None:
            if not line.done():
                line.set_result(found)

        def read() -> None:
            found = self._read()
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(answer, found)

        self._asking = True
        threading.Thread(target=read, name="lines", daemon=True).start()
        try:
            return await line
        finally:
            self._asking = False

    def tell(self, text: str) -> None:
        """Say something, above the line that is being typed."""
        if self._typed and self._asking:
            say_above(text, PROMPT)
        else:
            say(text, flush=True)

    def _read(self) -> str | None:
        if self._typed:
            with contextlib.suppress(EOFError):
                return ask(PROMPT)
            return None
        line = self._pipe.readline()
        if line:
            say(f"{PROMPT}{line.rstrip()}", flush=True)
        return line or None
