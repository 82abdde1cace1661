"""An open transaction, as whoever reads and writes in it sees it on both databases."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol

from piccolo.table import Table

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
