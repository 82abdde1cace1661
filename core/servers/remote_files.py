"""Files on a game server, written so that nobody ever sees half of one. On the core's warm SFTP connection.

The game server is a peer, not a friend: somebody else may have prepared what lies there. What is read is a plain file
of a bounded size, a listing ends somewhere, and what is written is a new file that nobody has prepared. SFTP cannot
name a file without its path, so whoever can exchange folders between two requests is beyond what can be held here.
"""

import contextlib
import posixpath
import secrets
import stat
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import ConfigError, NotAllowedError
from core.servers.ssh import Server, library

if TYPE_CHECKING:
    import asyncssh

LARGEST = 1024 * 1024
"""Larger files are none that concern us."""
MOST_NAMES, LISTING_SECONDS = 100_000, 20.0
"""Where a listing stops: a folder may hold a million names, and a server may claim one without an end."""
_LONGEST_NAME = 1024
_ANY_BYTES = "surrogateescape"
"""A name that is no UTF-8 must not make the whole listing fail."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder; what is said of a link is the link's own."""

    name: str
    size: int = 0
    modified_unix: int = 0
    mode: int = 0
    """What it is and who may use it, as ``stat`` says; 0 where the server does not tell."""

    @property
    def is_folder(self) -> bool:
        """Whether it can be one: it is, or it is a link."""
        return stat.S_ISDIR(self.mode) or self.is_link

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a plain file."""
        return stat.S_IFMT(self.mode) in (0, stat.S_IFREG)


@dataclass(frozen=True, slots=True)
class Listing:
    """What was read of a folder, in the server's order, which stays the same while nothing changes there."""

    entries: list[Entry]
    is_whole: bool
    """Whether that is all; else it goes on, and the rest was not read."""

    @property
    def count(self) -> str:
        """How many there are, in words."""
        return str(len(self.entries)) if self.is_whole else f"more than {len(self.entries):,}"


class RemoteFiles:
    """Reads and writes on *server*.

    Every method raises what ``Server.sftp`` raises, and ``NotAllowedError`` where the user may not do that there.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    async def scan(self, folder: str, *, missing_ok: bool = False) -> Listing:
        """Return what lies in *folder*: at most 100,000 names, and what comes within 20 s.

        Args:
            folder: the folder.
            missing_ok: whether it may be no folder, or one that we may not look into: nothing lies there then.
        """
        fine = (*_missing(), library().SFTPPermissionDenied, library().SFTPFailure)
        async with self._server.sftp() as sftp:
            with contextlib.suppress(*(fine if missing_ok else ())):
                return await _listed(sftp, folder)
        return Listing([], is_whole=True)

    async def entries(self, folder: str) -> list[Entry]:
        """Return what `scan` does, by name; nothing if it is no folder, or one that we may not look into."""
        return sorted((await self.scan(folder, missing_ok=True)).entries, key=lambda one: one.name)

    async def look_at(self, path: str) -> Entry | None:
        """Return what lies at *path*, a link unfollowed; None if nothing does."""
        async with self._sftp("look at", path) as sftp:
            with _missing_is_fine():
                return _entry(posixpath.basename(path), await sftp.lstat(_bytes(path)))
        return None

    async def real_path(self, path: str) -> str:
        """Return *path* without links in it; the end of it that is not there yet stays as it is written.

        Raises:
            ConfigError: a link on the way leads nowhere, or somewhere that the server does not tell.
        """
        async with self._sftp("look at", path) as sftp:
            with _missing_is_fine():
                return str((await sftp.realpath(_bytes(path))).decode(errors=_ANY_BYTES))
        if await self.look_at(path) is not None:
            raise ConfigError(f"{path} on {self._server.key} is a link that leads nowhere. Remove or mend it there.")
        parent = posixpath.dirname(path)
        return posixpath.join(await self.real_path(parent), posixpath.basename(path)) if parent != path else path

    async def read(self, path: str) -> bytes | None:
        """Return a file's bytes; None if it is not there, no plain file (a link is none), or too large to be ours."""
        async with self._sftp("read", path) as sftp:
            with _missing_is_fine():
                if not _entry(path, await sftp.lstat(_bytes(path))).is_file:
                    return None  # a pipe would hang, and a link may lead to somebody else's secrets
                async with sftp.open(_bytes(path), "rb") as file:
                    data: bytes = await file.read(LARGEST + 1)
                    return data if len(data) <= LARGEST else None
        return None

    async def mode(self, path: str) -> int | None:
        """Return a file's permission bits, None if it is not there."""
        found = await self.look_at(path)
        return found.mode & 0o777 if found else None

    async def write(self, path: str, data: bytes, mode: int) -> None:
        """Put *data* there: into a new file of a random name, with *mode* before a byte is in it, renamed at the end.

        What lies at *path* is replaced, never written through, be it a link or have it several names.
        """
        draft = f"{path}.{secrets.token_hex(8)}.roundhook-tmp"
        async with self._sftp("write", path) as sftp:
            await sftp.makedirs(_bytes(posixpath.dirname(path)), exist_ok=True)
            try:
                await _write_new(sftp, draft, data, mode)
                await _rename(sftp, draft, path)
            except library().SFTPError:
                with contextlib.suppress(library().SFTPError):  # what went wrong first is the one to tell
                    await sftp.remove(_bytes(draft))
                raise

    async def rename(self, old: str, new: str) -> None:
        """Give a file another name; what was there under that name is replaced."""
        async with self._sftp("write", new) as sftp:
            await _rename(sftp, old, new)

    async def remove(self, path: str) -> None:
        """Delete a file (of a link, the link); harmless if it is not there."""
        async with self._sftp("delete", path) as sftp:
            with _missing_is_fine():
                await sftp.remove(_bytes(path))

    @contextlib.asynccontextmanager
    async def _sftp(self, verb: str, path: str) -> AsyncIterator["asyncssh.SFTPClient"]:
        """Give the SFTP client to *verb* at *path*: the error says so if the user may not, or it cannot be done."""
        ssh, key = self._server.settings.ssh, self._server.key
        async with self._server.sftp() as sftp:
            try:
                yield sftp
            except (library().SFTPPermissionDenied, library().SFTPWriteProtect) as error:
                who = f"The user '{ssh.user if ssh else ''}' may not {verb} {path} on {key}."
                how = "Give that user the right to, or do it by hand: docs/how-to/set-up-the-game-server.md says how."
                raise NotAllowedError(f"{who} {how}") from error
            except library().SFTPFailure as error:
                how = "Look at what lies there, and whether the disk is full."
                raise ConfigError(f"The server {key} could not {verb} {path} ({error}). {how}") from error


