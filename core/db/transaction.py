"""An open transaction, as whoever reads and writes in it sees it on both databases."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, Protocol

from piccolo.table import Table

from core.errors import PluginError

Dialect = Literal["sqlite", "postgres"]
"""Which of the two databases it is."""
Row = dict[str, Any]
"""A row as ``fetch`` gives it: values by column name."""
Write = tuple[str, Sequence[Any]]
"""A statement that gives nothing back, and its arguments."""


class Transaction(Protocol):
    """An open transaction: committed when its block ends, rolled back when it raises."""

    dialect: Dialect
    """Where SQL has to differ."""

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """Run one statement and return its rows (also those of ``RETURNING``)."""

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> None:
        """Run one statement."""

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement once for each of *rows*; nothing happens when there are none."""

    async def insert(self, table: type[Table], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert new rows the fastest way there is (many by COPY on PostgreSQL); nothing happens without any."""

    async def together(self, writes: Sequence[Write]) -> None:
        """Run statements that touch different rows, on one way to the database; nothing happens when there are none."""


@contextlib.contextmanager
def lent(transaction: Transaction) -> Iterator[Transaction]:
    """Give *transaction* to a block: who keeps it reaches nothing by it afterwards, least of all another's."""
    given = _Lent(transaction)
    try:
        yield given
    finally:
        given.inner = None


class _Lent:
    """A transaction until its block ends."""

    __slots__ = ("dialect", "inner")

    def __init__(self, inner: Transaction) -> None:
        self.inner: Transaction | None = inner
        self.dialect = inner.dialect

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        return await self._open().fetch(sql, args)

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> None:
        await self._open().execute(sql, args)

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        await self._open().execute_many(sql, rows)

    async def insert(self, table: type[Table], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        await self._open().insert(table, columns, rows)

    async def together(self, writes: Sequence[Write]) -> None:
        await self._open().together(writes)

    def _open(self) -> Transaction:
        if self.inner is None:
            again = "Open another one: `async with self.ctx.db.transaction() as transaction`."
            raise PluginError(f"The transaction is used after its block, with which it has ended. {again}")
        return self.inner
