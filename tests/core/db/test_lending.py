"""PostgreSQL connections that are kept at hand: who gets one finds nothing in it, and nobody waits in vain."""

import asyncio

import asyncpg
import pytest

from core.db import Database
from core.db.lending import _is_gone
from core.db.postgres import POOL_SIZE, PostgresDatabase
from tests.plugin_maker import until

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

BACKEND = "SELECT pg_backend_pid() AS id"
SLEEPING = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
    "AND query = 'SELECT pg_sleep(60)'"
)


async def sleeping(database: Database) -> None:
    """Return when the server is at it."""
    while not await database.fetch(SLEEPING):
        pass


async def backend(database: Database) -> int:
    async with database.transaction() as transaction:
        (row,) = await transaction.fetch(BACKEND)
    return int(row["id"])


async def test_one_that_comes_back_well_is_there_for_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not given back to asyncpg in between, which would take turns of the event loop."""
    first, released = await backend(database), []
    release = asyncpg.Pool.release

    async def noted(self: object, *args: object, **options: object) -> None:
        released.append(args)
        await release(self, *args, **options)

    monkeypatch.setattr(asyncpg.Pool, "release", noted)

    assert [await backend(database) for _ in range(5)] == [first] * 5
    assert released == []


@pytest.mark.parametrize("left", ["SET work_mem = '77MB'", "BEGIN", "SELECT pg_advisory_lock(7)", "LISTEN odd"])
async def test_what_one_leaves_the_next_does_not_find(database: Database, left: str) -> None:
    """A setting, an open transaction, a lock of the session, a channel."""
    await database.execute(left)
    await database.execute("INSERT INTO players (guid, name) VALUES ('ABCDEF01', 'a player')")
    assert await database.fetch("SELECT guid FROM players") == [{"guid": "ABCDEF01"}]
    (found,) = await database.write(
        "SELECT current_setting('work_mem') AS memory, (SELECT count(*) FROM pg_listening_channels()) AS channels, "
        "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks"
    )

    assert found["memory"] != "77MB"
    assert (found["channels"], found["locks"]) == (0, 0)


async def test_after_an_error_and_a_cancellation_the_next_one_works(database: Database) -> None:
    """Of a connection in which something was broken off it is not known how it was left."""
    for _ in range(2 * POOL_SIZE):
        with pytest.raises(ZeroDivisionError):
            async with database.transaction() as transaction:
                await transaction.execute("CREATE TABLE never (one BIGINT)")
                raise ZeroDivisionError
        task = asyncio.create_task(database.write("SELECT pg_sleep(60)"))
        await sleeping(database)
        task.cancel()
        await asyncio.wait([task])

    assert await database.fetch("SELECT to_regclass('never') AS name") == [{"name": None}]
    assert await backend(database)


async def test_more_than_there_are_connections_all_get_one(database: Database) -> None:
    """Those who wait come first, also when connections are kept."""
    await asyncio.gather(*(backend(database) for _ in range(5 * POOL_SIZE)))
    await asyncio.gather(*(database.fetch(BACKEND) for _ in range(5 * POOL_SIZE)))


async def test_one_that_broke_meanwhile_is_replaced(database: Database) -> None:
    """As when the server was restarted: the next one who asks gets another."""
    first = await backend(database)
    assert isinstance(database, PostgresDatabase)
    assert database._writers is not None
    (kept,) = database._writers._kept
    await database.fetch("SELECT pg_terminate_backend(CAST(? AS INTEGER))", (first,))
    await until(lambda: _is_gone(kept))

    assert await backend(database) != first