def _missing() -> tuple[type[Exception], ...]:
    return library().SFTPNoSuchFile, library().SFTPNoSuchPath, library().SFTPNotADirectory


def _missing_is_fine() -> contextlib.suppress:
    return contextlib.suppress(*_missing())


async def _listed(sftp: Any, folder: str) -> Listing:
    entries: list[Entry] = []
    count, end = 0, time.monotonic() + LISTING_SECONDS
    async with contextlib.aclosing(sftp.scandir(_bytes(folder))) as found:
        async for one in found:
            if count >= MOST_NAMES or time.monotonic() > end:
                return Listing(entries, is_whole=False)
            count += 1
            if _is_name(one.filename):
                entries.append(_entry(one.filename.decode(errors=_ANY_BYTES), one.attrs))
    return Listing(entries, is_whole=True)


async def _write_new(sftp: "asyncssh.SFTPClient", draft: str, data: bytes, mode: int) -> None:
    """Write a file that must not be there yet, not even as a link; it is closed to others until it has its mode."""
    ssh = library()
    new = ssh.FXF_WRITE | ssh.FXF_CREAT | ssh.FXF_EXCL
    async with sftp.open(_bytes(draft), new, ssh.SFTPAttrs(permissions=mode), encoding=None) as file:
        await file.chmod(mode)  # by its handle: the server's umask may have said otherwise
        await file.write(data)


async def _rename(sftp: "asyncssh.SFTPClient", old: str, new: str) -> None:
    """Rename over what is there; a server that cannot has the name free for a moment."""
    try:
        await sftp.posix_rename(_bytes(old), _bytes(new))
    except library().SFTPOpUnsupported:
        with _missing_is_fine():
            await sftp.remove(_bytes(new))
        await sftp.rename(_bytes(old), _bytes(new))


def _bytes(path: str) -> bytes:
    return path.encode(errors=_ANY_BYTES)


def _is_name(name: bytes) -> bool:
    """Tell whether a server may call something in a folder that: a name with a slash would be another folder's."""
    return name not in (b".", b"..") and b"/" not in name and b"\0" not in name and len(name) <= _LONGEST_NAME


def _entry(name: str, attrs: Any) -> Entry:
    return Entry(name, int(attrs.size or 0), int(attrs.mtime or 0), int(attrs.permissions or 0))
