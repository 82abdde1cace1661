"""The shell behind os.execute: starts real commands, knows when all that they left running has ended, ends it."""

import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

_STAND_IN = Path(__file__).with_name("curl.py")


class Shell:
    """Runs commands for a Lua script, with ``curl`` on the PATH wherever the tests run.

    Every command gets its own process group and the writing end of a pipe: as long as anything that the command
    started is alive, in the background too, the pipe stays open.

    Resource handling:
        :meth:`close` ends what is still running and closes the pipes.
    """

    def __init__(self, private: Path) -> None:
        self.commands: list[str] = []
        self._running: dict[int, int] = {}
        self._waiting = threading.Lock()
        self._environment = _environment(private)

    def execute(self, command: str) -> int:
        """Run *command* as ``os.execute`` does: return its exit status when the foreground part is over."""
        self.commands.append(command)
        reading, writing = os.pipe()
        process = subprocess.Popen(  # noqa: S603 - what the script under test says
            ["/bin/sh", "-c", command],
            env=self._environment,
            pass_fds=(writing,),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        os.close(writing)
        self._running[reading] = process.pid
        return process.wait()

    def wait_idle(self, timeout: float = 30.0) -> bool:
        """Wait until nothing that was started runs any more; False if *timeout* seconds pass before."""
        deadline = time.monotonic() + timeout
        if not self._waiting.acquire(timeout=timeout):
            return False
        try:
            while self._running:
                ended, _, _ = select.select(list(self._running), [], [], max(0.0, deadline - time.monotonic()))
                if not ended:
                    return False
                for reading in ended:
                    del self._running[reading]
                    os.close(reading)
            return True
        finally:
            self._waiting.release()

    def close(self) -> None:
        """End what still runs; calling it twice is harmless."""
        self.wait_idle(0)
        self._signal(signal.SIGTERM)
        if not self.wait_idle(5):
            self._signal(signal.SIGKILL)
            self.wait_idle(5)

    def _signal(self, number: signal.Signals) -> None:
        for group in list(self._running.values()):
            _signal_group(group, number)


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _environment(private: Path) -> dict[str, str]:
    """Return the environment of the commands: no proxy on loopback, and a curl in any case."""
    environment = {**os.environ, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    if shutil.which("curl") is None:
        folder = private / "bin"
        write_stand_in(folder)
        environment["PATH"] = f"{folder}{os.pathsep}{environment.get('PATH', os.defpath)}"
    return environment


def write_stand_in(folder: Path) -> Path:
    """Put a program named curl, made of :mod:`devkit.game.curl`, into *folder*; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "curl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "{_STAND_IN}" "$@"\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program
