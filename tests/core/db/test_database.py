"""Both databases behind one face."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from piccolo.columns import Array, Serial, Text, Timestamptz, Varchar
from piccolo.table import Table

from core.db import Database, open_database
from core.db import tables as core_tables
from core.db.migrate import CORE, migrate, pending
from core.db.sqlite import SqliteDatabase
from core.db.tables import columns_of
from core.db.writes import upserts
from core.errors import PeerUnavailableError, PluginError
from core.rounds import tables as round_tables
from core.rounds.tables import Session
from tests.plugin_maker import idle, until
from tests.postgres_databases import MigratedDatabases

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
INSERT_ODD = "INSERT INTO odd_things (id, name) VALUES (?, ?)"
INSERT = "INSERT INTO sessions (server, started_at, ended_at) VALUES (?, ?, ?) RETURNING id"


async def test_migrated_tables_have_the_columns_of_the_classes(database: Database) -> None:
    """The migrations and the table classes name the same columns."""
    for table in (*core_tables.TABLES, *round_tables.TABLES):
        await database.execute(f"INSERT INTO {table._meta.tablename} SELECT * FROM {table._meta.tablename}")
        assert await table.select() == []
        assert await database.fetch(f"SELECT {', '.join(columns_of(table))} FROM {table._meta.tablename}") == []


async def test_migrating_twice_does_nothing(database: Database) -> None:
    """What has been run is not run again."""
    assert await migrate(database) == []
    assert await pending(database, [CORE]) == {}


async def test_times_come_back_as_aware_utc(database: Database) -> None:
    """A time is the same instant, aware and in UTC, through SQL and through Piccolo."""
    await database.execute(INSERT, ("a", MOMENT, MOMENT))

    assert (await database.fetch("SELECT started_at FROM sessions"))[0]["started_at"] == MOMENT
    assert (await Session.select(Session.ended_at))[0]["ended_at"].utcoffset().total_seconds() == 0


async def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    """An exception rolls back what was written before it."""
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as transaction:
            await transaction.fetch(INSERT, ("a", MOMENT, MOMENT))
            raise ZeroDivisionError

    assert await database.fetch("SELECT id FROM sessions") == []


async def test_what_was_undone_is_not_told_as_committed(database: Database) -> None:
    """PostgreSQL undoes a transaction of which a statement has failed, and answers its commit without an error."""
    await database.execute("CREATE TABLE kept (number INTEGER PRIMARY KEY)")
    undone = pytest.raises(PluginError, match="has undone all of it")
    with undone if database.dialect == "postgres" else contextlib.nullcontext():
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO kept VALUES (1)")
            with pytest.raises((sqlite3.IntegrityError, asyncpg.UniqueViolationError)):
                await transaction.execute("INSERT INTO kept VALUES (1)")

    kept = await database.fetch("SELECT number FROM kept")
    assert kept == ([] if database.dialect == "postgres" else [{"number": 1}])
    async with database.transaction() as transaction:
        await transaction.execute("INSERT INTO kept VALUES (2)")


@pytest.mark.parametrize("error", [FileNotFoundError("no map"), TimeoutError(), ConnectionResetError("a game server")])
async def test_what_a_block_raises_of_its_own_is_no_outage(database: Database, error: OSError) -> None:
    """A file that is missing while something is written is not told as a database that does not answer."""
    with pytest.raises(type(error)) as raised:
        async with database.transaction():
            raise error

    assert raised.value is error


@pytest.mark.parametrize("begins", ["BEGIN", "begin immediate", "SAVEPOINT mine", "COMMIT", "ROLLBACK"])
async def test_who_begins_by_execute_takes_nobodys_rows_along(database: Database, begins: str) -> None:
    """A transaction that a statement opens ends with it: what others write then is stored, in one or without."""
    with contextlib.suppress(sqlite3.OperationalError, asyncpg.PostgresError):
        await database.execute(begins)
    await database.execute(INSERT, ("a", MOMENT, MOMENT))
    async with database.transaction() as transaction:
        await transaction.fetch(INSERT, ("b", MOMENT, MOMENT))

    rows = await database.fetch("SELECT server FROM sessions ORDER BY server")
    assert [row["server"] for row in rows] == ["a", "b"]


async def test_a_plugin_cannot_make_what_is_committed_less_safe(tmp_path: Path) -> None:
    """A setting of SQLite that holds for all who write is not taken from an execute."""
    async with open_database(f"sqlite:///{tmp_path}/own.db") as database:
        with contextlib.suppress(sqlite3.OperationalError):
            await database.execute("PRAGMA synchronous=OFF")
        await database.execute("PRAGMA foreign_keys=0")

        async with database.transaction() as transaction:
            assert await transaction.fetch("PRAGMA synchronous") == [{"synchronous": 2}]
            assert await transaction.fetch("PRAGMA foreign_keys") == [{"foreign_keys": 1}]


async def test_a_cancelled_transaction_leaves_nothing_and_lets_the_next_one_in(database: Database) -> None:
    """Cancellation at any statement undoes the transaction and frees the writer."""
    for steps in range(6):
        task = asyncio.create_task(_write_three(database))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    await _write_three(database)

    count = (await database.fetch("SELECT count(*) AS n FROM sessions"))[0]["n"]
    assert count % 3 == 0
    assert count >= 3


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT count(*) AS n FROM n"


async def test_reads_without_an_end_are_ended_when_they_are_cancelled(database: Database) -> None:
    """More than there are readers: who asks next is answered."""
    for _ in range(5):
        await _cancelled(database, database.fetch(ENDLESS))

    assert await database.fetch("SELECT 1 AS one") == [{"one": 1}]


async def test_a_write_without_an_end_is_ended_when_it_is_cancelled(database: Database) -> None:
    """By itself and in a transaction: it is undone, and who writes next is let in."""
    endless = f"INSERT INTO sessions (server, started_at, ended_at) SELECT CAST(n AS TEXT), ?, ? FROM ({ENDLESS}) AS n"

    async def within() -> None:
        async with database.transaction() as transaction:
            await transaction.fetch(INSERT, ("undone", MOMENT, MOMENT))
            await transaction.execute(endless, (MOMENT, MOMENT))

    async def reading_within() -> None:
        async with database.transaction() as transaction:
            await transaction.fetch(INSERT, ("undone", MOMENT, MOMENT))
            await database.fetch(ENDLESS)

    for work in (database.execute(endless, (MOMENT, MOMENT)), within(), reading_within()):
        await _cancelled(database, work)
        await database.execute(INSERT, ("done", MOMENT, MOMENT))

    rows = await database.fetch("SELECT server FROM sessions")
    assert [row["server"] for row in rows] == ["done"] * 3


async def _cancelled(database: Database, work: Coroutine[Any, Any, Any]) -> None:
    """Cancel *work* while the database is at it."""
    task = asyncio.create_task(work)
    await idle()
    if isinstance(database, SqliteDatabase):
        threads = [one._worker for one in (database.engine.writer, *database.engine._readers)]
        await until(lambda: all(one._queue.empty() for one in threads))
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_concurrent_read_then_write_loses_nothing(database: Database) -> None:
    """Many tasks that read and then write inside a transaction all succeed."""
    await database.execute(INSERT, ("0", MOMENT, MOMENT))

    async def increment() -> None:
        async with database.transaction() as transaction:
            value = (
                await transaction.fetch(
                    "SELECT server FROM sessions FOR UPDATE"
                    if database.dialect == "postgres"
                    else "SELECT server FROM sessions"
                )
            )[0]["server"]
            await transaction.execute("UPDATE sessions SET server = ?", (str(int(value) + 1),))

    await asyncio.gather(*(increment() for _ in range(40)))

    assert (await database.fetch("SELECT server FROM sessions"))[0]["server"] == "40"


class Odd(Table, tablename="odd_things"):
    """What rows can be made of."""

    id = Serial(null=False, primary_key=True)
    name = Varchar(length=5)
    parts = Array(base_column=Text())
    at = Timestamptz(null=True)


@pytest.mark.parametrize("many", [1, 3, 500])
async def test_rows_of_any_kind_and_number_are_inserted(database: Database, many: int) -> None:
    """With ids of their own, arrays, and nothing in a column; many and few, of which PostgreSQL is told otherwise."""
    array, counted = ("TEXT[]", "SERIAL") if database.dialect == "postgres" else ("TEXT", "INTEGER")
    sql = f"CREATE TABLE odd_things (id {counted} PRIMARY KEY, name VARCHAR(5), parts {array}, at TIMESTAMPTZ)"
    async with database.transaction() as transaction:
        await transaction.execute(sql)
        rows = [(number, f"n{number}", None if number % 2 else MOMENT) for number in range(many)]
        await transaction.insert(Odd, ("id", "name", "at"), rows)
        arrays = [(-2, "arr", ["a", "b"])] if database.dialect == "postgres" else []
        await transaction.insert(Odd, ("id", "name", "parts"), arrays)
        kept = "ON CONFLICT (id) DO UPDATE SET name = excluded.name"
        await transaction.together(upserts(database.dialect, Odd, ("id", "name"), [(0, "new"), (-1, "older")], kept))

    found = await database.fetch("SELECT id, name, at FROM odd_things WHERE parts IS NULL ORDER BY id")
    names = ["older", "new", *(f"n{number}" for number in range(1, many))]
    assert [row["name"] for row in found] == names
    assert [row["at"] for row in found[1:]] == [None if number % 2 else MOMENT for number in range(many)]
    if database.dialect == "postgres":
        assert await database.fetch("SELECT parts FROM odd_things WHERE name = 'arr'") == [{"parts": ["a", "b"]}]
        for writes in (upserts("postgres", Odd, ("id", "name"), [(-3, "too long")]), [(INSERT_ODD, (-3, "too long"))]):
            with pytest.raises(asyncpg.StringDataRightTruncationError):
                await database.together(writes)


async def test_a_transaction_that_is_kept_reaches_nothing_after_its_block(database: Database) -> None:
    """Neither alone nor while another one is open, nor that of a block within another's: it says what to do."""
    async with database.transaction() as outer:
        async with database.transaction() as inner:
            await inner.fetch(INSERT, ("inner", MOMENT, MOMENT))
        with pytest.raises(PluginError, match="Open another one"):
            await inner.fetch(INSERT, ("late", MOMENT, MOMENT))
        await outer.fetch(INSERT, ("outer", MOMENT, MOMENT))
    async with database.transaction():
        for late in (
            outer.fetch(INSERT, ("late", MOMENT, MOMENT)),
            outer.execute("DELETE FROM sessions"),
            outer.execute_many("DELETE FROM sessions WHERE server = ?", [("inner",)]),
            outer.insert(Session, ("server", "started_at", "ended_at"), [("late", MOMENT, MOMENT)]),
            outer.together([("DELETE FROM sessions", ())]),
        ):
            with pytest.raises(PluginError, match="used after its block"):
                await late

    rows = await database.fetch("SELECT server FROM sessions ORDER BY server")
    assert [row["server"] for row in rows] == ["inner", "outer"]


