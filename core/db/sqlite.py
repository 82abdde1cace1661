"""SQLite: one warm writer and a few warm readers, each a connection on a thread of its own.

Piccolo's own engine opens a thread and a connection for each query and loses concurrent writes as "database is
locked"; here writers wait for each other on an ``asyncio.Lock`` and every transaction begins IMMEDIATE.
A thread runs its statements in order, so what a cancelled task leaves is undone before the next one starts.
"""

import asyncio
import contextlib
import functools
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from piccolo.engine.sqlite import SQLiteEngine, SQLiteTransaction
from piccolo.table import Table

import core.db.sqlite_values  # noqa: F401 - how times are read
from core.db import sqlite_file
from core.db.database import Database, Dialect, Row, Transaction, Write, closed, only_reads
from core.db.foreign import refuse_foreign
from core.db.outage import Outage, away
from core.db.riding import Riding
from core.db.transaction import lent
from core.db.worker import Worker
from core.db.writes import MOST_INSERTED, inserts
from core.errors import ConfigError, DatabaseAwayError

T = TypeVar("T")

READERS = 3
STEPS = 5_000_000
"""So many of SQLite's instructions, a tenth of a second, go on before it is looked whether somebody still waits."""
_ALONE = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|WITH)\b", re.IGNORECASE)
"""What needs no transaction around it. A BEGIN or a PRAGMA would stay on the connection that all write on."""
_TEMPORARY = """
    SELECT type, replace(name, '"', '""') FROM sqlite_temp_master WHERE name NOT LIKE 'sqlite_%'
    ORDER BY type = 'table', type = 'view'"""
_PRAGMAS = ("foreign_keys=1", "temp_store=MEMORY")
_WRITER_CACHE, _READER_CACHE = "cache_size=-4000", "cache_size=-1000"
"""KiB of pages that a connection keeps. They fill as the database grows, so what is allowed here is what a bot that has
run for long holds more than one that has just begun; the system keeps the file's pages anyway."""


