"""A plugin's tables change with its code while it runs: on both databases, all of a migration or nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.table import TABLE_REGISTRY

from core.db import migration_run, open_database
from core.db.shape import shape_of
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import migration, running, until, write_plugin

FIRST, SECOND, THIRD = (f"ledger_2026_01_0{day}t00_00_00_000000" for day in (1, 2, 3))
MADE = "CREATE TABLE ledger_rounds (round_id BIGINT PRIMARY KEY, map_name TEXT, n TEXT DEFAULT 'a')"
TABLES = """
from piccolo.columns import BigInt, Text
from piccolo.table import Table

class Played(Table, tablename="ledger_rounds"):
    round_id = BigInt(primary_key=True)
"""
CODE = """
from roundhook import Plugin, hookimpl
from . import tables

class Ledger(Plugin):
    async def setup(self):
        self.at_setup, self.reads = await tables.Played.count(), 0
        self.ctx.service(self.watch)

    @hookimpl
    async def on_round_imported(self, round):
        await self.ctx.db.execute("INSERT INTO ledger_rounds (round_id) VALUES (?)", (round.round_id,))
        async with self.ctx.db.transaction() as transaction:
            (row,) = await transaction.fetch("SELECT * FROM ledger_rounds WHERE round_id = ?", (round.round_id,))
        assert row["round_id"] == round.round_id

    async def watch(self):
        while True:
            async with self.ctx.db.transaction() as transaction:
                await transaction.fetch("SELECT * FROM ledger_rounds LIMIT 1")
            await self.ctx.db.fetch("SELECT * FROM ledger_rounds LIMIT 1")
            self.reads += 1
"""
QUIET = CODE.replace("        self.ctx.service(self.watch)\n", "")


def write(folder: Path, code: str, version: str, *, tables: str = TABLES, **migrations: str) -> None:
    """Write the plugin, with its first migration and *migrations*, by name."""
    texts = {FIRST: migration(FIRST, MADE), **migrations}
    files = {f"piccolo_migrations/{name}.py": text for name, text in texts.items() if text}
    write_plugin(folder, "ledger", code, version=version, files={"tables.py": tables, **files})


def imported(number: int) -> ImportedRound:
    return ImportedRound(round_id=number, file_sha256=f"{number:064d}")


@contextlib.asynccontextmanager
async def staged(folder: Path, database: str, code: str = QUIET) -> AsyncIterator[Stage]:
    """Give a stage on which version 1 runs."""
    write(folder, code, "1")
    async with Stage(plugins=["ledger"], folders=[folder], database=database) as stage:
        yield stage


async def shape(stage: Stage) -> Any:
    database = stage.app.services.database
    async with database.transaction() as transaction:
        return await shape_of(transaction, database.dialect)


async def test_a_migration_under_load(tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Handlers, a service and open transactions of the running version bear it; nothing is lost, nothing fails."""
    async with staged(tmp_path, database_url, CODE) as stage:
        slot = stage.app.kernel.slots["ledger"]
        await stage.publish(imported(0))
        await stage.settled()
        reloaded = asyncio.Event()

        async def publish() -> int:
            number = 0
            while not reloaded.is_set() or number < 20:
                number += 1
                await stage.publish(imported(number))
            return number

        publishing = asyncio.create_task(publish())
        await until(lambda: running(stage, "ledger").reads > 20)
        wider = TABLES + "    season = BigInt(null=True)\n"
        added = ("ALTER TABLE ledger_rounds ADD COLUMN season BIGINT", "CREATE TABLE ledger_seasons (id BIGINT)")
        code = CODE.replace("(round_id) VALUES (?)", "(round_id, season) VALUES (?, 7)")
        write(tmp_path, code, "2", tables=wider, **{SECOND: migration(SECOND, *added)})
        report = await stage.plugins.reload("ledger")
        reloaded.set()
        count = await publishing
        await stage.settled()

        assert (report.ok, report.version, report.notes) == (True, "2", ())
        assert running(stage, "ledger").at_setup > 0
        rows = await stage.db.fetch("SELECT count(*) AS n, count(season) AS seasons FROM ledger_rounds")
        assert rows[0]["n"] == count + 1
        assert rows[0]["seasons"] > 0
        assert set(slot.stats["on_round_imported"].counts) == {"done"}
        reads = running(stage, "ledger").reads
        await until(lambda: running(stage, "ledger").reads > reads)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