async def test_tasks_that_a_transaction_waits_for_take_turns_in_it(database: Database) -> None:
    """They read and write in it at the same time; ``fetch`` of the database may not write there for any of them."""
    async with database.transaction() as transaction:

        async def write(number: int) -> None:
            await transaction.fetch(INSERT, (str(number), MOMENT, MOMENT))
            assert await database.fetch("SELECT server FROM sessions WHERE server = ?", (str(number),))
            await transaction.execute_many("UPDATE sessions SET ended_at = ? WHERE server = ?", [(MOMENT, str(number))])
            await transaction.insert(Session, ("server", "started_at", "ended_at"), [(str(-number), MOMENT, MOMENT)])
            assert await Session.count().where(Session.server == str(number)) == 1
            async with database.transaction(alone=True) as within:
                await within.execute("UPDATE sessions SET started_at = ? WHERE server = ?", (MOMENT, str(number)))

        await asyncio.gather(*(write(number) for number in range(1, 21)))
        refused, none = await asyncio.gather(database.fetch("DELETE FROM sessions"), write(21), return_exceptions=True)
        assert isinstance(refused, PluginError)
        assert none is None

    servers = {row["server"] for row in await database.fetch("SELECT server FROM sessions")}
    assert servers == {*map(str, range(-21, 22))} - {"0"}


