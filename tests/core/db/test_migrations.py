"""Each migration runs on a database that the version before has filled; a SQLite file is copied first."""

import asyncio
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.db import Database, open_database
from core.db import tables as core_tables
from core.db.ddl import render
from core.db.migrate import CORE, ROOT, Owner, migrate, pending
from core.db.sqlite import SqliteDatabase
from core.db.tables import columns_of
from core.errors import ConfigError
from core.rounds import rollups
from core.rounds import tables as round_tables

OWNERS = [Owner(folder.name, folder) for folder in sorted(ROOT.iterdir()) if list(folder.glob(f"{folder.name}_*.py"))]
STEPS = [(owner, number) for owner in OWNERS for number in range(len(owner.migrations()))]
PER_TABLE = 3


@pytest.mark.parametrize(("owner", "number"), STEPS, ids=lambda one: getattr(one, "name", str(one)))
async def test_on_a_filled_database_of_the_version_before(
    empty_database_url: str, tmp_path: Path, owner: Owner, number: int
) -> None:
    """Every row is still there with the values it had; the newest version's tables can be read; a copy was made."""
    before = _up_to(owner, number, tmp_path / "older")
    async with open_database(empty_database_url) as database:
        if owner != CORE:
            await migrate(database)
        await migrate(database, [before])
        filled = await _fill(database)

        done = await migrate(database, [CORE, owner], backups=tmp_path / "backups")

        assert done == owner.migrations()[number:]
        assert await pending(database, [CORE, owner]) == {}
        for table, rows in filled.items():
            kept = await database.fetch(f"SELECT {', '.join(rows[0])} FROM {table}")
            assert sorted(map(repr, kept)) == sorted(map(repr, rows)), table
        for kind in (*core_tables.TABLES, *round_tables.TABLES):
            await database.fetch(f"SELECT {', '.join(columns_of(kind))} FROM {kind._meta.tablename}")
        copies = list((tmp_path / "backups").glob("*.db")) if (tmp_path / "backups").exists() else []
        assert len(copies) == (database.dialect == "sqlite" and bool(filled))


async def test_broken_off_and_run_again(empty_database_url: str) -> None:
    """A migration that was run, but not noted (the process died between), can be run again on the filled database."""
    async with open_database(empty_database_url) as database:
        await migrate(database)
        filled = await _fill(database)
        for number in range(len(CORE.migrations())):
            await _run_again(database, CORE, number, filled)


@pytest.mark.parametrize(("owner", "number"), [step for step in STEPS if step[0] != CORE])
async def test_a_plugins_broken_off_and_run_again(
    empty_database_url: str, tmp_path: Path, owner: Owner, number: int
) -> None:
    """The same of a plugin's, whose later ones are run then."""
    async with open_database(empty_database_url) as database:
        await migrate(database)
        await migrate(database, [_up_to(owner, number + 1, tmp_path / "older")])
        await _run_again(database, owner, number, await _fill(database))


async def _run_again(database: Database, owner: Owner, number: int, filled: dict[str, list[dict[str, Any]]]) -> None:
    """Forget that a migration has run, and run it: what was *filled* in is there, but for what is worked out of it."""
    name = owner.migrations()[number]
    await database.execute("DELETE FROM migration WHERE name = ?", (name,))

    assert name in await migrate(database, [owner])

    assert await pending(database, [owner]) == {}
    worked_out = {"player_days", "player_totals", "weapon_days", "player_sightings", "name_parts"}
    for table in set(filled) - worked_out:
        kept = (await database.fetch(f"SELECT count(*) AS n FROM {table}"))[0]["n"]
        assert kept == len(filled[table]), (name, table)


