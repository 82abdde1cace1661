"""Files on a game server, written so that nobody ever sees half of one. On the core's warm SFTP connection."""

import contextlib
import posixpath
import stat
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import ConfigError
from core.servers.ssh import Server, library

if TYPE_CHECKING:
    import asyncssh

LARGEST = 1024 * 1024
"""Larger files are none that concern us."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder."""

    name: str
    is_folder: bool
    size: int


class RemoteFiles:
    """Reads and writes on *server*.

    Every method raises what ``Server.sftp`` raises, and ``ConfigError`` where the user may not do that there.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    async def entries(self, folder: str) -> list[Entry]:
        """Return what lies in *folder*, by name; nothing if it is no folder, or one that we may not look into."""
        found: Sequence[Any] = ()
        async with self._server.sftp() as sftp:
            ssh = library()
            with _missing_is_fine(ssh.SFTPPermissionDenied, ssh.SFTPFailure, ssh.SFTPNotADirectory):
                found = await sftp.readdir(folder)
        entries = [_entry(one) for one in found if isinstance(one.filename, str)]
        return sorted((one for one in entries if one.name not in (".", "..")), key=lambda one: one.name)

    async def real_path(self, path: str) -> str:
        """Return *path* without links in it."""
        async with self._server.sftp() as sftp:
            return str(await sftp.realpath(path))

    async def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None if it is not there or too large to be ours."""
        async with self._sftp("read", path) as sftp:
            with _missing_is_fine():
                async with sftp.open(path, "rb") as file:
                    data: bytes = await file.read(LARGEST + 1)
                    return data if len(data) <= LARGEST else None
        return None

    async def mode(self, path: str) -> int | None:
        """Return a file's permission bits, None if it is not there."""
        async with self._server.sftp() as sftp:
            with _missing_is_fine():
                return stat.S_IMODE((await sftp.stat(path)).permissions or 0)
        return None

    async def write(self, path: str, data: bytes, mode: int) -> None:
        """Put *data* there under another name, with *mode* before a byte is in it, then give it its name at once."""
        draft = f"{path}.roundhook-tmp"
        async with self._sftp("write", path) as sftp:
            await sftp.makedirs(posixpath.dirname(path), exist_ok=True)
            async with sftp.open(draft, "wb", attrs=library().SFTPAttrs(permissions=mode)) as file:
                await sftp.chmod(draft, mode)  # an old draft, or the server's umask, may have said otherwise
                await file.write(data)
            await _rename(sftp, draft, path)

    async def rename(self, old: str, new: str) -> None:
        """Give a file another name; what was there under that name is replaced."""
        async with self._sftp("write", new) as sftp:
            await _rename(sftp, old, new)

    async def remove(self, path: str) -> None:
        """Delete a file; harmless if it is not there."""
        async with self._sftp("delete", path) as sftp:
            with _missing_is_fine():
                await sftp.remove(path)

    @contextlib.asynccontextmanager
    async def _sftp(self, verb: str, path: str) -> AsyncIterator["asyncssh.SFTPClient"]:
        """Give the SFTP client to *verb* at *path*: the error says so if the user may not."""
        async with self._server.sftp() as sftp:
            try:
                yield sftp
            except library().SFTPPermissionDenied as error:
                ssh = self._server.settings.ssh
                who = f"The user '{ssh.user if ssh else ''}' may not {verb} {path} on {self._server.key}."
                how = "Give that user the right to, or do it by hand: docs/how-to/set-up-the-game-server.md says how."
                raise ConfigError(f"{who} {how}") from error


def _missing_is_fine(*others: type[Exception]) -> contextlib.suppress:
    return contextlib.suppress(library().SFTPNoSuchFile, library().SFTPNoSuchPath, *others)


async def _rename(sftp: "asyncssh.SFTPClient", old: str, new: str) -> None:
    """Rename over what is there; a server that cannot has the name free for a moment."""
    try:
        await sftp.posix_rename(old, new)
    except library().SFTPOpUnsupported:
        if await sftp.exists(new):
            await sftp.remove(new)
        await sftp.rename(old, new)


def _entry(found: Any) -> Entry:
    permissions = found.attrs.permissions or 0
    return Entry(found.filename, stat.S_ISDIR(permissions) or stat.S_ISLNK(permissions), int(found.attrs.size or 0))