async def test_piccolo_takes_part_in_the_transaction(database: Database) -> None:
    """A Piccolo query inside a transaction is rolled back with it."""
    with pytest.raises(ZeroDivisionError):
        async with database.transaction():
            await Session(server="a", started_at=MOMENT, ended_at=MOMENT).save()
            assert await Session.count() == 1
            raise ZeroDivisionError

    assert await Session.count() == 0


async def test_fetch_only_reads_outside_and_inside_a_transaction(database: Database) -> None:
    """What writes by ``fetch`` is refused with the remedy and writes nothing; ``transaction.fetch`` may."""
    await database.execute(INSERT, ("a", MOMENT, MOMENT))
    writing = [
        "UPDATE sessions SET server = 'b' RETURNING server",
        "DELETE FROM sessions",
        "INSERT INTO sessions (server, started_at, ended_at) SELECT server, started_at, ended_at FROM sessions",
    ]
    if database.dialect == "postgres":
        await database.execute("CREATE FUNCTION forget() RETURNS INT LANGUAGE SQL AS 'DELETE FROM sessions; SELECT 1'")
        writing += [
            "WITH gone AS (DELETE FROM sessions RETURNING id) SELECT count(*) FROM gone",
            "SELECT forget()",
            "SELECT nextval('sessions_id_seq')",
        ]
    else:
        writing.append("WITH one AS (SELECT id FROM sessions) DELETE FROM sessions WHERE id IN (SELECT id FROM one)")

    async def refused() -> None:
        for statement in writing:
            with pytest.raises(PluginError, match=r"fetch\(\) only reads, and this writes: .*transaction\.fetch"):
                await database.fetch(statement)
        assert [row["server"] for row in await database.fetch("SELECT server FROM sessions")] == ["a"]

    await refused()
    async with database.transaction() as transaction:
        await refused()
        assert await transaction.fetch("UPDATE sessions SET server = 'c' RETURNING server") == [{"server": "c"}]
        assert await database.fetch("SELECT server FROM sessions") == [{"server": "c"}]
    assert await database.fetch("SELECT server FROM sessions") == [{"server": "c"}]


