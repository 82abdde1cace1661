"""Warm, verified connections, against a real SSH server and its troubles."""

import asyncio
import pwd
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import msgspec
import pytest

from core.config import ServerSection, Ssh
from core.errors import ConfigError, PeerUnavailableError
from core.servers import ssh as ssh_module
from core.servers.ssh import MOST_ASKED_FOR, Server
from core.servers.ssh_files import known_hosts
from devkit.game import GameServer


@pytest.fixture
async def game(tmp_path: Path) -> AsyncIterator[GameServer]:
    async with GameServer("local", tmp_path / "game", "http://127.0.0.1:1/") as running:
        (running.root / "a.txt").write_text("stats")
        yield running


@pytest.fixture
async def server(game: GameServer) -> AsyncIterator[Server]:
    made = connected(game)
    yield made
    await made.close()


def connected(game: GameServer, **changed: Any) -> Server:
    settings = msgspec.convert({**game.ssh, **changed}, Ssh)
    return Server("local", ServerSection(ssh=settings))


async def read(server: Server, name: str = "a.txt") -> bytes:
    async with server.sftp() as sftp, sftp.open(f"/{name}", "rb") as file:
        data: bytes = await file.read()
        return data


async def test_one_connection_is_kept_warm(server: Server) -> None:
    """Calls one after the other and at once share it."""
    async with server.sftp() as first:
        pass

    clients = []
    for _ in range(3):
        async with server.sftp() as sftp:
            clients.append(sftp)
    answers = await asyncio.gather(*(read(server) for _ in range(10)))

    assert clients == [first] * 3
    assert answers == [b"stats"] * 10
    assert server._connection is not None
    assert "gcm" in str(server._connection.get_extra_info("send_cipher"))  # the cheap one, where the server has it


async def test_a_wrong_host_key_is_refused(server: Server, game: GameServer) -> None:
    """Also when it changes after the first connection; the message names the setting and the risk."""
    await read(server)

    game.change_host_key()
    await server.close()

    with pytest.raises(ConfigError, match=r"servers\.local\.ssh\.known_hosts.*somebody is in between"):
        await read(server)