async def test_sums_are_filled_from_the_rounds_that_are_there(empty_database_url: str, tmp_path: Path) -> None:
    """The version with players' sums works them out from the rounds of the version before."""
    names = CORE.migrations()
    before = _up_to(CORE, names.index("core_2026_11_22t13_00_00_000000"), tmp_path / "older")
    async with open_database(empty_database_url) as database:
        await migrate(database, [before])
        for number, status in enumerate(("ok", "ok", "aborted"), 1):
            await database.execute(
                "INSERT INTO rounds (id, server, filename, file_sha256, map_name, round_number, played_at, status) "
                f"VALUES ({number}, 'a', '{number}', 'x', 'm', 1, '2025-10-{18 + number} 22:00:00+00:00', '{status}')"
            )
            await database.execute(
                "INSERT INTO player_rounds (round_id, guid, name, raw_name, side, kills) "
                f"VALUES ({number}, 'AAAAAAA1', 'a', 'a', 1, {number}), ({number}, 'BOT00001', 'b', 'b', 3, 9)"
            )

        await migrate(database)

        days = await database.fetch("SELECT day, server, guid, rounds, kills FROM player_days ORDER BY day")
        totals = await database.fetch("SELECT server, guid, rounds, kills, revives_given FROM player_totals")
        assert [tuple(row.values()) for row in days] == [
            ("2025-10-19", "a", "AAAAAAA1", 1, 1), ("2025-10-20", "a", "AAAAAAA1", 1, 2),
        ]  # fmt: skip
        assert [tuple(row.values()) for row in totals] == [("a", "AAAAAAA1", 2, 3, None)]
        assert await rollups.rebuild_rollups(database) == (2, 1)


async def test_rounds_with_bots_are_taken_out_of_the_sums(empty_database_url: str, tmp_path: Path) -> None:
    """What a version before has counted of rounds with a bot on a side is gone; a bot who watched is none."""
    names = CORE.migrations()
    before = _up_to(CORE, names.index("core_2026_11_27t15_00_00_000000"), tmp_path / "older")
    async with open_database(empty_database_url) as database:
        await migrate(database, [before])
        for number, side in enumerate((1, 3), 1):
            await database.execute(
                "INSERT INTO rounds (id, server, filename, file_sha256, map_name, round_number, played_at, status) "
                f"VALUES ({number}, 'a', '{number}', 'x', 'm', 1, '2025-10-{18 + number} 22:00:00+00:00', 'ok')"
            )
            await database.execute(
                "INSERT INTO player_rounds (round_id, guid, name, raw_name, side, kills) "
                f"VALUES ({number}, 'B0000001', 'a', 'a', 1, {number}), ({number}, 'BOT00001', 'b', 'b', {side}, 9)"
            )
        await database.execute("INSERT INTO player_totals (guid, server, rounds, kills) VALUES ('B0000001', 'a', 2, 3)")

        await migrate(database)

        totals = await database.fetch("SELECT guid, server, rounds, kills FROM player_totals")
        assert [tuple(row.values()) for row in totals] == [("B0000001", "a", 1, 2)]
        assert await rollups.rebuild_rollups(database) == (1, 1)


async def test_a_failed_migration_names_itself_and_the_copy(tmp_path: Path) -> None:
    """The database stays as it was, and the error says where its copy is."""
    broken = _up_to(CORE, len(CORE.migrations()), tmp_path / "broken")
    async with open_database(f"sqlite:///{tmp_path / 'a.db'}") as database:
        await migrate(database)
        await _fill(database)
        first, name = CORE.migrations()[0], "core_2099_01_01t00_00_00_000000"
        code = (broken.folder / f"{first}.py").read_text().replace(first, name)
        (broken.folder / f"{name}.py").write_text(code.replace("IF NOT EXISTS stats_files", "stats_files"))

        with pytest.raises(ConfigError, match=r"core_2099.*kept in .*before-migration-.*\.db"):
            await migrate(database, [broken], backups=tmp_path / "backups")

        assert await pending(database, [CORE]) == {}
        assert len(list((tmp_path / "backups").glob("*.db"))) == 1


async def test_a_copy_while_it_is_written_to(tmp_path: Path) -> None:
    """``db backup`` copies a database in use: the copy is whole, and the writers go on."""
    insert = "INSERT INTO sessions (server, started_at, ended_at) VALUES ('a', '2025-01-01', '2025-01-01')"
    async with open_database(f"sqlite:///{tmp_path / 'a.db'}") as database:
        assert isinstance(database, SqliteDatabase)
        await migrate(database)
        await database.execute(insert)

        async def write() -> None:
            for _ in range(50):
                async with database.transaction() as transaction:
                    for _ in range(2):
                        await transaction.execute(insert)

        await asyncio.gather(write(), database.backup(tmp_path / "copy.db"))
        total = (await database.fetch("SELECT count(*) AS n FROM sessions"))[0]["n"]

    async with open_database(f"sqlite:///{tmp_path / 'copy.db'}") as copy:
        count = (await copy.fetch("SELECT count(*) AS n FROM sessions"))[0]["n"]
        assert (await copy.fetch("PRAGMA integrity_check"))[0]["integrity_check"] == "ok"
    assert total == 101
    assert count % 2 == 1
    assert 1 <= count <= 101


