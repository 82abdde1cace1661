"""The database as the core and plugins see it: the same calls on SQLite and on PostgreSQL.

SQL is written with ``?`` for each argument on both. Piccolo tables work too: they run on the same
connections, and inside ``transaction()`` they are part of that transaction.
"""

import asyncio
import contextlib
import importlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

from piccolo.engine.base import Engine
from piccolo.table import Table

from core.db.transaction import Dialect as Dialect
from core.db.transaction import Row as Row
from core.db.transaction import Transaction as Transaction
from core.db.transaction import Write as Write
from core.errors import ConfigError, PeerUnavailableError, PluginError

_DIALECTS: dict[str, Dialect] = {"sqlite": "sqlite", "postgres": "postgres", "postgresql": "postgres"}
MAX_ID = 2**31 - 1
"""The largest id that both databases know."""


class Database(ABC):
    """An open database. Whoever opened it closes it; plugins are handed one as ``ctx.db``."""

    dialect: Dialect
    """Where SQL has to differ."""
    engine: Engine[Any]
    """The Piccolo engine that tables are bound to."""

    @abstractmethod
    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """Read: run one SELECT and return its rows as dictionaries; one that writes is a ``PluginError``."""

    @abstractmethod
    def transaction(self, *, alone: bool = False) -> contextlib.AbstractAsyncContextManager[Transaction]:
        """Write: open a transaction. One started within another is part of it.

        With *alone* it waits until no other one with it is open, over all processes: for who reads rounds and writes
        what follows from them. (SQLite has one writer anyway.)

        A task that is started inside has to be awaited inside: it is part of the transaction, and takes its turn in it.
        """

    async def is_there(self) -> bool:
        """Tell whether what is written stays where the settings say."""
        return True

    @abstractmethod
    async def close(self) -> None:
        """Close every connection; harmless the second time."""

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> None:
        """Write: run one statement in a transaction of its own, or within the one that is open."""
        async with self.transaction() as transaction:
            await transaction.execute(sql, args)

    async def write(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """Do the same, and return the rows of its ``RETURNING``."""
        async with self.transaction() as transaction:
            return await transaction.fetch(sql, args)

    async def together(self, writes: Sequence[Write]) -> None:
        """Write: run statements that touch different rows in a transaction of their own."""
        async with self.transaction() as transaction:
            await transaction.together(writes)

    def bind(self, *tables: type[Table]) -> None:
        """Let queries of these Piccolo tables run on this database."""
        for table in tables:
            table._meta.db = self.engine


@contextlib.asynccontextmanager
async def open_database(url: str, *, read_only: bool = False) -> AsyncIterator[Database]:
    """Open the database at *url* (``sqlite:///path`` or ``postgres://user@host/db``) and close it again.

    Migrations are not run here (see ``core.db.migrate``).

    Raises:
        ConfigError: the URL is not usable, or the folder or (with *read_only*) the file does not exist.
        PeerUnavailableError: the PostgreSQL server does not answer.
    """
    scheme = url.partition(":")[0]
    if (dialect := _DIALECTS.get(scheme)) is None:
        remedy = "Use sqlite:///path/to/file.db or postgres://user@host/database."
        begins = f"begins with '{scheme}:'" if scheme.isalnum() and len(scheme) < len(url) else "has no scheme"
        raise ConfigError(f"database.url {begins}. {remedy}")
    module = await asyncio.to_thread(importlib.import_module, f"core.db.{dialect}")  # heavy: not on the loop
    database: Database = await module.connect(url, read_only=read_only)
    try:
        yield database
    finally:
        await database.close()


def marks(count: int) -> str:
    """Return ``?, ?, …`` for an IN list of *count* values.

    >>> marks(3)
    '?, ?, ?'
    """
    return ", ".join("?" * count)


def closed() -> PeerUnavailableError:
    """Return the refusal of a database that has been closed."""
    return PeerUnavailableError("The database has been closed. Use it while the plugin, or the block, is open.")


def only_reads(sql: str) -> PluginError:
    """Return the error of who writes by ``fetch``."""
    statement = " ".join(sql.split())
    return PluginError(
        f"fetch() only reads, and this writes: {statement[:100]}. Use `await db.execute(…)`; for what RETURNING gives "
        "`async with db.transaction() as transaction` and `await transaction.fetch(…)`."
    )


def utc(value: datetime | str | None) -> datetime | None:
    """Return a time read from the database as aware UTC: SQLite gives text where an expression hides the column."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if value is None:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
