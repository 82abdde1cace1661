"""The folder of stats files on a game server, over the core's warm SFTP connection."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.filenames import StatsFilename, parse_stats_filename
from core.ssh import Server


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A stats file as the folder's listing shows it."""

    name: StatsFilename
    size: int
    modified_unix: int

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
        """Return the stats and endstats files, oldest name first; other names are left out."""
        async with self._server.sftp() as sftp:
            entries = [_remote(entry) for entry in await sftp.readdir(self._folder)]
        return sorted((one for one in entries if one is not None), key=lambda one: one.name.filename)

    async def look_at(self, filename: str) -> RemoteFile | None:
        """Return one file as it is now, None if it is not there. *filename* must have been parsed before."""
        import asyncssh

        name = parse_stats_filename(filename)
        async with self._server.sftp() as sftp:
            try:
                attrs = await sftp.stat(self._path(filename))
            except asyncssh.SFTPNoSuchFile:
                return None
        return RemoteFile(name, int(attrs.size or 0), int(attrs.mtime or 0)) if name else None

    async def read(self, filename: str, limit: int) -> bytes:
        """Return the bytes of a file, at most *limit* and one."""
        async with self._server.sftp() as sftp, sftp.open(self._path(filename), "rb") as file:
            data: bytes = await file.read(limit + 1)
            return data

    def path(self, filename: str) -> str:
        """Return where a file lies, for people."""
        return f"{self._server.key}:{self._path(filename)}"

    @property
    def _folder(self) -> str:
        ssh = self._server.settings.ssh
        return ssh.stats_dir if ssh else "."

    def _path(self, filename: str) -> str:
        return f"{self._folder.rstrip('/')}/{filename}"


def _remote(entry: Any) -> RemoteFile | None:
    name = parse_stats_filename(entry.filename) if isinstance(entry.filename, str) else None
    if name is None:
        return None
    return RemoteFile(name, int(entry.attrs.size or 0), int(entry.attrs.mtime or 0))