def test_ids_are_unique_and_in_order() -> None:
    """Piccolo imports migrations as top-level modules: each id is its file's name, and no two owners share one."""
    ids = [name for owner in OWNERS for name in owner.migrations()]
    assert len(ids) == len(set(ids))
    for owner in OWNERS:
        for name in owner.migrations():
            assert re.search(rf'^ID = "{name}"$', (owner.folder / f"{name}.py").read_text(), re.MULTILINE), name


def test_types_of_both_databases() -> None:
    """One text of DDL becomes each database's own."""
    assert render("CREATE TABLE t (b {bytes})", "sqlite") == "CREATE TABLE t (b BLOB)"
    assert render("CREATE TABLE t (b {bytes})", "postgres") == "CREATE TABLE t (b BYTEA)"


def _up_to(owner: Owner, count: int, folder: Path) -> Owner:
    """Return an owner with only the first *count* migrations."""
    folder.mkdir()
    for name in owner.migrations()[:count]:
        shutil.copy(owner.folder / f"{name}.py", folder)
    return Owner(owner.name, folder)


async def _fill(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Put rows into every table there is; return them as stored."""
    async with database.transaction() as transaction:
        for table in await _tables(database):
            columns = await _columns(database, table)
            for number in range(1, PER_TABLE + 1):
                values = [_value(name, kind, number) for name, kind in columns]
                marks = ", ".join("?" * len(columns))
                names = ", ".join(name for name, _ in columns)
                await transaction.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
    return {table: await database.fetch(f"SELECT * FROM {table}") for table in await _tables(database)}


def _value(name: str, kind: str, number: int) -> Any:
    if "TIME" in kind:
        return datetime(2025, 10, 18 + number, 22, tzinfo=UTC)
    if "BOOL" in kind:
        return number % 2 == 0
    if "BLOB" in kind or "BYTEA" in kind:
        return b"\x00\xff"
    if "TEXT" in kind:
        return {"status": "ok", "server": "local", "guid": f"AAAAAAA{number}"}.get(name, f"{name} {number}")
    return number


async def _tables(database: Database) -> list[str]:
    """Return the tables but those of the migrations themselves, those that others refer to first."""
    if database.dialect == "sqlite":
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    else:
        sql = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    written_by_migrating = {"migration", "plugin_tables", "plugin_migrations", "sums_versions"}
    found = {row["name"] for row in await database.fetch(sql)} - written_by_migrating
    return sorted(found, key=lambda name: (name not in ("rounds", "events", "round_notices", "sessions"), name))


async def _columns(database: Database, table: str) -> list[tuple[str, str]]:
    if database.dialect == "sqlite":
        rows = await database.fetch(f"PRAGMA table_info({table})")
        return [(row["name"], row["type"].upper()) for row in rows]
    rows = await database.fetch(
        "SELECT column_name AS name, data_type AS kind FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name = ? ORDER BY ordinal_position",
        (table,),
    )
    return [(row["name"], row["kind"].upper()) for row in rows]


async def test_a_database_of_a_newer_version_is_refused(empty_database_url: str, tmp_path: Path) -> None:
    """Nothing is run on it, nothing changed; the message says what to do. A copy from before goes on."""
    async with open_database(empty_database_url) as database:
        await migrate(database)
        await database.execute(
            "INSERT INTO migration (name, app_name) VALUES ('core_2099_01_01t00_00_00_000000', 'core')"
        )
        with pytest.raises(ConfigError, match=r"of a newer version \(core_2099_01_01t00_00_00_000000"):
            await migrate(database)
        await database.execute("INSERT INTO migration (name, app_name) VALUES ('another_2099', 'another')")
        await database.execute("DELETE FROM migration WHERE app_name = 'core' AND name LIKE 'core_2099%'")
        assert await migrate(database) == []
