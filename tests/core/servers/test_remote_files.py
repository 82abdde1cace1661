"""Files on a game server that somebody else has prepared: links, pipes, endless folders, requests without an answer."""

import itertools
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncssh
import msgspec
import pytest

from core.config import ServerSection, Ssh
from core.errors import ConfigError, PeerUnavailableError
from core.servers import remote_files
from core.servers import ssh as ssh_module
from core.servers.remote_files import RemoteFiles
from core.servers.ssh import Server
from devkit.game import GameServer
from devkit.game.ssh import _Sftp


@pytest.fixture
async def game(tmp_path: Path) -> AsyncIterator[GameServer]:
    async with GameServer("local", tmp_path / "game", "http://127.0.0.1:1/") as running:
        yield running


@pytest.fixture
async def files(game: GameServer) -> AsyncIterator[RemoteFiles]:
    server = Server("local", ServerSection(ssh=msgspec.convert(game.ssh, Ssh)))
    yield RemoteFiles(server)
    await server.close()


@pytest.fixture
def secret(game: GameServer) -> Path:
    """A file outside of everything that the bot is to touch."""
    place = game.root / "away" / "authorized_keys"
    place.parent.mkdir()
    place.write_text("ssh-ed25519 …")
    return place


def names(folder: Path) -> set[str]:
    return set(os.listdir(folder)) - {"gamestats", "away"}


async def test_what_is_written_is_a_new_file(game: GameServer, files: RemoteFiles, secret: Path) -> None:
    """A link in its place is replaced, the old file's second name keeps the old bytes, and the mode is right."""
    (game.root / "link").symlink_to(secret)
    (game.root / "file").write_text("old")
    os.link(game.root / "file", game.root / "other")

    await files.write("/link", b"new", 0o600)
    await files.write("/file", b"new", 0o600)

    assert secret.read_text() == "ssh-ed25519 …"
    assert (game.root / "other").read_text() == "old"
    for name in ("link", "file"):
        place = game.root / name
        assert stat.S_IMODE(place.lstat().st_mode) == 0o600
        assert place.lstat().st_nlink == 1
        assert place.read_text() == "new"
    assert names(game.root) == {"link", "file", "other"}


@pytest.mark.parametrize("prepare", [Path.symlink_to, Path.hardlink_to], ids=["link", "hard link"])
async def test_a_draft_that_somebody_has_prepared_is_refused(
    game: GameServer, files: RemoteFiles, secret: Path, monkeypatch: pytest.MonkeyPatch, prepare: Callable[..., None]
) -> None:
    """Even whoever guesses a draft's name gets nothing written into his file."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    prepare(game.root / "file.guessed.roundhook-tmp", secret)

    with pytest.raises(ConfigError, match=r"could not write /file .*Look at what lies there"):
        await files.write("/file", b"https://secret", 0o600)

    assert secret.read_text() == "ssh-ed25519 …"
    assert "file" not in names(game.root)


async def test_a_draft_is_closed_before_a_byte_is_in_it(
    game: GameServer, files: RemoteFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can open it between its making and its mode."""
    modes: list[int] = []

    def watched(self: _Sftp, file_obj: object, offset: int, data: bytes) -> object:
        modes.extend(one.stat().st_mode & 0o777 for one in game.root.glob("*.roundhook-tmp"))
        return original(self, file_obj, offset, data)

    original = _Sftp.write
    monkeypatch.setattr(_Sftp, "write", watched)

    await files.write("/file", b"https://secret", 0o600)

    assert modes == [0o600]


