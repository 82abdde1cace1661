"""Kinds of SSH servers, keys and known_hosts files: each is read, or told in one message whose remedy works."""

import asyncio
import shlex
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncssh
import msgspec
import pytest

from core.config import ServerSection, Ssh
from core.errors import ConfigError, RoundhookError
from core.servers import ssh as ssh_module
from core.servers.ssh import Server
from devkit.game import GameServer

BOM = b"\xef\xbb\xbf"


@pytest.fixture
async def game(tmp_path: Path) -> AsyncIterator[GameServer]:
    async with GameServer("local", tmp_path / "game", "http://127.0.0.1:1/") as running:
        yield running


async def said_to(ssh: dict[str, Any], **changed: Any) -> str:
    """Return what connecting is told, "" if it works."""
    settings = msgspec.convert({**ssh, **changed}, Ssh)
    server = Server("local", ServerSection(ssh=settings))
    try:
        async with server.sftp() as sftp:
            await sftp.listdir(settings.stats_dir)
    except RoundhookError as error:
        return str(error)
    finally:
        await server.close()
    return ""


async def shell(command: str, *, answer: str = "") -> bytes:
    """Run a command that a message has named; *answer* is typed."""
    process = await asyncio.create_subprocess_exec(
        *shlex.split(command), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, _ = await process.communicate(answer.encode())
    assert process.returncode == 0
    return out


# Keys


def utf16(data: bytes) -> bytes:
    return data.decode().encode("utf-16")


@pytest.mark.parametrize("save", [
    lambda data: BOM + data, utf16, lambda data: data.replace(b"\n", b"\r\n"), lambda data: data.rstrip(),
    lambda data: b"\n \n" + data,
], ids=["mark", "utf-16", "CRLF", "no end", "blank lines"])  # fmt: skip
async def test_a_key_is_read_however_it_was_saved(game: GameServer, save: Callable[[bytes], bytes]) -> None:
    """By an editor on another system, for one; so is known_hosts."""
    for name in ("key_file", "known_hosts"):
        file = Path(game.ssh[name])
        file.write_bytes(save(file.read_bytes()))
    assert await said_to(game.ssh) == ""


async def test_a_key_of_each_form_is_read(game: GameServer, tmp_path: Path) -> None:
    """OpenSSH's, PEM and PKCS8, in text and in bytes."""
    key = asyncssh.read_private_key(game.ssh["key_file"])
    for form in ("openssh", "pkcs8-pem", "pkcs8-der"):
        (tmp_path / "key").write_bytes(key.export_private_key(form))
        assert await said_to(game.ssh, key_file=str(tmp_path / "key")) == ""


def _keys(key: asyncssh.SSHKey) -> dict[str, tuple[bytes, str]]:
    """Return what may lie where a key should, and the words that name it and its remedy."""
    whole = key.export_private_key()
    rsa = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    locked = "it is locked by one, which nobody can type here. Take it off: ssh-keygen -p -N '' -f "
    public = "it is a public key. Name the private one, in most cases the file of that name without .pub."
    cut = "Copy it anew, from its first line of dashes to its last."
    return {
        "locked PEM": (rsa.export_private_key("pkcs1-pem", passphrase="secret"), locked),
        "locked PKCS8": (rsa.export_private_key("pkcs8-pem", passphrase="secret"), locked),
        "public": (key.export_public_key(), public),
        "public RFC4716": (key.export_public_key("rfc4716"), public),
        "public PKCS8": (key.export_public_key("pkcs8-pem"), public),
        "cut off": (whole[:-60], cut),
        "a line lost": (b"\n".join(one for at, one in enumerate(whole.split(b"\n")) if at != 2), cut),
        "empty": (b"", "it is empty. Name another file, or remove it and make one: ssh-keygen"),
        "only a mark": (BOM, "it is empty. Name another file"),
        "text": (b"my key\n", "it is something else. Name another file"),
        "bytes": (b"\xff\x00\x80", "it is something else. Name another file"),
        "PuTTY": (
            b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n",
            "it is one of PuTTY's. Convert it",
        ),
    }


async def test_what_is_no_key_is_named_by_its_kind(game: GameServer, tmp_path: Path) -> None:
    """Each says what it is and what to do; what it holds is not shown."""
    key = asyncssh.read_private_key(game.ssh["key_file"])
    for kind, (data, words) in _keys(key).items():
        (file := tmp_path / "key").write_bytes(data)
        said = await said_to(game.ssh, key_file=str(file))
        assert said.startswith("servers.local.ssh.key_file holds no private key without passphrase: "), kind
        assert words in said, (kind, said)
        assert data[40:60].decode("latin-1") not in said or len(data) < 60, kind


async def test_the_remedies_for_keys_work(game: GameServer, tmp_path: Path) -> None:
    """A passphrase is taken off; a new key is made, and let in."""
    file, key = tmp_path / "key", asyncssh.read_private_key(game.ssh["key_file"])
    file.write_bytes(b"")
    said = await said_to(game.ssh, key_file=str(file))
    file.unlink()
    await shell(said.partition("make one: ")[2] + " -q")
    assert "refused the key of servers.local.ssh.key_file for user" in await said_to(game.ssh, key_file=str(file))

    file.write_bytes(key.export_private_key())
    await shell(f"ssh-keygen -q -p -N secret -f {file}")
    said = await said_to(game.ssh, key_file=str(file))
    await shell(said.partition("Take it off: ")[2] + " -P secret")
    assert await said_to(game.ssh, key_file=str(file)) == ""


# known_hosts


async def test_known_hosts_is_read_however_it_was_written(game: GameServer) -> None:
    """Comments, names without the port, unknown kinds of keys, letters of another encoding, hashed names."""
    file, port = Path(game.ssh["known_hosts"]), game.ssh["port"]
    line = file.read_text()
    await shell(f"ssh-keygen -H -f {file}")
    written = [
        file.read_bytes(), line.replace(f"[127.0.0.1]:{port}", "127.0.0.1").encode(), b"# K\xfcche\n" + line.encode(),
        f"# old\n\n[127.0.0.1]:{port} sk-future@x AAAA\n{line}".encode(), await scanned(game),
        f"*,!10.0.0.1 {line.partition(' ')[2]}".encode(),
    ]  # fmt: skip
    for data in written:
        file.write_bytes(data)
        assert await said_to(game.ssh) == "", data


async def scanned(game: GameServer) -> bytes:
    return await shell(f"ssh-keyscan -p {game.ssh['port']} {game.ssh['host']}")


def _hosts(line: str) -> dict[str, tuple[str, str]]:
    """Return what may stand in known_hosts in place of *line*, and words of the message."""
    name, key = line.strip().split(" ", 1)
    other, rsa = (" ".join(asyncssh.generate_private_key(kind).export_public_key().decode().split()[:2])
                  for kind in ("ssh-ed25519", "ssh-rsa"))  # fmt: skip
    return {
        "empty": ("", "does not hold: there is none for 127.0.0.1."),
        "comments": ("# nothing\n", "does not hold: there is none for 127.0.0.1."),
        "another host": (f"example.org {key}\n", "does not hold: there is none for 127.0.0.1."),
        "a bare key": (f"{key}\n", "does not hold: there is none for 127.0.0.1."),
        "another key": (f"{name} {other}\n", "does not hold. If the server was set up anew, put its key there"),
        "another kind": (f"{name} {rsa}\n", "has no host key of the kinds that servers.local.ssh.known_hosts holds"),
        "an authority": (f"@cert-authority * {key}\n", "has no host key of the kinds"),
        "revoked": (f"@revoked * {key}\n{line}", "marks as @revoked"),
        "one word": (f"{line}nonsense\n", "holds a line that is no host key (Invalid known hosts entry: nonsense)"),
        "a marker": (f"@trusted {line}", "holds a line that is no host key (Invalid known hosts marker: trusted)"),
    }


async def test_what_known_hosts_lacks_is_named_and_mended(game: GameServer) -> None:
    """Nothing is trusted unseen; what ``ssh-keyscan`` gives mends each kind."""
    file = Path(game.ssh["known_hosts"])
    line = file.read_text()
    for kind, (text, words) in _hosts(line).items():
        file.write_text(text)
        said = await said_to(game.ssh)
        assert words in said, (kind, said)
        assert "servers.local.ssh.known_hosts" in said
        if kind != "revoked":
            assert f"ssh-keyscan -p {game.ssh['port']} 127.0.0.1" in said, kind
        assert ("somebody is in between" in said) == ("no host key (" not in said and kind != "revoked"), kind
        file.write_bytes(await scanned(game))
        assert await said_to(game.ssh) == "", kind


# Servers


class _Session(asyncssh.SSHServerSession[bytes]):
    """SFTP that begins with a greeting, as a shell's start files make it."""

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan

    def subsystem_requested(self, subsystem: str) -> bool:
        return True

    def session_started(self) -> None:
        self._channel.write(b"Welcome to puran\n")


class _Greets(asyncssh.SSHServer):
    def session_requested(self) -> _Session:
        return _Session()


class _NoSession(asyncssh.SSHServer):
    def session_requested(self) -> bool:
        return False


class _Password(asyncssh.SSHServer):
    def public_key_auth_supported(self) -> bool:
        return False

    def password_auth_supported(self) -> bool:
        return True


NO_SFTP = "lets 'et' in, but gives no SFTP"


@pytest.mark.parametrize(("options", "words"), [
    ({"server_factory": _Greets, "encoding": None}, (NO_SFTP, "Subsystem sftp internal-sftp")),
    ({"server_factory": _NoSession}, (NO_SFTP, "allow a session (MaxSessions)")),
    ({}, (NO_SFTP, "Subsystem sftp internal-sftp")),
    ({"server_factory": _Password, "authorized_client_keys": None}, ("refused the key", "nothing besides the key")),
    ({"kex_algs": ["diffie-hellman-group1-sha1"]}, ("not safe any more", "Update its SSH server.")),
    ({"encryption_algs": ["3des-cbc"]}, ("not safe any more (No matching encryption", "3des-cbc", "Update its")),
], ids=["greets", "no session", "no SFTP", "password", "old exchange", "old cipher"])  # fmt: skip
async def test_a_server_of_another_kind(game: GameServer, options: dict[str, Any], words: tuple[str, ...]) -> None:
    """It answers, so it is not away; what it lacks is named."""
    key, host = asyncssh.read_private_key(game.ssh["key_file"]), asyncssh.generate_private_key("ssh-ed25519")
    trusted = asyncssh.import_authorized_keys(key.export_public_key().decode())
    options = {"authorized_client_keys": trusted, **options}
    async with await asyncssh.listen("127.0.0.1", 0, server_host_keys=[host], **options) as listening:
        port = listening.get_port()
        Path(game.ssh["known_hosts"]).write_text(f"[127.0.0.1]:{port} {host.export_public_key().decode()}")
        said = await said_to(game.ssh, port=port)
    assert all(word in said for word in words), said
    assert "is away" not in said


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-1.5-old\r\n", b"Exceeded\r\n"])
async def test_what_speaks_no_ssh_is_away(game: GameServer, greeting: bytes) -> None:
    """Another service on that port, or one that is full."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as other:
        said = await said_to(game.ssh, port=other.sockets[0].getsockname()[1])
    assert " is away: " in said


async def test_a_server_that_says_nothing_is_away(game: GameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for, and not for ever."""
    monkeypatch.setattr(ssh_module, "CONNECT_SECONDS", 0.2)

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as other:
        said = await said_to(game.ssh, port=other.sockets[0].getsockname()[1])
    assert " is away: " in said


async def test_names_and_folders_that_are_not_there(game: GameServer) -> None:
    """Each names its setting; ``~`` is not what a shell makes of it."""
    assert "Is servers.local.ssh.host right?" in await said_to(game.ssh, host="no-such-host.invalid")
    assert "Is servers.local.ssh.stats_dir right?" in await said_to(game.ssh, stats_dir="/nowhere")
    assert "Write the whole path: ~ means nothing there." in await said_to(game.ssh, stats_dir="~/stats")
    with pytest.raises(ConfigError, match=r"key_file is '/nowhere', which cannot be read \(No such file"):
        raise ConfigError(await said_to(game.ssh, key_file="/nowhere"))