NARROW = {
    "the column ledger_rounds.map_name is gone": "ALTER TABLE ledger_rounds DROP COLUMN map_name",
    "the table ledger_rounds is gone": "ALTER TABLE ledger_rounds RENAME TO ledger_other",
    "the column ledger_rounds.n is gone": "ALTER TABLE ledger_rounds RENAME COLUMN n TO m",
    "a new rule, UNIQUE": "CREATE UNIQUE INDEX ledger_one ON ledger_rounds (map_name)",
    "the migration failed": "ALTER TABLE ledger_rounds ADD COLUMN map_name TEXT",
    "it changes rounds": "CREATE INDEX ledger_on_rounds ON rounds (map_name)",
    "it changes plugin_store": "INSERT INTO plugin_store (plugin, guild_id, key, value) VALUES ('a', 0, 'a', '1')",
}
NARROW_POSTGRES = {
    "ledger_rounds.map_name is BIGINT and was TEXT": "ALTER TABLE ledger_rounds ALTER map_name TYPE BIGINT USING 1",
    "ledger_rounds.map_name takes less: NOT NULL": "ALTER TABLE ledger_rounds ALTER map_name SET NOT NULL",
    "ledger_rounds.m is new, NOT NULL": "ALTER TABLE ledger_rounds ADD COLUMN m BIGINT NOT NULL",
    "a new rule, CHECK": "ALTER TABLE ledger_rounds ADD CHECK (round_id > -1)",
}


async def test_what_fails_or_narrows_leaves_all_as_it_was(tmp_path: Path, database_url: str) -> None:
    """Also what the one before it in the same reload has added; disable and enable can do what a reload cannot."""
    async with staged(tmp_path, database_url) as stage:
        dialect = stage.app.services.database.dialect
        before, plugin = await shape(stage), running(stage, "ledger")
        backups = stage.app.services.config.storage_dir / "backups"
        copies = list(backups.glob("*"))
        added = migration(SECOND, "ALTER TABLE ledger_rounds ADD COLUMN season BIGINT")
        for words, statement in (NARROW | (NARROW_POSTGRES if dialect == "postgres" else {})).items():
            write(tmp_path, QUIET, "2", **{SECOND: added, THIRD: migration(THIRD, statement)})
            report = await stage.plugins.reload("ledger")

            assert words in report.error
            assert f"piccolo_migrations/{THIRD}.py:1" in report.error
            assert "Nothing was changed." in report.error
            assert await shape(stage) == before
            assert running(stage, "ledger") is plugin
        assert list(backups.glob("*")) == copies
        assert await stage.db.fetch("SELECT name FROM migration WHERE app_name = 'ledger'") == [{"name": FIRST}]

        narrow = migration(THIRD, "ALTER TABLE ledger_rounds DROP COLUMN map_name")
        write(tmp_path, QUIET, "2", **{SECOND: added, THIRD: narrow})
        refused = await stage.plugins.reload("ledger")
        assert "In two steps" in refused.error
        await stage.plugins.disable("ledger")
        assert (await stage.plugins.enable("ledger")).ok
        assert "map_name" not in (await shape(stage)).tables["ledger_rounds"]
        (tmp_path / "ledger" / "piccolo_migrations" / f"{THIRD}.py").unlink()
        older = await stage.plugins.reload("ledger")
        assert f"{THIRD} was run on it" in older.error