async def test_a_failed_draft_is_removed(game: GameServer, files: RemoteFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full in the middle, and a folder in the file's place, leave nothing behind and are named."""
    (game.root / "folder").mkdir()
    (game.root / "folder" / "file").touch()

    def full(self: _Sftp, file_obj: object, offset: int, data: bytes) -> int:
        raise asyncssh.SFTPFailure("No space left on device")

    with pytest.raises(ConfigError, match=r"could not write /folder .*what lies there"):
        await files.write("/folder", b"text", 0o644)
    monkeypatch.setattr(_Sftp, "write", full)
    with pytest.raises(ConfigError, match=r"No space left.*whether the disk is full"):
        await files.write("/file", b"text", 0o644)

    assert names(game.root) == {"folder"}


async def test_only_plain_files_are_read(game: GameServer, files: RemoteFiles, secret: Path) -> None:
    """A pipe, a folder, a link and a file that is too large are none; nothing hangs."""
    os.mkfifo(game.root / "pipe")
    (game.root / "folder").mkdir()
    (game.root / "link").symlink_to(secret)
    (game.root / "large").write_bytes(b"x" * (remote_files.LARGEST + 1))
    (game.root / "file").write_bytes(b"x" * remote_files.LARGEST)

    read = {name: await files.read(f"/{name}") for name in ("pipe", "folder", "link", "large", "none", "none/none")}

    assert set(read.values()) == {None}
    assert len(await files.read("/file") or b"") == remote_files.LARGEST


async def test_a_pipe_that_takes_a_files_place_is_a_peer_that_hangs(
    game: GameServer, files: RemoteFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is exchanged between the look and the reading costs the time limit, not the bot."""
    monkeypatch.setattr(ssh_module, "OPERATION_SECONDS", 0.3)
    os.mkfifo(game.root / "pipe")
    monkeypatch.setattr(_Sftp, "lstat", lambda *_: os.stat(__file__))

    with pytest.raises(PeerUnavailableError, match="no answer"):
        await files.read("/pipe")


@pytest.mark.parametrize("request_", ["open", "read", "list", "stat"])
async def test_a_request_without_an_answer(
    game: GameServer, files: RemoteFiles, monkeypatch: pytest.MonkeyPatch, request_: str
) -> None:
    """Each is given up after the time limit."""
    (game.root / "file").write_text("text")
    await files.read("/file")
    monkeypatch.setattr(ssh_module, "OPERATION_SECONDS", 0.3)
    game.never_answer(request_)

    with pytest.raises(PeerUnavailableError, match="no answer"):
        await (files.scan("/") if request_ == "list" else files.read("/file") if request_ != "stat" else _stat(files))


async def _stat(files: RemoteFiles) -> None:
    async with files._server.sftp() as sftp:
        await sftp.stat("/file")


async def test_a_listing_without_an_end_stops(
    game: GameServer, files: RemoteFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many names, or so many seconds, whichever is first; the connection is as good as before."""
    (game.root / "file").write_text("text")
    whole = await files.scan("/")
    game.claim(lambda: (f"name-{number}" for number in itertools.count()))
    monkeypatch.setattr(remote_files, "MOST_NAMES", 1000)
    many = await files.scan("/")
    monkeypatch.setattr(remote_files, "MOST_NAMES", 10**9)
    monkeypatch.setattr(remote_files, "LISTING_SECONDS", 0.2)
    long = await files.scan("/")

    assert (whole.is_whole, whole.count) == (True, "2")
    assert (many.is_whole, many.count) == (False, "more than 1,000")
    assert not long.is_whole
    assert await files.read("/file") == b"text"


async def test_a_name_that_leads_elsewhere_is_no_name(game: GameServer, files: RemoteFiles) -> None:
    """A server cannot smuggle another folder's file into a listing."""
    game.claim(lambda: ["../etc/server.cfg", "/etc/passwd", "a\0b", "x" * 2000, "good.cfg"])

    assert [one.name for one in await files.entries("/")] == ["gamestats", "good.cfg"]


async def test_a_real_path_has_no_link_in_it(game: GameServer, files: RemoteFiles, secret: Path) -> None:
    """Also of what is not there yet; a link out of all that the server shows is refused, not taken for a new name."""
    (game.root / "scripts").symlink_to("away")
    (game.root / "nowhere").symlink_to("/nowhere/at/all")

    assert await files.real_path("/scripts/authorized_keys") == "/away/authorized_keys"
    assert await files.real_path("/scripts/new/file") == "/away/new/file"
    with pytest.raises(ConfigError, match="/nowhere on local is a link that leads nowhere"):
        await files.real_path("/nowhere/file")
