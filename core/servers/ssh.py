"""Warm, verified connections to the game servers: one for each, kept alive, made again when it breaks.

Host keys are always verified; the user's own SSH files are not read.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from core.config import ServerSection, Ssh
from core.errors import ConfigError, RoundhookError
from core.servers.ssh_errors import about_one_file, no_sftp, translated
from core.servers.ssh_files import have_a_name, known_hosts, private_key
from core.servers.ssh_files import library as library

if TYPE_CHECKING:
    import asyncssh

CONNECT_SECONDS = 10
KEEPALIVE_SECONDS, KEEPALIVES = 15, 3
OPERATION_SECONDS = 30.0
MOST_ASKED_FOR = 1000
"""Files; of more the earliest names are forgotten, which the poll finds if they come."""
CHEAP_FIRST = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
"""Ciphers: asyncssh's favourite, ChaCha20, is put together in Python and costs six times as much for each packet."""
_TEST = re.compile(r"ROUNDHOOK_TEST ([0-9a-f]{16})")


class Server:
    """One configured game server. Whoever made it closes it."""

    def __init__(self, key: str, settings: ServerSection) -> None:
        self.key: str = key
        """Its name in the settings, the tables and the events."""
        self.settings: ServerSection = settings
        """``[servers.<key>]``."""
        self.accepted: set[int] = set()
        """Webhooks that were accepted while the bot ran."""
        self.asked_for: set[str] = set()
        """Files that somebody has named; whoever fetches takes them out."""
        self.asked: asyncio.Event = asyncio.Event()
        """Set when there is something in ``asked_for``; whoever fetches clears it."""
        self._setting = f"servers.{key}.ssh"
        self._tests: dict[str, asyncio.Event] = {}
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None
        self._lock = asyncio.Lock()

    @property
    def webhook_ids(self) -> frozenset[int]:
        """The webhooks that speak for this server."""
        return frozenset(self.settings.webhook_ids) | self.accepted

    def ask_for(self, filename: str) -> None:
        """Let *filename* be fetched at once: a hint, kept in memory only, since the poll finds the file anyway."""
        self.asked_for.add(filename)
        if len(self.asked_for) > MOST_ASKED_FOR:
            self.asked_for.remove(min(self.asked_for))
        self.asked.set()

    @contextlib.contextmanager
    def awaiting_test(self, token: str) -> Iterator[asyncio.Event]:
        """Give an event that is set when ``test_content(token)`` comes from this server."""
        self._tests[token] = came = asyncio.Event()
        try:
            yield came
        finally:
            del self._tests[token]

    @staticmethod
    def test_content(token: str) -> str:
        """Return the text of a test message with *token* (16 hex digits): it tells nothing to anybody else."""
        return f"ROUNDHOOK_TEST {token}"

    def is_test(self, content: str | None) -> bool:
        """Tell whether a message's text is that of a test message; whoever awaits it is told that it has come."""
        found = _TEST.fullmatch((content or "").strip())
        if found and found[1] in self._tests:
            self._tests[found[1]].set()
        return found is not None

    @contextlib.asynccontextmanager
    async def sftp(self) -> AsyncIterator["asyncssh.SFTPClient"]:
        """Give an SFTP client on the warm connection; the block may take at most 30 s.

        Raises:
            ConfigError: no ``ssh`` is configured, the host key is not the known one, or the key is refused.
            PeerUnavailableError: the server is away, or broke off or hung inside the block. The connection is made
                again at the next call.
        """
        ssh = self.settings.ssh
        if ssh is None:
            needed = "host, user, key_file, known_hosts and stats_dir"
            raise ConfigError(f"servers.{self.key}.ssh is missing. Add {needed}.")
        used: asyncssh.SFTPClient | None = None
        limit = asyncio.timeout(OPERATION_SECONDS)
        try:
            async with limit:
                used = await self._warm_client(ssh)
                with self._cut_off_later():
                    yield used
        except RoundhookError:
            raise
        except Exception as error:
            problem = translated(TimeoutError() if limit.expired() else error, self._setting, ssh)
            if problem is None:
                raise
            if not about_one_file(error) and used in (None, self._client):  # another may be in use by others already
                await self.close()
            raise problem from error

    async def close(self) -> None:
        """Drop the connection; harmless the second time. The next ``sftp`` connects anew."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()
            with contextlib.suppress(TimeoutError, OSError):
                async with asyncio.timeout(2):
                    await connection.wait_closed()

    async def _warm_client(self, ssh: Ssh) -> "asyncssh.SFTPClient":
        async with self._lock:
            if self._client is None or self._connection is None or self._connection.is_closed():
                await self.close()
                self._connection = await self._connect(ssh)
                self._client = await self._start_sftp(self._connection, ssh)
            return self._client

    @contextlib.contextmanager
    def _cut_off_later(self) -> Iterator[None]:
        """Drop the connection when a block takes too long: else closing its files waits for that server for ever."""
        with contextlib.ExitStack() as stack:
            if self._connection is not None:
                timer = asyncio.get_running_loop().call_later(OPERATION_SECONDS, self._connection.abort)
                stack.callback(timer.cancel)
            yield

    async def _connect(self, ssh: Ssh) -> "asyncssh.SSHClientConnection":
        await asyncio.to_thread(library)  # imported beside the loop
        hosts = await asyncio.to_thread(known_hosts, self._setting, ssh)
        key = await asyncio.to_thread(private_key, self._setting, ssh)
        await asyncio.to_thread(have_a_name)
        connection: asyncssh.SSHClientConnection = await library().connect(
            ssh.host, ssh.port, username=ssh.user, known_hosts=hosts,
            client_keys=[key], config=None, agent_path=None, encryption_algs=CHEAP_FIRST,
            connect_timeout=CONNECT_SECONDS, login_timeout=CONNECT_SECONDS,
            keepalive_interval=KEEPALIVE_SECONDS, keepalive_count_max=KEEPALIVES,
        )  # fmt: skip
        return connection

    async def _start_sftp(self, connection: "asyncssh.SSHClientConnection", ssh: Ssh) -> "asyncssh.SFTPClient":
        try:
            return await connection.start_sftp_client()
        except (library().SFTPError, library().ChannelOpenError) as error:
            if connection.is_closed():
                raise
            raise no_sftp(error, ssh) from error
