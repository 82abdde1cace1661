"""The folder of stats files on a game server, over the core's warm SFTP connection."""

import asyncio
import stat
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from roundhook import BadInputError, RemoteFiles, Server, one_line
from roundhook.rounds import StatsFilename, parse_stats_filename

_ANY_BYTES = "surrogateescape"
"""A name that is no UTF-8 must not make the whole listing fail; it is refused by itself."""
_AT_ONCE = 200
"""So many links are followed together."""
MANY = 500
"""What is worked out of so many files is worked out beside the event loop: a folder has more with each evening."""
T = TypeVar("T")


async def beside(files: int, work: Callable[[], T]) -> T:
    """Return what *work* returns, which goes through so many files; beside the event loop when these are many."""
    return await asyncio.to_thread(work) if files >= MANY else work()


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


@dataclass(frozen=True, slots=True)
class FolderListing:
    """The stats and endstats files of a folder, oldest name first."""

    files: list[RemoteFile]
    count: str
    """How many names of any kind were read, in words."""
    is_whole: bool
    """Whether that was all: a folder is read up to a limit."""


class StatsFolder:
    """Reads one server's ``stats_dir``; raises what ``Server.sftp`` raises."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def stamp(self) -> tuple[int, int]:
        """Return what changes when a file is added: the folder's time and size (0.7 ms on a warm connection)."""
        async with self._server.sftp() as sftp:
            attrs = await sftp.stat(self._folder)
            return int(attrs.mtime or 0), int(attrs.size or 0)

    async def list_files(self) -> FolderListing:
        """Return what has the name of a stats or endstats file; other names are left out."""
        listing = await RemoteFiles(self._server).scan(self._folder)
        files = await beside(len(listing.entries), lambda: _stats_files(listing.entries))
        links = [one for one in files if stat.S_ISLNK(one.mode)]
        found = [one for one in files if not stat.S_ISLNK(one.mode)] + await self._followed(links)
        return FolderListing(sorted(found, key=lambda one: one.name.filename), listing.count, listing.is_whole)

    async def look_for(self, filenames: Iterable[str]) -> list[RemoteFile]:
        """Return those files that are there, asked for by their names: it costs the same in a folder of any size."""
        names = [name for name in filenames if parse_stats_filename(name)]
        found = await asyncio.gather(*map(self.look_at, names))
        return [one for one in found if one is not None]

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

    async def read(self, name: StatsFilename, limit: int) -> tuple[bytes, RemoteFile] | None:
        """Return the first *limit* bytes of a file, and the file as it is then; None if it is not there any more.

        Raises:
            BadInputError: the server does not give them, such as without the right to read the file.
        """
        import asyncssh

        async with self._server.sftp() as sftp:
            try:
                async with sftp.open(self._path(name.filename), "rb") as file:
                    reading: Coroutine[Any, Any, bytes] = file.read(limit)
                    data, attrs = await asyncio.gather(reading, file.stat())  # on the way together
                    return data, _as_file(name, attrs)
            except asyncssh.SFTPNoSuchFile:
                return None
            except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure) as error:
                raise BadInputError(f"{name.filename} cannot be read ({one_line(str(error))}).") from error

    def path(self, filename: str) -> str:
        """Return where a file lies, for people."""
        return f"{self._server.key}:{self._path(filename)}"

    @property
    def _folder(self) -> str:
        ssh = self._server.settings.ssh
        return ssh.stats_dir if ssh else "."

    def _path(self, filename: str) -> str:
        return f"{self._folder.rstrip('/')}/{filename}"

    async def _followed(self, links: list[RemoteFile]) -> list[RemoteFile]:
        """Return what links lead to, as the files that they stand for; the link itself where that is nothing."""
        found: list[RemoteFile] = []
        for start in range(0, len(links), _AT_ONCE):
            async with self._server.sftp() as sftp:
                some = links[start : start + _AT_ONCE]
                found += await asyncio.gather(*(self._target(sftp, one) for one in some))
        return found

    async def _target(self, sftp: Any, link: RemoteFile) -> RemoteFile:
        import asyncssh

        try:
            return _as_file(link.name, await sftp.stat(self._path(link.name.filename).encode(errors=_ANY_BYTES)))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure):
            return link


def _stats_files(entries: Iterable[Any]) -> list[RemoteFile]:
    named = ((parse_stats_filename(one.name), one) for one in entries)
    return [RemoteFile(name, one.size, one.modified_unix, one.mode) for name, one in named if name]


def _as_file(name: StatsFilename, attrs: Any) -> RemoteFile:
    return RemoteFile(name, int(attrs.size or 0), int(attrs.mtime or 0), int(attrs.permissions or 0))
