"""PostgreSQL through a pool of connections (asyncpg, by way of Piccolo's engine)."""

import contextlib
import functools
import itertools
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, cast

import asyncpg
from piccolo.engine.postgres import PostgresEngine
from piccolo.querystring import QueryString
from piccolo.table import Table

from core.db.database import Database, Dialect, Row, Transaction, Write, closed, only_reads
from core.db.lending import LendingPool
from core.db.outage import Outage
from core.db.pooled import BEGIN_ALONE, LOCK, PooledConnection
from core.db.riding import Riding
from core.db.transaction import lent
from core.db.writes import as_one, joined
from core.errors import ConfigError, DatabaseAwayError, PeerUnavailableError

POOL_SIZE, CONNECT_SECONDS = 8, 10
FEW_ROWS = 200
"""Up to so many are inserted by one statement: COPY goes to the server and back twice more."""
_AWAY = (
    OSError, asyncpg.PostgresConnectionError, asyncpg.InternalClientError, asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError, asyncpg.ReadOnlySQLTransactionError,
)  # fmt: skip
"""It is gone, shutting down, starting, full or read-only."""
_FORM = (
    "Write postgres://user@host/database and put the password into PGPASSWORD or ~/.pgpass; in the address / is %2F, "
    "@ is %40, : is %3A."
)
_ALL_COLUMNS = re.compile(r"(?:SELECT|RETURNING|DISTINCT|,)\s+(?:\w+\.)?\*", re.IGNORECASE)
"""Within a transaction such a statement is prepared each time: else it fails, and the transaction, when its table has
got a column since. Outside asyncpg repairs it."""


