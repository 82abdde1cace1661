"""The folder of stats files on a game server, over the core's warm SFTP connection."""

import asyncio
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from roundhook import BadInputError, Server
from roundhook.rounds import StatsFilename, parse_stats_filename

_ANY_BYTES = "surrogateescape"
"""A name that is no UTF-8 must not make the whole listing fail; it is refused by itself."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A stats file as the folder's listing shows it."""

    name: StatsFilename
    size: int
    modified_unix: int
    mode: int = 0
    """What it is, as ``stat`` says: of a link, what that leads to; still a link where it leads nowhere."""

    @property
    def modified_at(self) -> datetime:
        return datetime.fromtimestamp(self.modified_unix, UTC)


class StatsFolder:
    """Reads one server's ``stats_dir``; raises what ``Server.sftp`` raises."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def stamp(self) -> tuple[int, int]:
        """Return what changes when a file is added: the folder's time and size (0.7 ms on a warm connection)."""
        async with self._server.sftp() as sftp:
            attrs = await sftp.stat(self._folder)
            return int(attrs.mtime or 0), int(attrs.size or 0)

    async def list_files(self) -> list[RemoteFile]:
        """Return what has the name of a stats or endstats file, oldest name first; other names are left out."""
        async with self._server.sftp() as sftp:
            entries = [_remote(entry) for entry in await sftp.readdir(self._folder.encode())]
            found = await asyncio.gather(*(self._followed(sftp, one) for one in entries if one is not None))
        return sorted(found, key=lambda one: one.name.filename)

    async def look_at(self, filename: str) -> RemoteFile | None:
        """Return one file as it is now, None if it is not there. *filename* must have been parsed before."""
        import asyncssh

        name = parse_stats_filename(filename)
        async with self._server.sftp() as sftp:
            try:
                attrs = await sftp.stat(self._path(filename))
            except asyncssh.SFTPNoSuchFile:
                return None
        return _as_file(name, attrs) if name else None

    async def read(self, filename: str, limit: int) -> bytes | None:
        """Return the bytes of a file, at most *limit* and one; None if it is not there any more.

        Raises:
            BadInputError: the server does not give them, such as without the right to read the file.
        """
        import asyncssh

        async with self._server.sftp() as sftp:
            try:
                async with sftp.open(self._path(filename), "rb") as file:
                    data: bytes = await file.read(limit + 1)
                    return data
            except asyncssh.SFTPNoSuchFile:
                return None
            except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure) as error:
                raise BadInputError(f"{filename} cannot be read ({error}).") from error

    def path(self, filename: str) -> str:
        """Return where a file lies, for people."""
        return f"{self._server.key}:{self._path(filename)}"

    @property
    def _folder(self) -> str:
        ssh = self._server.settings.ssh
        return ssh.stats_dir if ssh else "."

    def _path(self, filename: str) -> str:
        return f"{self._folder.rstrip('/')}/{filename}"

    async def _followed(self, sftp: Any, file: RemoteFile) -> RemoteFile:
        """Return what a link leads to, as the file that it stands for; anything else as it is."""
        import asyncssh

        if not stat.S_ISLNK(file.mode):
            return file
        try:
            return _as_file(file.name, await sftp.stat(self._path(file.name.filename).encode(errors=_ANY_BYTES)))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure):
            return file


def _remote(entry: Any) -> RemoteFile | None:
    name = parse_stats_filename(entry.filename.decode(errors=_ANY_BYTES))
    return _as_file(name, entry.attrs) if name else None


def _as_file(name: StatsFilename, attrs: Any) -> RemoteFile:
    return RemoteFile(name, int(attrs.size or 0), int(attrs.mtime or 0), int(attrs.permissions or 0))
