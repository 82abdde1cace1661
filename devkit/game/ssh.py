"""A real SSH server on loopback: SFTP locked into one folder, and the ways in which such a server fails."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
from asyncssh.sftp import SFTPAttrs, SFTPName

USER = "et"
_HOST = "127.0.0.1"


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
        self.gate = asyncio.Event()
        self.gate.set()
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
        self.gate.set()
        await self._stop_listening()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    async def _listen(self, bound: socket.socket) -> None:
        public = self._client_key.export_public_key().decode()
        self._acceptor = await asyncssh.listen(
            sock=bound,
            server_factory=lambda: _Session(self._connections, self.gate),
            server_host_keys=[self._host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(public),
            sftp_factory=lambda channel: _Sftp(channel, self._root, self.gate),
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
    """SFTP in one folder; every call waits while the server is frozen."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], root: Path, gate: asyncio.Event) -> None:
        super().__init__(channel, chroot=os.fsencode(root))
        self._gate = gate

    async def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> object:
        await self._gate.wait()
        return super().open(path, pflags, attrs)

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        await self._gate.wait()
        data = super().read(file_obj, offset, size)
        return data if isinstance(data, bytes) else await data

    async def scandir(self, path: bytes) -> AsyncIterator[SFTPName]:
        await self._gate.wait()
        async for name in super().scandir(path):
            yield name


def _bound(port: int) -> socket.socket:
    """Return a socket that holds a port of loopback; connections to it are refused until it listens."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((_HOST, port))
    return bound
