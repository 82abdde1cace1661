"""PostgreSQL databases for the tests: empty ones, and ones with all tables, which are emptied and used again.

To make a database costs the server some hundred milliseconds, to empty one a few.
"""

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg

from core.db import open_database
from core.db.migrate import migrate

_numbers = itertools.count(1)
_SHAPE = " || ' ' || ".join(
    f"(SELECT concat(count(*), ' ', max(xmin::text::bigint)) FROM {catalog})"
    for catalog in ("pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_trigger", "pg_proc", "pg_namespace")
)
"""Changes with each statement that makes, alters or drops something, and with none that only writes rows."""
_SETTINGS = "(SELECT count(*) FROM pg_db_role_setting) || ' ' || (SELECT count(*) FROM migration)"
_EMPTY = """
DO $$ DECLARE one text; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration' LOOP
    EXECUTE format('DELETE FROM %I', one);
  END LOOP;
  PERFORM setval(format('%I', sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL AND sequencename NOT LIKE 'migration%';
END $$
"""


@contextlib.asynccontextmanager
async def empty_database(server: str) -> AsyncIterator[str]:
    """Give the URL of a new database on *server*, without a table."""
    name = await _created(server, "template1")
    try:
        yield named(server, name)
    finally:
        await _dropped(server, name)


class MigratedDatabases:
    """Databases on *server* on which the core's migrations have run, with nothing in them."""

    def __init__(self, server: str) -> None:
        self._server, self._template, self._shape = server, "", ""
        self._free: list[str] = []

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """Give the URL of one; what has another shape afterwards is dropped."""
        name = self._free.pop() if self._free else await _created(self._server, self._template)
        try:
            yield named(self._server, name)
        finally:
            if await self._emptied(name):
                self._free.append(name)
            else:
                await _dropped(self._server, name)

    async def open(self) -> None:
        """Make the one that others are copies of."""
        self._template = await _created(self._server, "template1")
        url = named(self._server, self._template)
        async with open_database(url) as database:
            await migrate(database)
        self._shape = await _asked(url, f"SELECT {_SHAPE} || ' ' || {_SETTINGS}")

    async def close(self) -> None:
        """Drop them all."""
        for name in (*self._free, self._template):
            await _dropped(self._server, name)

    async def _emptied(self, name: str) -> bool:
        """Take the rows out of a database; False if that is not all that a test has done to it."""
        url = named(self._server, name)
        leftover = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
        try:
            await _asked(self._server, leftover)
            if await _asked(url, f"SELECT {_SHAPE} || ' ' || {_SETTINGS}") != self._shape:
                return False
            await _asked(url, _EMPTY)
        except asyncpg.PostgresError:  # it is read-only, say, or takes no connections
            return False
        return True


@contextlib.contextmanager
def migrated_databases(server: str) -> Iterator[MigratedDatabases]:
    """Give databases that all tests of this process share."""
    databases = MigratedDatabases(server)
    _in_a_loop(databases.open())
    yield databases
    _in_a_loop(databases.close())


def named(server: str, name: str) -> str:
    """Return the URL of the database *name* on *server*."""
    return (
        server.replace("/postgres?", f"/{name}?") if "/postgres?" in server else f"{server.rpartition('/')[0]}/{name}"
    )


def _in_a_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run *work* where there may be a loop already: in a thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _created(server: str, template: str) -> str:
    name = f"roundhook_test_{os.getpid()}_{next(_numbers)}"
    await _dropped(server, name)
    await _asked(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


async def _dropped(server: str, name: str) -> None:
    await _asked(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def _asked(url: str, statement: str) -> Any:
    """Run one statement and return the value that it gives, if any."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