class SqliteDatabase(Database):
    """A SQLite file in WAL mode; commits are on the disk when they return (``synchronous=FULL``)."""

    dialect = "sqlite"

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.engine: WarmSQLiteEngine = WarmSQLiteEngine(path, read_only=read_only)
        self.outage = Outage()

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        transaction = self.engine.current_transaction.get()
        read = transaction.connection.read if transaction else self.engine.read
        with self.outage:
            try:
                rows: list[Row] = await read(sql, args)
            except DatabaseAwayError as error:
                if getattr(error.__cause__, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY:  # by query_only
                    raise only_reads(sql) from error.__cause__
                raise
        return rows

    @contextlib.asynccontextmanager
    async def transaction(self, *, alone: bool = False) -> AsyncIterator[Transaction]:
        with self.outage:
            async with self.engine.transaction() as transaction:
                with lent(transaction.connection) as given:
                    yield given

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> None:
        await self._write(sql, args)

    async def write(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        return await self._write(sql, args)

    async def _write(self, sql: str, args: Sequence[Any]) -> list[Row]:
        if self.engine.current_transaction.get() is not None or not _ALONE.match(sql):
            return await super().write(sql, args)
        with self.outage:
            async with self.engine.write_lock:
                return await self.engine.writer.fetch(sql, args)

    async def backup(self, target: Path) -> None:
        """Copy what is committed to *target* (a new file) while the database is in use.

        On a connection of its own: the writer's may be within a transaction, which a copy would wait for for ever.
        """
        await asyncio.to_thread(sqlite_file.copy, self.path, target)

    async def is_there(self) -> bool:
        """Tell whether the file that is written is the one at ``path``; one that was deleted is written there anew.

        As long as it is open a deleted file can still be read, and is lost with the process.
        """
        inode = await self.engine.writer.submit(lambda _: sqlite_file.inode(self.path))
        if self.engine.inode in (None, inode):
            return True
        if inode is not None:
            return False  # somebody has put another one there: it is not overwritten
        async with self.engine.write_lock:
            await self.engine.writer.submit(lambda connection: sqlite_file.write_anew(connection, self.path))
            await self.engine.open_again()
        return True

    async def close(self) -> None:
        await self.engine.close()


async def connect(url: str, *, read_only: bool) -> SqliteDatabase:
    """Open ``sqlite:///path``; the folder must exist, with *read_only* the file too."""
    path = Path(url.removeprefix("sqlite:///"))
    if not path.parent.is_dir():
        problem = f"database.url points into {path.parent}, which is no folder."
        raise ConfigError(f"{problem} Create it, or set another path.")
    if path.is_dir():  # noqa: ASYNC240
        raise ConfigError(f"database.url is {path}, which is a folder. Name a file in it.")
    if read_only and not path.exists():  # noqa: ASYNC240
        raise ConfigError(f"There is no database at {path} yet. Import files or start the bot first.")
    if not read_only:
        refuse_foreign(path)
        sqlite_file.claim(path)
    return SqliteDatabase(path, read_only=read_only)


class WarmConnection:
    """One sqlite3 connection on its own thread. Statements run in the order in which they were asked for.

    One that nobody waits for any more is broken off: it may have no end, and the next ones wait for it.
    The writer's is what an open transaction is given to whoever writes in it.
    """

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, pragmas: Sequence[str]) -> None:
        self._worker = Worker("sqlite")
        self._path = path
        self._pragmas = pragmas
        self._connection: sqlite3.Connection | None = None

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        return await self.submit(lambda connection: _rows(connection.execute(sql, tuple(args))))

    async def read(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """Run one statement that may not write, within a transaction that may."""
        return await self.submit(lambda connection: _read(connection, sql, args))

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> None:
        await self.fetch(sql, args)

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        if batch := list(rows):
            await self.submit(lambda connection: connection.executemany(sql, batch))

    async def insert(self, table: type[Table], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        if batch := list(rows):
            await self.submit(lambda connection: _insert(connection, table, columns, batch))

    async def together(self, writes: Sequence[Write]) -> None:
        if writes:
            await self.submit(lambda connection: _write_all(connection, writes))

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> "asyncio.Future[T]":
        """Have *work* done without waiting for it."""
        self.check_open()
        return self._worker.ask(functools.partial(self._do, work))

    def check_open(self) -> None:
        """Raise ``PeerUnavailableError`` after ``close``."""
        if self._worker.has_ended:
            raise closed()

    async def open_again(self) -> None:
        """Close the connection; the next statement opens another."""
        await self._worker.ask(self._close)

    async def close(self) -> None:
        """Close the connection and end the thread; harmless the second time."""
        with contextlib.suppress(RuntimeError):  # the thread has ended before
            await self._worker.ask(self._close)
        self._worker.end()

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._open())
        except sqlite3.OperationalError as error:
            if (problem := away(error)) is not None:
                raise problem from error
            raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            types = sqlite3.PARSE_DECLTYPES
            self._connection = sqlite3.connect(self._path, detect_types=types, isolation_level=None, timeout=30)
            for pragma in self._pragmas:
                self._connection.execute(f"PRAGMA {pragma}").fetchall()
            self._connection.set_progress_handler(self._worker.is_given_up, STEPS)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class WarmTransaction(SQLiteTransaction):
    """Piccolo's transaction on the warm writer: one at a time, IMMEDIATE, always ended."""

    __slots__ = ("riding",)
    engine: "WarmSQLiteEngine"
    connection: WarmConnection
    riding: Riding

    async def __aenter__(self) -> "WarmTransaction":
        if isinstance(self._parent, WarmTransaction):
            return self._parent
        await self.engine.write_lock.acquire()
        self.connection = self.engine.writer
        self.riding = Riding(self.connection)
        try:
            await self.connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._end()
            raise
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(self, kind: object, exception: BaseException | None, traceback: object) -> bool:
        if self._parent is not None:
            return exception is None
        try:
            if exception is None:
                await self.riding.write(self.connection)
                await self.riding.commit()
        finally:
            self.engine.current_transaction.reset(self.context)
            self._end()
            self.riding.end()
        return exception is None

    def _end(self) -> None:
        """Undo what was not committed; queued behind whatever a cancelled task has left on the thread."""
        self.connection.submit(_leave_nothing).add_done_callback(_let_be)
        self.engine.write_lock.release()


class WarmSQLiteEngine(SQLiteEngine):
    """Piccolo's engine on warm connections."""

    __slots__ = ("_free_readers", "_readers", "inode", "write_lock", "writer")

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        super().__init__(path=str(path))
        settings = ("query_only=1",) if read_only else ("journal_mode=WAL", "synchronous=FULL")
        self.writer = WarmConnection(path, (*_PRAGMAS, _WRITER_CACHE, *settings))
        self.inode = sqlite_file.inode(path)
        """Of the file that was opened; None until it is there."""
        self.write_lock = asyncio.Lock()
        self._readers: list[WarmConnection] = []
        self._free_readers: asyncio.LifoQueue[WarmConnection] = asyncio.LifoQueue()

    async def read(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """Run one SELECT on a free reader."""
        self.writer.check_open()
        if self._free_readers.empty() and len(self._readers) < READERS:
            self._readers.append(WarmConnection(Path(self.path), (*_PRAGMAS, _READER_CACHE, "query_only=1")))
            self._free_readers.put_nowait(self._readers[-1])
        reader = await self._free_readers.get()
        try:
            return await reader.fetch(sql, args)
        finally:
            self._free_readers.put_nowait(reader)

    def transaction(self, *_: object, **__: object) -> WarmTransaction:
        return WarmTransaction(engine=self)

    async def open_again(self) -> None:
        """Let every connection be opened anew, on the file that is at the path now."""
        for connection in (*self._readers, self.writer):
            await connection.open_again()
        self.inode = sqlite_file.inode(Path(self.path))

    async def close(self) -> None:
        for connection in (*self._readers, self.writer):
            await connection.close()

    async def _run_in_new_connection(
        self, query: str, args: list[Any] | None = None, query_type: str = "generic", table: Any = None
    ) -> list[Row]:
        if query_type == "select" or query.lstrip()[:6].upper() == "SELECT":
            return await self.read(query, args or ())
        rows: list[Row] = []
        async with self.transaction() as transaction:
            rows = await transaction.connection.fetch(query, args or ())
        return rows

    async def _run_in_existing_connection(
        self, connection: WarmConnection, query: str, args: list[Any] | None = None, *_: object, **__: object
    ) -> list[Row]:
        return await connection.fetch(query, args or ())


def _insert(
    connection: sqlite3.Connection, table: type[Table], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    most = min(MOST_INSERTED, connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER))
    for sql, args in inserts(table, columns, rows, most=most):
        connection.execute(sql, args)


def _write_all(connection: sqlite3.Connection, writes: Sequence[Write]) -> None:
    for sql, args in writes:
        connection.execute(sql, tuple(args))


def _rows(cursor: sqlite3.Cursor) -> list[Row]:
    if cursor.description is None:
        return []
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _read(connection: sqlite3.Connection, sql: str, args: Sequence[Any]) -> list[Row]:
    connection.execute("PRAGMA query_only=1")
    try:
        return _rows(connection.execute(sql, tuple(args)))
    finally:
        connection.execute("PRAGMA query_only=0")


def _let_be(done: "asyncio.Future[None]") -> None:
    """Nobody waits for it: what is wrong with the database is told to who asks it next."""
    if not done.cancelled():
        done.exception()


def _leave_nothing(connection: sqlite3.Connection) -> None:
    """Undo what was not committed, and drop what is temporary: the next transaction is another's."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    for kind, name in connection.execute(_TEMPORARY).fetchall():
        connection.execute(f'DROP {kind} IF EXISTS temp."{name}"')