async def test_what_has_run_is_not_forgotten(tmp_path: Path, database_url: str) -> None:
    """A setup that fails after it, the version before that comes back, an edited file, a table that nobody makes."""
    async with staged(tmp_path, database_url) as stage:
        added = migration(SECOND, "ALTER TABLE ledger_rounds ADD COLUMN season BIGINT")
        write(tmp_path, QUIET.replace("self.at_setup, ", "1 / 0 ; self.at_setup, "), "2", **{SECOND: added})
        failed = await stage.plugins.reload("ledger")
        assert "ZeroDivisionError" in failed.error
        assert f"{SECOND} has been run before, and stays." in failed.error
        await stage.publish(imported(1))
        await stage.settled()

        (tmp_path / "ledger" / "piccolo_migrations" / f"{SECOND}.py").unlink()
        write(tmp_path, QUIET, "1")
        back = await stage.plugins.reload("ledger")
        assert back.ok
        assert back.notes == (f"A newer version of ledger ran {SECOND}, which only added: this one works, too.",)

        edited = migration(FIRST, MADE, "SELECT 1")
        wider = TABLES + "    lost = BigInt()\n\nclass Nowhere(Table, tablename='ledger_nowhere'):\n    pass\n"
        write(tmp_path, QUIET, "3", tables=wider, **{FIRST: edited, SECOND: added})
        report = await stage.plugins.reload("ledger")
        assert report.ok
        (note,) = report.notes
        assert f"{FIRST}.py was edited after it had run" in note
        assert "tables.py:5: the table ledger_rounds has no column lost" in note
        assert "tables.py:9: there is no table ledger_nowhere" in note


async def test_who_holds_a_table_is_waited_for(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL not long, since others wait behind: nothing was changed, and it works when that has ended."""
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has one writer, whose readers never wait")
    monkeypatch.setattr(migration_run, "TRIES", 2)
    async with staged(tmp_path, database_url) as stage, open_database(database_url) as other:
        added = migration(SECOND, "ALTER TABLE ledger_rounds ADD COLUMN season BIGINT")
        write(tmp_path, QUIET, "2", **{SECOND: added})
        async with other.transaction() as transaction:
            await transaction.fetch("SELECT * FROM ledger_rounds")
            refused = await stage.plugins.reload("ledger")
        assert "its tables are in use" in refused.error
        assert (await stage.plugins.reload("ledger")).ok


ORDINARY = """
from __future__ import annotations
import enum, pickle, sys, typing
from dataclasses import dataclass
from piccolo.columns import BigInt, ForeignKey, Text
from piccolo.table import Table
from .names import PREFIX

ME = sys.modules[__name__]

@dataclass
class Total:
    shots: int = 0

class Kind(enum.Enum):
    a = 1

class Row(typing.NamedTuple):
    n: Kind

HINTS = typing.get_type_hints(Row)

class Season(Table, tablename="ledger_season"):
    name = Text()

class Entry(Table, tablename="ledger_entry"):
    season = ForeignKey("Season")
    first = ForeignKey(Season)
"""
USES = """
import pickle
from roundhook import Plugin, hookimpl
from . import tables

class Ledger(Plugin):
    @hookimpl
    async def on_round_imported(self, round):
        assert pickle.loads(pickle.dumps(tables.Kind.a)) is tables.Kind.a
        self.seen = str(tables.Entry.select(tables.Entry.season.name, tables.Entry.first.name))
"""


async def test_tables_are_an_ordinary_module(tmp_path: Path) -> None:
    """Each generation has its own, which says what the file says now, and goes with it."""
    files = {"tables.py": ORDINARY, "names.py": "PREFIX = 'x'\n"}
    write_plugin(tmp_path, "ledger", USES, files=files)
    async with Stage(plugins=["ledger"], folders=[tmp_path]) as stage:
        for number in range(1, 4):
            await stage.publish(imported(number))
            await stage.settled()
            assert "ledger_season" in running(stage, "ledger").seen
            files["tables.py"] += f"X = {number}\n"
            write_plugin(tmp_path, "ledger", USES, files=files)
            assert (await stage.plugins.reload("ledger")).ok
        ours = [one for one in TABLE_REGISTRY if one._meta.tablename.startswith("ledger_")]
        assert len(ours) == 2
    assert [one for one in TABLE_REGISTRY if one._meta.tablename.startswith("ledger_")] == []
