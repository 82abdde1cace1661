"""Which processes publish: each holds a lock file, so that what an ended one has left can be told and taken over."""

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

STRANGER_PATIENCE = timedelta(hours=1)
"""A process with another storage folder cannot be seen; it counts as ended this long after its last event."""


class Owners:
    """The processes that share a journal. ``me`` names this one (``<storage>:<process>``); its lock ends with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._storage = _name_of_storage(folder / "storage.id")
        self.me = f"{self._storage}:{uuid.uuid4().hex}"

    @contextlib.contextmanager
    def present(self) -> Iterator[None]:
        """Hold this process's lock while the block runs; a crash lets go of it too, and leaves the file to the next."""
        path = self._path(self.me)
        descriptor = _held(path)
        try:
            self._sweep()
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)

    def has_ended(self, owner: str, latest: datetime, now: datetime) -> bool:
        """Tell whether *owner*, whose latest event is of *latest*, runs no more."""
        if owner == self.me:
            return False
        if owner.partition(":")[0] != self._storage:
            return now - latest > STRANGER_PATIENCE
        return _is_let_go(self._path(owner))

    def _sweep(self) -> None:
        """Take away the files of processes that were killed."""
        for path in self._folder.glob("*.lock"):
            if path != self._path(self.me):
                _is_let_go(path)

    def _path(self, owner: str) -> Path:
        return self._folder / f"{owner.rpartition(':')[2]}.lock"


def _held(path: Path) -> int:
    """Return the descriptor of the locked file at *path*; whoever sweeps may have had it before it was locked."""
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)


def _is_let_go(path: Path) -> bool:
    """Tell whether nobody holds the lock at *path*; the file goes then, unless it is another one by now."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                path.unlink()
                return True
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)


def _name_of_storage(file: Path) -> str:
    with contextlib.suppress(FileExistsError), file.open("x") as new:
        new.write(uuid.uuid4().hex[:12])
    return file.read_text().strip() or "storage"
