"""A real SSH server on loopback: SFTP locked into one folder, and the ways in which such a server fails."""

import asyncio
import os
import posixpath
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
from asyncssh.sftp import SFTPAttrs, SFTPName

USER = "et"
_HOST = "127.0.0.1"


@dataclass(slots=True)
class Behaviour:
    """How the server behaves: as a good one, until a test wants something else."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Log-ins and SFTP calls go on while it is set."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server closes: what waits for ever ends then."""
    unanswered: set[str] = field(default_factory=set)
    """Kinds of SFTP requests that get no answer."""
    is_read_only: bool = False
    """Nobody may write, as with ``internal-sftp -R``."""
    closed: set[str] = field(default_factory=set)
    """Paths that the user may see but not read."""
    claimed: dict[str, Callable[[], Iterable[str]]] = field(default_factory=dict)
    """Names that the listing of a folder begins with, though nothing of that name lies there."""

    async def answers(self, request: str) -> None:
        """Return when a request of that kind is to be answered."""
        await self.gate.wait()
        if request in self.unanswered:
            await self.over.wait()


class SshServer:
    """Serves *root* over SFTP to one key; its port stays the same over outages.

    Resource handling:
        :meth:`close` ends every connection and frees the port; calling it twice is harmless.
    """

    def __init__(self, root: Path, private: Path) -> None:
        self._root = root
        self._private = private
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._client_key = asyncssh.generate_private_key("ssh-ed25519")
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._reserved: socket.socket | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self.behaviour = Behaviour()
        self.behaviour.gate.set()
        self.port = 0

    @property
    def settings(self) -> dict[str, Any]:
        """The ``ssh`` table of a bot's config for this server."""
        return {
            "host": _HOST,
            "port": self.port,
            "user": USER,
            "key_file": str(self._private / "id_ed25519"),
            "known_hosts": str(self._private / "known_hosts"),
            "stats_dir": "/",
        }

    async def start(self) -> None:
        """Listen, and write the key and known_hosts files that a client needs."""
        await self._listen(_bound(0))
        key_file = self._private / "id_ed25519"
        key_file.touch(mode=0o600)
        key_file.write_bytes(self._client_key.export_private_key())
        host_key = self._host_key.export_public_key().decode().strip()
        (self._private / "known_hosts").write_text(f"[{_HOST}]:{self.port} {host_key}\n", encoding="ascii")

    async def outage(self) -> None:
        """Drop all connections and refuse new ones; the port stays reserved for :meth:`back`."""
        await self._stop_listening()
        if self._reserved is None:
            self._reserved = _bound(self.port)

    async def back(self) -> None:
        """Listen again on the same port."""
        if self._reserved is not None:
            reserved, self._reserved = self._reserved, None
            await self._listen(reserved)

    def change_host_key(self) -> None:
        """Use another host key, as after a reinstallation; who is connected must connect again."""
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        if self._acceptor is not None:
            self._acceptor.update(server_host_keys=[self._host_key])
        self._drop_connections()

    async def close(self) -> None:
        self.behaviour.gate.set()
        self.behaviour.over.set()
        await self._stop_listening()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    async def _listen(self, bound: socket.socket) -> None:
        public = self._client_key.export_public_key().decode()
        self._acceptor = await asyncssh.listen(
            sock=bound,
            server_factory=lambda: _Session(self._connections, self.behaviour.gate),
            server_host_keys=[self._host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(public),
            sftp_factory=lambda channel: _Sftp(channel, self._root, self.behaviour),
        )
        self.port = self._acceptor.get_port()

    async def _stop_listening(self) -> None:
        if self._acceptor is not None:
            acceptor, self._acceptor = self._acceptor, None
            acceptor.close()
            await acceptor.wait_closed()
        open_ones = self._drop_connections()
        await asyncio.gather(*(connection.wait_closed() for connection in open_ones))

    def _drop_connections(self) -> list[asyncssh.SSHServerConnection]:
        dropped = list(self._connections)
        for connection in dropped:
            connection.abort()
        return dropped


class _Session(asyncssh.SSHServer):
    """One connection: known while it lasts, and not let in while the server is frozen."""

    def __init__(self, connections: set[asyncssh.SSHServerConnection], gate: asyncio.Event) -> None:
        self._connections = connections
        self._gate = gate
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._connections.discard(self._connection)

    async def begin_auth(self, username: str) -> bool:
        await self._gate.wait()
        return True


class _Sftp(asyncssh.SFTPServer):
    """SFTP in one folder. Links in it are followed wherever they lead, as by a server without a chroot."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], root: Path, behaviour: Behaviour) -> None:
        super().__init__(channel, chroot=os.fsencode(root))
        self._behaviour = behaviour

    async def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> object:
        await self._behaviour.answers("open")
        self._allow(pflags & asyncssh.FXF_WRITE)
        if os.fsdecode(path) in self._behaviour.closed:
            raise asyncssh.SFTPPermissionDenied("Not for this user")
        if _is_pipe(self.map_path(path)):
            await self._behaviour.over.wait()  # nobody is at its other end
            raise asyncssh.SFTPFailure("The server is closing")
        return super().open(path, pflags, attrs)

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        await self._behaviour.answers("read")
        data = super().read(file_obj, offset, size)
        return data if isinstance(data, bytes) else await data

    def mkdir(self, path: bytes, attrs: SFTPAttrs) -> Awaitable[None] | None:
        self._allow(writing=True)
        return super().mkdir(path, attrs)

    def remove(self, path: bytes) -> Awaitable[None] | None:
        self._allow(writing=True)
        return super().remove(path)

    def rename(self, oldpath: bytes, newpath: bytes) -> Awaitable[None] | None:
        self._allow(writing=True)
        return super().rename(oldpath, newpath)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> Awaitable[None] | None:
        self._allow(writing=True)
        return super().posix_rename(oldpath, newpath)

    async def stat(self, path: bytes) -> SFTPAttrs:
        await self._behaviour.answers("stat")
        return await self.convert_attrs(super().stat(path))

    async def scandir(self, path: bytes) -> AsyncIterator[SFTPName]:
        await self._behaviour.answers("list")
        claimed = self._behaviour.claimed.get(posixpath.normpath(posixpath.join("/", os.fsdecode(path))), tuple)
        for name in claimed():
            attrs = SFTPAttrs(permissions=stat.S_IFREG | 0o644, size=0, mtime=0)
            yield SFTPName(name.encode(), longname=b"-", attrs=attrs)
        async for found in super().scandir(path):
            yield found

    def _allow(self, writing: object) -> None:
        if writing and self._behaviour.is_read_only:
            raise asyncssh.SFTPPermissionDenied("Read-only")


def _is_pipe(path: bytes) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False  # whoever opens it is told


def _bound(port: int) -> socket.socket:
    """Return a socket that holds a port of loopback; connections to it are refused until it listens."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((_HOST, port))
    return bound
