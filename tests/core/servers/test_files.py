"""Fetched bytes are kept whole, by hash, until they are imported."""

import asyncio
import os
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from core.clock import Clock
from core.db import Database
from core.errors import BadInputError, PeerUnavailableError
from core.rounds.files import Files
from core.servers import files as files_module
from tests.patience import PATIENCE

NAME = "2026-01-02-030405-supply-round-1.txt"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - only a folder of our own in it is used


@pytest.fixture
def files(tmp_path: Path, database: Database) -> Files:
    return Files(tmp_path / "files", database, Clock())


async def test_what_was_put_is_read(files: Files) -> None:
    """The event tells name, size, hash and kind; reading needs only the event."""
    event = await files.put("puran", NAME, b"stats")

    assert (event.filename, event.size, event.kind, event.trigger) == (NAME, 5, "round", "poll")
    assert await files.read(event) == b"stats"


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", "a\0b", "a\nb", "x" * 201])
async def test_a_name_that_is_no_plain_file_name_is_refused(files: Files, name: str, tmp_path: Path) -> None:
    """Names come from outside; nothing is written for an odd one."""
    with pytest.raises(BadInputError, match="file name"):
        await files.put("puran", name, b"stats")

    assert not (tmp_path / "files").exists()


async def test_a_file_that_is_too_large_is_refused(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was fetched or lies on the disk; the limit is in the message."""
    monkeypatch.setattr(files_module, "MAX_BYTES", 10)
    large = tmp_path / NAME
    large.write_bytes(b"x" * 11)

    with pytest.raises(BadInputError, match="at most 10"):
        await files.put("puran", NAME, b"x" * 11)
    with pytest.raises(BadInputError, match="at most 10"):
        await files.in_place("puran", large)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (Path.mkdir, "is a folder, no plain file"),
        (os.mkfifo, "is a named pipe, no plain file"),
        (lambda path: path.symlink_to("nowhere"), "is a link that leads nowhere, no plain file"),
        (lambda path: path.symlink_to(path.name), "is a link that leads nowhere, no plain file"),
        (lambda path: path.symlink_to("/"), "is a folder, no plain file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device, no plain file"),
        (lambda path: path.symlink_to("/proc/self/mem"), "cannot be read"),
    ],
)
async def test_what_only_has_the_name_of_a_file_is_refused(
    files: Files, tmp_path: Path, make: Callable[[Path], object], says: str
) -> None:
    """Folders, pipes, devices, broken links and what the system will not read: named, with the reason, at once."""
    make(tmp_path / NAME)

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(BadInputError, match=f"{NAME} {says}"):
            await files.in_place("local", tmp_path / NAME)


async def test_a_link_to_a_file_is_followed(files: Files, tmp_path: Path) -> None:
    """It is the file that it leads to, under its own name."""
    (tmp_path / "kept").write_bytes(b"stats")
    (tmp_path / NAME).symlink_to("kept")

    event = await files.in_place("local", tmp_path / NAME)

    assert (event.filename, event.size, await files.read(event)) == (NAME, 5, b"stats")


async def test_a_file_with_more_in_it_than_it_says_is_read_whole(files: Files, tmp_path: Path) -> None:
    """One that grows while it is read, or of a file system that knows no sizes."""
    told = Path("/proc/self/cmdline")
    if not told.exists() or told.stat().st_size:
        pytest.skip("no file here that says it is empty and is not")
    (tmp_path / NAME).symlink_to(told)

    event = await files.in_place("local", tmp_path / NAME)

    assert event.size == len(told.read_bytes()) > 1


async def test_a_file_that_has_become_a_pipe_is_gone(files: Files, tmp_path: Path) -> None:
    """What was announced is read again later; it does not hang then either."""
    path = tmp_path / NAME
    path.write_bytes(b"stats")
    event = await files.in_place("local", path)
    path.unlink()
    os.mkfifo(path)

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(PeerUnavailableError, match="Fetch it again"):
            await files.read(event)


async def test_a_time_outside_the_calendar_is_unknown(files: Files) -> None:
    """Some file systems keep any number as a file's time."""
    if not IN_MEMORY.is_dir():
        pytest.skip(f"no file system at {IN_MEMORY}, which would keep such a time")
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        path = Path(folder, NAME)
        path.write_bytes(b"stats")
        os.utime(path, (1e13, 1e13))

        assert (await files.in_place("local", path)).modified_at is None


async def test_a_file_is_there_whole_or_not_at_all(files: Files, tmp_path: Path) -> None:
    """A disk that is full in the middle leaves nothing, and no other file either."""
    with mock.patch("os.fsync", side_effect=OSError(28, "No space left")), pytest.raises(OSError, match="No space"):
        await files.put("puran", NAME, b"stats")

    assert list((tmp_path / "files").iterdir()) == []


async def test_discarded_bytes_come_from_the_database(files: Files, database: Database, tmp_path: Path) -> None:
    """After the import the copy in stats_files is the only one; the same bytes under another name have it too."""
    first = await files.put("puran", NAME, b"stats")
    second = await files.put("puran", NAME.replace("supply", "copy"), b"stats")
    await database.execute(
        "INSERT INTO stats_files (server, filename, sha256, kind, content, state, fetched_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        ("puran", NAME, first.sha256, "round", zlib.compress(b"stats"), "imported", first.fetched_at),
    )

    await files.discard(first)
    await files.discard(first)

    assert list((tmp_path / "files").iterdir()) == []
    assert await files.read(first) == b"stats"
    assert await files.read(second) == b"stats"


async def test_bytes_that_are_gone_are_told(files: Files) -> None:
    """The delivery is tried again, which fetches nothing by itself: the message says what to do."""
    event = await files.put("puran", NAME, b"stats")
    await files.discard(event)

    with pytest.raises(PeerUnavailableError, match="Fetch it again"):
        await files.read(event)


async def test_a_file_in_place_is_read_where_it_lies(files: Files, tmp_path: Path) -> None:
    """Nothing is copied; one that has changed since is not taken for what was announced."""
    path = tmp_path / NAME
    path.write_bytes(b"stats")
    event = await files.in_place("local", path)

    assert event.trigger == "import"
    assert await files.read(event) == b"stats"
    assert not (tmp_path / "files").exists()
    path.write_bytes(b"other")
    with pytest.raises(PeerUnavailableError):
        await files.read(event)
    with pytest.raises(BadInputError, match="cannot be read"):
        await files.in_place("local", tmp_path / "missing.txt")


async def test_a_damaged_copy_is_not_taken(files: Files, tmp_path: Path) -> None:
    """What does not have the hash any more is as good as gone."""
    event = await files.put("puran", NAME, b"stats")
    (tmp_path / "files" / event.sha256).write_bytes(b"stat")

    with pytest.raises(PeerUnavailableError):
        await files.read(event)


async def test_the_same_bytes_may_be_put_at_once(files: Files) -> None:
    """Two fetchers do not disturb each other."""
    events = await asyncio.gather(*(files.put("puran", NAME, b"stats") for _ in range(20)))

    assert {event.key for event in events} == {events[0].key}
    assert await files.read(events[0]) == b"stats"