async def _write_three(database: Database) -> None:
    async with database.transaction() as transaction:
        for _ in range(3):
            await transaction.fetch(INSERT, ("a", MOMENT, MOMENT))


async def test_a_connection_is_reset_where_something_can_be_left_in_it(postgres_databases: MigratedDatabases) -> None:
    """A setting or a lock of one user is gone for the next; after plain statements there is nothing to be reset."""
    async with postgres_databases.database() as url, open_database(url) as database:

        async def left_over() -> list[Any]:
            ours = "(SELECT oid FROM pg_database WHERE datname = current_database())"  # the server is others' too
            locks = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = {ours}"
            async with database.transaction() as transaction:
                (row,) = await transaction.fetch(f"SELECT current_setting('work_mem') AS mem, ({locks}) AS n")
            return [*row.values()]

        before = await left_over()
        for statement in (
            "SET work_mem = '1234kB'", "SELECT set_config('work_mem', '1234kB', false)", "SELECT 1; SET work_mem = 77",
            "SELECT pg_advisory_lock(5)", "UPDATE pg_settings SET setting = '1234' WHERE name = 'work_mem'",
        ):  # fmt: skip
            await database.execute(statement)
            assert await left_over() == before, statement
        await database.fetch("SELECT set_config('work_mem', '1234kB', false)")
        assert (await database.fetch("SELECT current_setting('work_mem') AS mem"))[0]["mem"] == before[0]


async def test_what_is_temporary_ends_with_its_transaction(database: Database) -> None:
    """The next one makes its own under the same name, and nothing happens to others' rows."""
    for number in range(3):
        async with database.transaction() as transaction:
            await transaction.execute("CREATE TEMP TABLE mine (number BIGINT)")
            await transaction.execute('CREATE TEMP VIEW "my ""odd"" view" AS SELECT number FROM mine')
            await transaction.execute("INSERT INTO mine VALUES (?)", (number,))
            if database.dialect == "sqlite":
                await transaction.execute(
                    "CREATE TEMP TRIGGER all_mine AFTER INSERT ON main.sessions BEGIN DELETE FROM sessions; END"
                )
            assert await transaction.fetch('SELECT number FROM "my ""odd"" view"') == [{"number": number}]

    for name in ("a", "b"):
        await database.write(INSERT, (name, MOMENT, MOMENT))
    assert await database.fetch("SELECT count(*) AS n FROM sessions") == [{"n": 2}]
    with pytest.raises((sqlite3.OperationalError, asyncpg.UndefinedTableError)):
        async with database.transaction() as transaction:
            await transaction.fetch("SELECT * FROM mine")


async def test_a_closed_database_says_so(database_url: str) -> None:
    """Whatever is asked of it, also for the first time: nothing is opened again."""
    async with open_database(database_url) as database:
        pass

    async def write() -> None:
        async with database.transaction():
            pass

    for late in (database.fetch("SELECT 1"), database.execute("DELETE FROM sessions"), write()):
        with pytest.raises(PeerUnavailableError, match="has been closed"):
            await late
