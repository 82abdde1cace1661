"""Warm, verified connections to the game servers: one for each, kept alive, made again when it breaks.

The only place that knows asyncssh's errors. Host keys are always verified; the user's own SSH files are not read.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config import ServerSection, Ssh
from core.errors import ConfigError, PeerUnavailableError, RoundhookError
from core.shown import one_line

if TYPE_CHECKING:
    import asyncssh

CONNECT_SECONDS = 10
KEEPALIVE_SECONDS, KEEPALIVES = 15, 3
OPERATION_SECONDS = 30.0
_TEST = re.compile(r"ROUNDHOOK_TEST ([0-9a-f]{16})")


class Server:
    """One configured game server. Whoever made it closes it."""

    def __init__(self, key: str, settings: ServerSection) -> None:
        self.key = key
        """Its name in the settings, the tables and the events."""
        self.settings = settings
        """``[servers.<key>]``."""
        self.accepted: set[int] = set()
        """Webhooks that were accepted while the bot ran."""
        self.asked_for: set[str] = set()
        """Files that somebody has named; whoever fetches takes them out."""
        self.asked = asyncio.Event()
        """Set when there is something in ``asked_for``; whoever fetches clears it."""
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
            problem = self._translated(TimeoutError() if limit.expired() else error, ssh)
            if problem is None:
                raise
            if not _about_one_file(error) and used in (None, self._client):  # another may be in use by others already
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
                self._client = await self._connection.start_sftp_client()
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
        known_hosts = await asyncio.to_thread(self._read, "known_hosts", ssh.known_hosts)
        client_key = await asyncio.to_thread(self._read, "key_file", ssh.key_file)
        connection: asyncssh.SSHClientConnection = await library().connect(
            ssh.host, ssh.port, username=ssh.user, known_hosts=self._known(known_hosts, ssh),
            client_keys=[library().import_private_key(client_key)], config=None, agent_path=None,
            connect_timeout=CONNECT_SECONDS, login_timeout=CONNECT_SECONDS,
            keepalive_interval=KEEPALIVE_SECONDS, keepalive_count_max=KEEPALIVES,
        )  # fmt: skip
        return connection

    def _known(self, text: str, ssh: Ssh) -> Any:
        try:
            return library().import_known_hosts(text)
        except ValueError as error:
            remedy = f"Write what ssh-keyscan -p {ssh.port} {ssh.host} gives."
            problem = f"holds a line that is no host key ({error}). {remedy}"
            raise self._wrong("known_hosts", ssh.known_hosts, problem) from error

    def _read(self, key: str, path: str) -> str:
        try:
            return Path(path).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise self._wrong(key, path, "cannot be read. Correct the path or its permissions.") from error

    def _wrong(self, key: str, value: str, problem: str) -> ConfigError:
        return ConfigError(f"servers.{self.key}.ssh.{key} is '{value}', which {problem}")

    def _translated(self, error: Exception, ssh: Ssh) -> RoundhookError | None:
        """Return our error for one of asyncssh's or the system's; None for a bug."""
        asyncssh = library()
        where, key = f"{ssh.host}:{ssh.port}", f"servers.{self.key}.ssh"
        if isinstance(error, asyncssh.HostKeyNotVerifiable):
            return ConfigError(
                f"{where} shows a host key that {key}.known_hosts does not hold. If the server was set up anew, put "
                f"its key there (ssh-keyscan -p {ssh.port} {ssh.host}); else somebody is in between."
            )
        if isinstance(error, asyncssh.PermissionDenied):
            return ConfigError(
                f"{where} refused the key of {key}.key_file for user '{ssh.user}'. "
                f"Add its public half to ~{ssh.user}/.ssh/authorized_keys there."
            )
        if isinstance(error, asyncssh.KeyImportError):
            return ConfigError(f"{key}.key_file holds no private key without passphrase ({error}). Name one that does.")
        if _about_one_file(error):
            return PeerUnavailableError(f"{where}: {one_line(str(error))}. Is {key}.stats_dir right?")
        if isinstance(error, (OSError, asyncssh.Error, TimeoutError)):
            return PeerUnavailableError(f"{where} is away: {one_line(str(error)) or 'no answer'}.")
        return None


def _about_one_file(error: Exception) -> bool:
    """Tell whether *error* is the SFTP server's answer to one request, which leaves the connection as it was."""
    lost = (library().SFTPConnectionLost, library().SFTPNoConnection)
    return isinstance(error, library().SFTPError) and not isinstance(error, lost)


def library() -> Any:
    """Return asyncssh, which is slow to import: only when a server is reached."""
    import asyncssh

    return asyncssh
