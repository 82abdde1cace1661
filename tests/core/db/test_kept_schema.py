"""What the built-in migrations make of an empty database is kept as SQL: what they make, and used for nothing else."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.db import Database, open_database
from core.db.migrate import CORE, Owner, migrate
from core.db.migration_files import Migration
from core.db.migration_run import table_names
from tests import schema
from tests.postgres_databases import empty_database

ONE_MORE = """
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from core.db.ddl import statements

ID = "core_2030_01_01t00_00_00_000000"

async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="core", description="")
    manager.add_raw(statements("CREATE TABLE one_more (id {id})"))
    return manager
"""


@pytest.fixture
async def other_database_url(
    empty_database_url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[str]:
    """The URL of another empty database of the same kind."""
    if empty_database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'other.db'}"
        return
    async with empty_database(request.getfixturevalue("postgres")) as url:
        yield url


async def test_it_is_what_the_migrations_make(
    empty_database_url: str, other_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables, columns, rules, indexes and notes are the same, also when two processes begin at the same time."""
    async with open_database(empty_database_url) as database:
        with monkeypatch.context() as patch:
            patch.setattr("core.db.migration_run.kept_schema", lambda *_: [])
            await migrate(database, schema.OWNERS)
        one_by_one = await _all_of(database)

    monkeypatch.setattr(Migration, "forwards", None)
    monkeypatch.setattr("core.db.migration_run.TRIES", 1000)  # the second waits however long the first takes
    async with open_database(other_database_url) as database, open_database(other_database_url) as other:
        done = await asyncio.gather(migrate(database, schema.OWNERS), migrate(other, schema.OWNERS))
        at_once = await _all_of(database)

    assert at_once == one_by_one
    assert max(done, key=len) == [name for owner in schema.OWNERS for name in owner.migrations()]


async def test_other_migrations_are_run_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one more, or an edited one, what is kept is not used, and the check says so."""
    more = Owner("core", Path(shutil.copytree(CORE.folder, tmp_path / "core")))
    assert schema.main(["--check"]) == 0
    (more.folder / "core_2030_01_01t00_00_00_000000.py").write_text(ONE_MORE, "utf-8")
    async with open_database(f"sqlite:///{tmp_path / 'more.db'}") as database:
        await migrate(database, [more])
        assert {"one_more", "rounds"} <= await table_names(database)
    monkeypatch.setattr(schema, "OWNERS", [more])
    assert schema.main(["--check"]) == 1
    assert "`make schema`" in capsys.readouterr().err


async def test_what_is_there_already_is_left_to_the_migrations(empty_database_url: str) -> None:
    """A table of theirs, without a note of who has made it, keeps its rows."""
    async with open_database(empty_database_url) as database:
        await database.execute("CREATE TABLE plugin_hooks (plugin TEXT PRIMARY KEY, hooks TEXT NOT NULL)")
        await database.execute("INSERT INTO plugin_hooks VALUES ('mine', '[]')")
        await migrate(database)
        assert await database.fetch("SELECT * FROM plugin_hooks") == [{"plugin": "mine", "hooks": "[]"}]
        assert "rounds" in await table_names(database)


async def _all_of(database: Database) -> tuple[Any, ...]:
    """Return how everything is defined, in its order, what is noted, and how many rows there are."""
    notes = [await schema.records(database, owner.name) for owner in schema.OWNERS]
    counts = {
        table: (await database.fetch(f"SELECT count(*) AS n FROM {table}"))[0]["n"]
        for table in await table_names(database)
    }
    order = [row["name"] for row in await database.fetch("SELECT name FROM migration ORDER BY id")]
    return await schema.definitions(database), notes, counts, order
