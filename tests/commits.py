"""What the journal asks of its database: how often it commits, and with which statements."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from core.db import Database, Transaction
from core.db.database import Row, Write


class Commits:
    """Counts a database's transactions and lets them fail."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.error: Exception | None = None
        self.statements: list[str] = []
        self._original = database.transaction
        self._write, self._execute = database.write, database.execute
        monkeypatch.setattr(database, "transaction", self._transaction)
        monkeypatch.setattr(database, "write", self._written)
        monkeypatch.setattr(database, "execute", self._executed)

    @contextlib.asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        self.count += 1
        async with self._original() as transaction:
            yield _Noting(transaction, self.statements)
            if self.error is not None:
                raise self.error

    async def _written(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        self._at_once(sql)
        return await self._write(sql, args)

    async def _executed(self, sql: str, args: Sequence[Any] = ()) -> None:
        self._at_once(sql)
        await self._execute(sql, args)

    def _at_once(self, sql: str) -> None:
        """Note a statement that is a commit of its own."""
        self.count += 1
        self.statements.append(sql)
        if self.error is not None:
            raise self.error


class _Noting:
    """A transaction that notes its statements."""

    def __init__(self, transaction: Transaction, noted: list[str]) -> None:
        self._transaction, self._noted = transaction, noted

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        self._noted.append(sql)
        return await self._transaction.fetch(sql, args)

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> None:
        self._noted.append(sql)
        await self._transaction.execute(sql, args)

    async def together(self, writes: Sequence[Write]) -> None:
        self._noted += [sql for sql, _ in writes]
        await self._transaction.together(writes)
