"""All statements that go to a database, on whatever connection: BEGIN, COMMIT and resets of pooled connections too."""

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from core.db.sqlite import WarmConnection


@contextlib.contextmanager
def all_statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Give the list that the statements of connections which are opened in the block are put into.

    What is run for each of many rows stands there as often, but for the rows that PostgreSQL is given by COPY.
    """
    noted: list[str] = []
    _watch_postgres(noted, monkeypatch)
    _watch_sqlite(noted, monkeypatch)
    yield noted


def commits(statements: list[str]) -> int:
    """Return how often something was committed: by COMMIT, or by a statement that writes outside a transaction."""
    count, is_open = 0, False
    for one in statements:
        word = one.split()[0].rstrip(";").upper()
        is_open = (is_open or word == "BEGIN") and word not in ("COMMIT", "ROLLBACK")
        writes = not is_open and any(verb in one.upper() for verb in ("INSERT ", "UPDATE ", "DELETE "))
        count += word == "COMMIT" or writes
    return count


def _watch_postgres(noted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def watch(name: str) -> None:
        inner = getattr(asyncpg.Connection, name)

        async def watched(self: Any, sql: str, *args: Any, **options: Any) -> Any:
            noted.extend([sql] * (len(args[0]) if name == "executemany" else 1))
            return await inner(self, sql, *args, **options)

        monkeypatch.setattr(asyncpg.Connection, name, watched)

    for name in ("execute", "fetch", "prepare", "executemany"):
        watch(name)
    copy = asyncpg.Connection.copy_records_to_table

    async def copied(self: Any, table: str, **options: Any) -> Any:
        noted.append(f"COPY {table}")
        return await copy(self, table, **options)

    monkeypatch.setattr(asyncpg.Connection, "copy_records_to_table", copied)


def _watch_sqlite(noted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    opened, inserted = WarmConnection._open, WarmConnection.insert

    def watched(self: WarmConnection) -> sqlite3.Connection:
        connection = opened(self)
        connection.set_trace_callback(noted.append)
        return connection

    async def inserted_once(self: WarmConnection, *args: Any) -> None:
        before = len(noted)
        await inserted(self, *args)
        del noted[before + 1 :]

    monkeypatch.setattr(WarmConnection, "_open", watched)
    monkeypatch.setattr(WarmConnection, "insert", inserted_once)
