"""What the journal asks of its database: how often it commits, and with which statements."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from core.db import Database, Transaction
from core.db.database import Row


class Commits:
    """Counts a database's transactions and lets them fail."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.error: Exception | None = None
        self.statements: list[str] = []
        self._original = database.transaction
        monkeypatch.setattr(database, "transaction", self._transaction)

    @contextlib.asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        self.count += 1
        async with self._original() as transaction:
            yield _Noting(transaction, self.statements)
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
