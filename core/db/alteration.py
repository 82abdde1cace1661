"""A transaction that changes tables, while others read and write them, and that tells where it has written."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from core.db.database import Database, Transaction

LOCK_MILLISECONDS = 200
"""How long it waits on PostgreSQL for others' transactions: all that reads those tables waits behind it meanwhile."""
_ALONE = f"SELECT pg_advisory_xact_lock({0x726F756E65})"
_WRITTEN = "SELECT relname AS name FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
_LOCK_NOT_AVAILABLE = "55P03"
_WRITES = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)

Written = Callable[[], Awaitable[set[str]]]
"""Gives the tables in which the transaction has written rows so far."""


class TablesInUseError(Exception):
    """Another transaction holds a table that is to be changed."""


@contextlib.asynccontextmanager
async def altering(database: Database) -> AsyncIterator[tuple[Transaction, Written]]:
    """Open a transaction that may change tables.

    Raises:
        TablesInUseError: somebody holds one of them too long; nothing was changed.
    """
    async with database.transaction() as transaction:
        engine: Any = database.engine
        begun = _on_sqlite(engine.writer) if database.dialect == "sqlite" else _on_postgres(transaction)
        async with begun as written:
            yield transaction, written


def in_use(error: BaseException) -> bool:
    """Tell whether a statement failed because somebody holds its table."""
    return getattr(error, "sqlstate", "") == _LOCK_NOT_AVAILABLE


@contextlib.asynccontextmanager
async def _on_sqlite(writer: Any) -> AsyncIterator[Written]:
    """SQLite has one writer, whose readers see what was before; it tells of each statement where it writes."""
    found: set[str] = set()

    def note(action: int, table: str | None, *_: str | None) -> int:
        if action in _WRITES:
            found.add(table or "")
        return sqlite3.SQLITE_OK

    async def written() -> set[str]:
        return {table for table in found if not table.startswith("sqlite_")}

    writer.submit(lambda connection: connection.set_authorizer(note))
    try:
        yield written
    finally:
        writer.submit(lambda connection: connection.set_authorizer(None))


@contextlib.asynccontextmanager
async def _on_postgres(transaction: Transaction) -> AsyncIterator[Written]:
    """PostgreSQL counts for each transaction where it writes."""

    async def written() -> set[str]:
        return {row["name"] for row in await transaction.fetch(_WRITTEN)}

    try:
        await transaction.execute(f"SET LOCAL lock_timeout = '{LOCK_MILLISECONDS}ms'")
        await transaction.fetch(_ALONE)
        yield written
    except Exception as error:
        if in_use(error):
            raise TablesInUseError(str(error)) from error
        raise
