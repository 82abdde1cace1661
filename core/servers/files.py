"""Files of game servers: kept by hash in the storage folder until what they say is stored."""

import asyncio
import contextlib
import functools
import hashlib
import os
import stat
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

from core.clock import Clock
from core.errors import BadInputError, PeerUnavailableError
from core.servers.errands import Errands

MAX_BYTES = 4 * 1024 * 1024
MAX_LENGTH = 200
"""Characters in a name."""
Trigger = Literal["notice", "poll", "import"]
"""Why a file was fetched."""
_KINDS = {
    stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link that leads nowhere", stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip


class KeptFile(Protocol):
    """A file whose bytes are kept, as the event tells of it: its plain name, its content's hash, where it came from."""

    @property
    def filename(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def trigger(self) -> Trigger: ...
    @property
    def path(self) -> str: ...


F = TypeVar("F", bound=KeptFile)


class KeptFiles(Generic[F]):
    """Where the bytes of fetched files are. Names from outside never become paths: files are kept by hash.

    Args:
        folder: where they are kept.
        clock: the time at which a file was fetched.
        event: makes the event of a file.
        stored: gives the bytes of a file that has been stored elsewhere for good, None if it has not been.
    """

    def __init__(
        self, folder: Path, clock: Clock, event: Callable[..., F], stored: Callable[[F], Awaitable[bytes | None]]
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._make = event
        self._stored = stored
        self._errands = Errands()

    async def put(
        self, server: str, filename: str, data: bytes, *,
        trigger: Trigger = "poll", path: str = "", modified_at: datetime | None = None,
    ) -> F:  # fmt: skip
        """Keep *data* and return the event to publish.

        Raises:
            BadInputError: the name is no plain file name, or the file is too large.
        """
        _check_name(filename)
        _check_size(filename, len(data))
        file = self._event(data, server=server, filename=filename, trigger=trigger, path=path, modified_at=modified_at)
        await asyncio.to_thread(self._write, file.sha256, data)
        return file

    async def in_place(self, server: str, path: Path) -> F:
        """Return the event for a file that stays where it is (``roundhook import``).

        Raises:
            BadInputError: its name is odd, it is no file, cannot be read or is too large.
        """
        _check_name(path.name)
        return await self._errands.run(functools.partial(self._find_in_place, server, path))

    def check(self, filename: str, mode: int = 0) -> None:
        """Refuse what ``put`` would refuse before it is fetched. *mode* is that of ``stat``, of what a link leads to.

        Raises:
            BadInputError: it is no plain name, or no plain file.
        """
        _check_name(filename)
        _check_kind(filename, mode)

    async def read(self, file: F) -> bytes:
        """Return the bytes of *file*: in place, else as kept, else as stored.

        Raises:
            PeerUnavailableError: they are not there (any more).
        """
        data = await self._errands.run(functools.partial(self._find, file))
        if data is None and (data := await self._stored(file)) is None:
            raise PeerUnavailableError(f"The bytes of {file.filename} are gone from {self._folder}. Fetch it again.")
        return data

    async def discard(self, file: F) -> None:
        """Let go of the kept copy: what it says is stored. What was read in place was never kept."""
        if not _in_place(file):
            await asyncio.to_thread(self._path(file.sha256).unlink, missing_ok=True)

    def _event(self, data: bytes, **origin: Any) -> F:
        digest = hashlib.sha256(data).hexdigest()
        return self._make(sha256=digest, size=len(data), fetched_at=self._clock.now(), **origin)

    def _path(self, sha256: str) -> Path:
        if len(sha256) != 64 or not sha256.isalnum():
            raise BadInputError(f"'{sha256[:80]}' is no SHA-256. Events carry the one that files.put gave.")
        return self._folder / sha256

    def _write(self, sha256: str, data: bytes) -> None:
        """Write under another name first: a file is there whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path(sha256))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _find_in_place(self, server: str, path: Path) -> F:
        data, modified_at = _read_with_time(path)
        origin = {"server": server, "filename": path.name, "trigger": "import", "path": str(path)}
        return self._event(data, modified_at=modified_at, **origin)

    def _find(self, file: F) -> bytes | None:
        for path in (*_in_place(file), self._path(file.sha256)):
            with contextlib.suppress(BadInputError):
                if hashlib.sha256(data := _read_with_time(path)[0]).hexdigest() == file.sha256:
                    return data
        return None


def _in_place(file: KeptFile) -> list[Path]:
    """Return where *file* was left to be read; nothing if it was fetched."""
    return [Path(file.path)] if file.trigger == "import" and file.path else []


def _check_name(filename: str) -> None:
    """Refuse what is no plain file name: it has a folder part or control characters, or is too long."""
    odd = not filename.isprintable() or {"/", "\\"} & set(filename)
    if odd or filename in ("", ".", "..") or len(filename) > MAX_LENGTH:
        raise BadInputError(f"{filename[:80]!r} is not taken as a file name: it has a folder part or odd characters.")


def _check_kind(filename: str, mode: int) -> None:
    """Refuse what has a file's name and is none. *mode* is that of ``stat``: of what a link leads to, if it does."""
    kind = stat.S_IFMT(mode)
    if kind not in (0, stat.S_IFREG):  # 0: a server that does not tell
        what = _KINDS.get(kind, "a special file")
        raise BadInputError(f"{filename} is {what}, no plain file. It is left where it is; rename it, or move it away.")


def _check_size(filename: str, size: int) -> None:
    """Refuse a file over the limit, before it is read: no line of it can be named."""
    if size > MAX_BYTES:
        what = f"{filename} has {size:,} bytes and is not read: at most {MAX_BYTES:,} are"
        usual = "what a game server writes has some 20,000"
        raise BadInputError(f"{what}, and {usual}. Look at what wrote it, and move it away.")


def _read_with_time(path: Path) -> tuple[bytes, datetime | None]:
    """Read a file of at most ``MAX_BYTES``; what is no file is not even opened (a pipe would not let go)."""
    try:
        found = _stat(path)
        _check_kind(path.name, found.st_mode)
        _check_size(path.name, found.st_size)
        with path.open("rb", buffering=0) as file:  # room for MAX_BYTES is not made for each of thousands
            data = file.read(found.st_size + 1)
            if len(data) > found.st_size:  # it grows
                data += file.read(MAX_BYTES)
    except OSError as error:
        raise BadInputError(f"{path} cannot be read ({error.strerror}). Correct that and import it again.") from error
    _check_size(path.name, len(data))
    return data, _moment(found.st_mtime)


def _stat(path: Path) -> os.stat_result:
    """Return what *path* leads to; of a link that leads nowhere, the link."""
    try:
        return path.stat()
    except OSError:  # nothing there, or a link to itself
        return path.lstat()


def _moment(unix: float) -> datetime | None:
    """Return a file's time; None for one outside the calendar, which some file systems keep."""
    try:
        return datetime.fromtimestamp(unix, UTC)
    except (ValueError, OverflowError, OSError):
        return None