async def test_a_refused_key_is_a_setting(game: GameServer, tmp_path: Path) -> None:
    """The message says whose authorized_keys it belongs into; the key itself is not shown."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    file = tmp_path / "other"
    file.write_bytes(key.export_private_key())
    server = connected(game, key_file=str(file))

    with pytest.raises(ConfigError, match=r"refused the key.*authorized_keys"):
        await read(server)


@pytest.mark.parametrize(
    ("setting", "content", "words"),
    [
        ("key_file", None, "key_file is .*cannot be read"),
        ("key_file", "nonsense", "key_file holds no private key"),
        ("key_file", "encrypted", "key_file holds no private key without passphrase"),
        ("known_hosts", None, "known_hosts is .*cannot be read"),
        ("known_hosts", "nonsense", "known_hosts"),
        ("known_hosts", "[127.0.0.1]:22 ssh-ed25519 !!!", "known_hosts"),
    ],
)
async def test_an_unusable_file_is_a_setting(
    setting: str, content: str | None, words: str, game: GameServer, tmp_path: Path
) -> None:
    """Missing, nonsense, or with a passphrase that nobody can type."""
    file = tmp_path / "file"
    if content == "encrypted":
        file.write_bytes(
            asyncssh.generate_private_key("ssh-ed25519").export_private_key("pkcs8-pem", passphrase="secret")
        )
    elif content is not None:
        file.write_text(content)
    server = connected(game, **{setting: str(file)})

    with pytest.raises(ConfigError, match=words):
        await read(server)


def test_a_known_hosts_file_is_read_once_for_all_servers(tmp_path: Path) -> None:
    """Hundreds may share one with a line for each; what is changed in it counts at the next connection."""
    file, key = tmp_path / "known_hosts", asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    file.write_text(f"one {key}")
    ssh = Ssh(host="one", user="et", key_file="", known_hosts=str(file), stats_dir="/")
    first = known_hosts("servers.one.ssh", ssh)

    assert known_hosts("servers.two.ssh", ssh) is first
    file.write_text(f"two {key}")
    assert known_hosts("servers.one.ssh", ssh) is not first


async def test_without_ssh_in_the_config_it_says_what_to_add() -> None:
    """The five keys are named."""
    with pytest.raises(ConfigError, match=r"servers\.local\.ssh is missing.*stats_dir"):
        async with Server("local", ServerSection()).sftp():
            pass


async def test_a_server_that_is_away_is_a_peer_and_comes_back(server: Server, game: GameServer) -> None:
    """Nothing needs to be restarted when it is there again."""
    await read(server)
    await game.outage()
    with pytest.raises(PeerUnavailableError, match="is away"):
        await read(server)
    with pytest.raises(PeerUnavailableError, match="is away"):
        await read(server)

    await game.back()

    assert await read(server) == b"stats"


async def test_a_killed_session_inside_the_block_is_a_peer(server: Server, game: GameServer) -> None:
    """The next call connects anew."""
    with pytest.raises(PeerUnavailableError):
        async with server.sftp() as sftp:
            await game.outage()
            await sftp.listdir("/")
    await game.back()

    assert await read(server) == b"stats"


async def test_a_late_failure_on_the_old_connection_leaves_the_new_one(server: Server, game: GameServer) -> None:
    """Whoever still held the broken connection does not break the one that was made since."""
    with pytest.raises(PeerUnavailableError):
        async with server.sftp() as old:
            await game.outage()
            await game.back()
            await asyncio.gather(_until_broken(old), return_exceptions=True)
            async with server.sftp() as new:
                pass
            await old.listdir("/")

    async with server.sftp() as now:
        assert now is new
        assert now is not old


async def test_a_server_that_hangs_is_a_peer(server: Server, game: GameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block has a limit; after it the connection is made again."""
    await read(server)
    monkeypatch.setattr(ssh_module, "OPERATION_SECONDS", 0.2)
    game.freeze()

    with pytest.raises(PeerUnavailableError, match="is away"):
        await read(server)

    game.thaw()
    monkeypatch.setattr(ssh_module, "OPERATION_SECONDS", 10)
    assert await read(server) == b"stats"


async def test_a_missing_file_keeps_the_connection(server: Server) -> None:
    """An answer about one file is no lost connection."""
    async with server.sftp() as before:
        pass

    with pytest.raises(PeerUnavailableError, match="stats_dir right"):
        await read(server, "missing.txt")

    async with server.sftp() as after:
        assert after is before


async def test_a_bug_in_the_block_is_not_the_servers(server: Server) -> None:
    """What is no error of the connection passes through as it is."""
    with pytest.raises(ZeroDivisionError):
        async with server.sftp():
            1 / 0  # noqa: B018


async def test_closing_twice_is_harmless(server: Server) -> None:
    """And the next call connects anew."""
    await read(server)

    await server.close()
    await server.close()

    assert await read(server) == b"stats"


async def _until_broken(sftp: asyncssh.SFTPClient) -> None:
    while True:
        await sftp.listdir("/")


async def test_so_many_files_are_asked_for_at_most() -> None:
    """Who has a webhook's address may name files that never come: the latest names are kept."""
    server = Server("local", ServerSection())
    for number in range(2 * MOST_ASKED_FOR):
        server.ask_for(f"2026-01-01-{number:06d}-supply-round-1.txt")

    assert len(server.asked_for) == MOST_ASKED_FOR
    assert f"2026-01-01-{2 * MOST_ASKED_FOR - 1:06d}-supply-round-1.txt" in server.asked_for


@pytest.mark.parametrize("host", ["game..example.org", "a" * 64 + ".org", ".org"])
async def test_a_host_that_nothing_is_called(game: GameServer, host: str) -> None:
    """A dot too many is told as what it is, and not as a mistake of the poller's."""
    with pytest.raises(ConfigError, match=r"servers\.local\.ssh\.host is .* Correct it"):
        await read(connected(game, host=host))


async def test_a_user_whom_the_system_does_not_know(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under a number: who the bot's user is matters to nobody here."""

    def unknown(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "")
    monkeypatch.delenv("HOME")

    assert await read(server) == b"stats"
