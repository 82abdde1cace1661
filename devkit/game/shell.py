"""The shell behind os.execute: starts real commands, knows when all that they left running has ended, ends it."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

_STAND_IN = Path(__file__).with_name("curl.py")
_PROCESSES = Path("/proc")
_SHORTEST, _LONGEST = 0.002, 0.03
"""Seconds between two looks at what runs."""


class Shell:
    """Runs commands for a Lua script, with ``curl`` on the PATH wherever the tests run.

    Every command gets its own process group, which tells whether anything that it started is alive, in the background
    too. As ``system`` does in the game server, it hands on each descriptor in ``held``.

    Resource handling:
        :meth:`close` ends what is still running.
    """

    def __init__(self, private: Path) -> None:
        self.commands: list[str] = []
        self.program = "/bin/sh"
        """The shell that is this machine's ``sh``."""
        self.held: list[int] = []
        """Descriptors that the server has open and that every command inherits, under the same numbers."""
        self.environment = _environment(private)
        """What commands find in their environment."""
        self._groups: set[int] = set()

    def execute(self, command: str) -> int:
        """Run *command* as ``os.execute`` does: return its exit status when the foreground part is over."""
        self.commands.append(command)
        process = subprocess.Popen(  # noqa: S603 - what the script under test says
            [self.program, "-c", command],
            env=self.environment,
            pass_fds=self.held,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        status = process.wait()
        if _is_alive(process.pid):
            self._groups.add(process.pid)
        return status

    def wait_idle(self, timeout: float = 30.0) -> bool:
        """Wait until nothing that was started runs any more; False if *timeout* seconds pass before."""
        deadline, pause = time.monotonic() + timeout, _SHORTEST
        while True:
            self._groups -= {group for group in set(self._groups) if not _is_alive(group)}
            if not self._groups:
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST)

    def running(self) -> list[int]:
        """Return the processes that run now, of all that was started."""
        return [pid for group in set(self._groups) for pid in _members(group)]

    def close(self) -> None:
        """End what still runs; calling it twice is harmless."""
        self._signal(signal.SIGTERM)
        if not self.wait_idle(5):
            self._signal(signal.SIGKILL)
            self.wait_idle(5)

    def _signal(self, number: signal.Signals) -> None:
        self.wait_idle(0)
        for group in set(self._groups):
            _signal_group(group, number)


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _is_alive(group: int) -> bool:
    """Tell whether a process of *group* runs; one that has ended and that nobody has asked about does not."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return not _PROCESSES.is_dir() or bool(_members(group))


def _members(group: int) -> list[int]:
    """Return the running processes of a group, on a machine with ``/proc``."""
    return [pid for name in os.listdir(_PROCESSES) if name.isdigit() and _runs_in(group, pid := int(name))]


def _runs_in(group: int, pid: int) -> bool:
    """Tell whether a process is one of the group, and has not ended; its file is read only where it is."""
    try:
        if os.getpgid(pid) != group:
            return False
        stat = (_PROCESSES / f"{pid}" / "stat").read_text("utf-8", "replace")
    except OSError:  # it has ended meanwhile
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


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
