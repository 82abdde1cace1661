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
        """Hold this process's lock while the block runs; a crash lets go of it too."""
        path = self._path(self.me)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
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
        path = self._path(owner)
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    def _path(self, owner: str) -> Path:
        return self._folder / f"{owner.rpartition(':')[2]}.lock"


def _name_of_storage(file: Path) -> str:
    with contextlib.suppress(FileExistsError), file.open("x") as new:
        new.write(uuid.uuid4().hex[:12])
    return file.read_text().strip() or "storage"
