"""The database goes away while the bot runs: one line when it goes, one when it is back, nothing lost."""

import asyncio
import contextlib
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.db import open_database
from core.db.sqlite import SqliteDatabase
from core.errors import PeerUnavailableError
from core.rounds.events import ImportedRound
from core.shown import LeaveOutageUntold
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugin_maker import recorder, running, write_plugin

COUNT = 20


class Lines(logging.Handler):
    """What the terminal would show."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.addFilter(LeaveOutageUntold())
        self.shown: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.shown.append(f"{record.levelname} {record.getMessage()}")

    @property
    def troubled(self) -> list[str]:
        return [line for line in self.shown if line.startswith(("WARNING", "ERROR"))]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


class Cable:
    """What lies between a client and PostgreSQL's socket, and can be pulled out."""

    def __init__(self, folder: Path, target: str) -> None:
        self.path, self._target = folder / ".s.PGSQL.5432", target
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()

    async def plug_in(self) -> None:
        self._server = await asyncio.start_unix_server(self._carry, self.path)

    async def pull_out(self) -> None:
        assert self._server is not None
        self._server.close()
        self.path.unlink(missing_ok=True)
        for end in list(self._ends):
            end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._target)
        self._ends |= {writer, back}
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        self._ends -= {writer, back}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_postgres_is_away_for_a_while(database_url: str, tmp_path: Path, lines: Lines) -> None:
    query = urlsplit(database_url)
    folder = dict(part.split("=") for part in query.query.split("&")).get("host")
    if folder is None:
        pytest.skip("the server is reached without a socket file")
    cable = Cable(tmp_path, f"{folder}/.s.PGSQL.5432")
    await cable.plug_in()
    write_plugin(tmp_path / "plugins", "seen", recorder())
    async with Stage(
        ["seen"], folders=[tmp_path / "plugins"], database=database_url.replace(folder, str(tmp_path))
    ) as stage:
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await stage.settled()
        await cable.pull_out()
        refused = 0
        for number in range(COUNT):
            try:
                await stage.publish(ImportedRound(round_id=100 + number, file_sha256="x"))
            except PeerUnavailableError:
                refused += 1
        during = list(lines.troubled)
        await cable.plug_in()
        for number in range(COUNT):
            await stage.publish(ImportedRound(round_id=100 + number, file_sha256="x"))
        await stage.settled()
        assert len(running(stage, "seen").seen) == COUNT + 1
        await back(stage, lines)
    await cable.pull_out()

    assert refused == COUNT
    assert len(during) == 1, during
    assert "The connection to PostgreSQL broke" in during[0]
    assert len(lines.troubled) == 2


async def back(stage: Stage, lines: Lines) -> None:
    """Write until that is told."""
    async with asyncio.timeout(PATIENCE):
        while not any("answers again" in line for line in lines.troubled):
            await stage.db.execute("UPDATE events SET owner = owner")


async def test_a_full_disk(tmp_path: Path, lines: Lines) -> None:
    write_plugin(tmp_path / "plugins", "seen", recorder())
    async with Stage(["seen"], folders=[tmp_path / "plugins"]) as stage:
        database = stage.db
        assert isinstance(database, SqliteDatabase)
        writer = database.engine.writer
        await asyncio.wrap_future(writer.submit(lambda one: one.execute("PRAGMA max_page_count = 1").fetchall()))
        refused = 0
        for number in range(COUNT):
            try:
                await stage.publish(ImportedRound(round_id=number, file_sha256="x" * 60_000))
            except PeerUnavailableError as error:
                refused += "Make room" in str(error)
        during = list(lines.troubled)
        await asyncio.wrap_future(writer.submit(lambda one: one.execute("PRAGMA max_page_count = 100000").fetchall()))
        for number in range(COUNT):
            await stage.publish(ImportedRound(round_id=number, file_sha256="x" * 60_000))
        await stage.settled()
        assert len(running(stage, "seen").seen) == COUNT
        await back(stage, lines)

    assert refused > COUNT // 2
    assert len(during) == 1, during
    assert len(lines.troubled) == 2


async def test_a_folder_that_is_deleted_is_written_anew(tmp_path: Path) -> None:
    """What was stored before, and after, is in the new file."""
    folder = tmp_path / "kept"
    folder.mkdir()
    async with open_database(f"sqlite:///{folder / 'x.db'}") as database:
        await database.execute("CREATE TABLE t (n)")
        await database.execute("INSERT INTO t VALUES (1)")
        assert await database.is_there()
        shutil.rmtree(folder)
        await database.execute("INSERT INTO t VALUES (2)")
        assert await database.is_there()
        await database.execute("INSERT INTO t VALUES (3)")
        assert [row["n"] for row in await database.fetch("SELECT n FROM t ORDER BY n")] == [1, 2, 3]
    with contextlib.closing(sqlite3.connect(folder / "x.db")) as after:
        assert after.execute("SELECT n FROM t ORDER BY n").fetchall() == [(1,), (2,), (3,)]


async def test_another_file_in_its_place_is_not_overwritten(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'x.db'}") as database:
        await database.execute("CREATE TABLE t (n)")
        for one in tmp_path.glob("x.db*"):
            one.unlink()
        (tmp_path / "x.db").write_text("another")

        assert not await database.is_there()
    assert (tmp_path / "x.db").read_text() == "another"