class PostgresDatabase(Database):
    """A PostgreSQL database behind a pool."""

    dialect = "postgres"

    def __init__(self, url: str) -> None:
        self.engine: PooledEngine = PooledEngine(config={"dsn": url})
        self._writers: LendingPool | None = None
        self.readers: LendingPool | None = None
        """A pool of its own, whose connections may not write; that is told to them once."""
        self.outage = Outage()

    async def open(self) -> None:
        """Fill the pools; errors are asyncpg's."""
        size: dict[str, Any] = {
            "min_size": 1, "max_size": POOL_SIZE, "timeout": CONNECT_SECONDS, "connection_class": PooledConnection,
            "max_cached_statement_lifetime": 0,  # rounds are minutes apart: each would prepare its statements anew
        }  # fmt: skip
        await self.engine.start_connection_pool(**size)
        self._writers = LendingPool(self.engine.pool)
        settings = {"default_transaction_read_only": "on"}
        self.readers = LendingPool(await asyncpg.create_pool(**self.engine.config, **size, server_settings=settings))

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        if (current := self.engine.current_transaction.get()) is not None:
            async with current.connection.turn, _only_reading(current.connection):
                return await _read(current.connection, sql, args)
        with self.outage:
            async with self._acquired(self.readers) as connection:
                return await _read(connection, sql, args)

    @contextlib.asynccontextmanager
    async def transaction(self, *, alone: bool = False) -> AsyncIterator[Transaction]:
        with self.outage:
            if (current := self.engine.current_transaction.get()) is not None:
                with lent(_SqlTransaction(current.connection)) as given:
                    if alone:
                        await given.execute(LOCK)
                    yield given
                return
            riding = Riding(None)
            try:
                async with self._acquired(self._writers) as riding.connection, _begun(riding, alone=alone):
                    token = self.engine.current_transaction.set(cast(Any, riding))  # Piccolo's queries look there
                    try:
                        with lent(_SqlTransaction(riding.connection)) as given:
                            yield given
                    finally:
                        self.engine.current_transaction.reset(token)
            finally:
                riding.end()

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> None:
        async with self._at_once() as transaction:
            await transaction.execute(sql, args)

    async def write(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        async with self._at_once() as transaction:
            return await transaction.fetch(sql, args)

    async def together(self, writes: Sequence[Write]) -> None:
        if len(parts := joined(writes)) == 1:
            await self.execute(*parts[0])
        else:
            await super().together(writes)

    @contextlib.asynccontextmanager
    async def _at_once(self) -> "AsyncIterator[_SqlTransaction]":
        """Give where one statement is run: in the transaction that is open, else without one, as its own."""
        if (current := self.engine.current_transaction.get()) is not None:
            yield _SqlTransaction(current.connection)
            return
        with self.outage:
            async with self._acquired(self._writers) as connection:
                yield _SqlTransaction(connection)

    async def close(self) -> None:
        if self.readers is not None:
            await self.readers.give_back()
            await self.readers.pool.close()
        if self._writers is not None:
            await self._writers.give_back()
            await self.engine.close_connection_pool()
        self.readers = self._writers = None

    @contextlib.asynccontextmanager
    async def _acquired(self, pool: LendingPool | None) -> AsyncIterator[Any]:
        """Give a free connection; a lost one is the error that is retried. What else the block raises is its own."""
        if pool is None:
            raise closed()
        own: OSError | None = None
        try:
            async with pool.lent() as connection:
                try:
                    yield connection
                except OSError as error:  # of a file or a time limit, unless the connection is gone
                    own = None if connection.is_closed() else error
                    raise
        except asyncpg.InterfaceError as error:
            if "closed" not in str(error):  # else it is somebody's mistake
                raise
            raise DatabaseAwayError(f"The connection to PostgreSQL broke: {error}.") from error
        except _AWAY as error:
            if error is own:
                raise
            raise DatabaseAwayError(f"The connection to PostgreSQL broke: {error}.") from error


async def connect(url: str, *, read_only: bool) -> PostgresDatabase:
    """Connect to ``postgres://user@host/database``; one that is only read needs nothing else here."""
    _check_password(url)
    database = PostgresDatabase(url)
    try:
        await database.open()
    except (ValueError, OverflowError):  # the second: of a port
        raise ConfigError(f"database.url cannot be read (not shown here). {_FORM}") from None
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        raise ConfigError(f"database.url was refused: {error}. Correct the user or the database's name.") from error
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        remedy = "Is it running, and is the address right?"
        raise PeerUnavailableError(f"PostgreSQL does not answer: {error}. {remedy}") from error
    return database


def _check_password(url: str) -> None:
    """Refuse an address whose password would be read as host, port and path, and told in errors."""
    authority, _, path = url.partition("://")[2].partition("/")
    if "@" in path or authority.count("@") > 1:
        raise ConfigError(f"database.url has an odd character in its password (not shown here). {_FORM}")


class PooledEngine(PostgresEngine):
    """Piccolo's engine without its look at the server's version, which would block the loop in the constructor.

    Within a transaction its queries take their turn.
    """

    __slots__ = ()

    async def get_version(self) -> float:
        return 0.0

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Any:
        async with self._turn():
            return await super().run_querystring(querystring, in_pool)

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> Any:
        async with self._turn():
            return await super().run_ddl(ddl, in_pool)

    def _turn(self) -> Any:
        current = self.current_transaction.get()
        return contextlib.nullcontext() if current is None else current.connection.turn


class _SqlTransaction:
    """The raw side of a connection."""

    dialect: Dialect = "postgres"

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        async with self._connection.turn:
            return await _rows(self._connection, sql, args)

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> None:
        async with self._connection.turn:
            await self._connection.execute(numbered(sql), *args)

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        if batch := list(rows):
            async with self._connection.turn:
                await self._connection.executemany(numbered(sql), batch)

    async def insert(self, table: type[Table], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        batch = list(rows)
        if batch and len(batch) <= FEW_ROWS and (one := as_one(table, columns, batch)):
            await self.execute(*one)
        elif batch:
            async with self._connection.turn:
                await self._connection.copy_records_to_table(table._meta.tablename, columns=columns, records=batch)

    async def together(self, writes: Sequence[Write]) -> None:
        for sql, args in joined(writes):
            await self.execute(sql, args)


@contextlib.asynccontextmanager
async def _begun(riding: Riding, *, alone: bool) -> AsyncIterator[None]:
    """Open a transaction and end it with the block; its lock is asked for on the same way to the server."""
    try:
        await riding.connection.execute(BEGIN_ALONE if alone else "BEGIN")
        yield
        await riding.write(_SqlTransaction(riding.connection))
    except BaseException:
        if not riding.connection.is_closed():
            async with riding.connection.turn:
                await riding.connection.execute("ROLLBACK")
        raise
    async with riding.connection.turn:
        await riding.commit()


async def _rows(connection: Any, sql: str, args: Sequence[Any]) -> list[Row]:
    if connection.is_in_transaction() and _ALL_COLUMNS.search(sql):
        statement = await connection.prepare(numbered(sql))
        return [dict(record) for record in await statement.fetch(*args)]
    return [dict(record) for record in await connection.fetch(numbered(sql), *args)]


async def _read(connection: Any, sql: str, args: Sequence[Any]) -> list[Row]:
    try:
        return await _rows(connection, sql, args)
    except asyncpg.ReadOnlySQLTransactionError as error:
        raise only_reads(sql) from error


@contextlib.asynccontextmanager
async def _only_reading(connection: Any) -> AsyncIterator[None]:
    """Let nothing be written in the block, within a transaction that goes on writing after it."""
    await connection.execute("SAVEPOINT roundhook_reading; SET TRANSACTION READ ONLY")
    try:
        yield
    finally:
        await connection.execute("ROLLBACK TO SAVEPOINT roundhook_reading; RELEASE SAVEPOINT roundhook_reading")


@functools.lru_cache(maxsize=1024)
def numbered(sql: str) -> str:
    """Return *sql* with ``$1, $2, …`` for its ``?``.

    >>> numbered("a = ? AND b = ?")
    'a = $1 AND b = $2'
    """
    numbers = itertools.count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", sql)
