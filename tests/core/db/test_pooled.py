"""What a connection to PostgreSQL has been told of types is known to the others."""

from typing import Any

import asyncpg
import pytest

from core.db import open_database, pooled
from core.db.database import Database

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[frozenset[int]]:
    """What the server is asked about from here on, as in a new process."""
    monkeypatch.setattr(pooled, "_known_types", {})
    found: list[frozenset[int]] = []
    introspect = asyncpg.Connection._introspect_types

    async def noted(self: Any, types: Any, timeout: Any) -> Any:
        found.append(frozenset(types))
        return await introspect(self, types, timeout)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", noted)
    return found


async def sent(url: str, cast: str, value: Any) -> Any:
    """Send an array and return what comes back, on a connection of its own."""
    async with open_database(url) as database:
        (row,) = await database.fetch(f"SELECT CAST(? AS {cast}) AS value", (value,))
        return row["value"]


async def test_arrays_are_asked_about_once(database: Database, database_url: str, asked: list[frozenset[int]]) -> None:
    """The second connection knows, and reads and writes as the first."""
    assert [await sent(database_url, "BIGINT[]", [1, None]) for _ in range(3)] == [[1, None]] * 3
    assert len(asked) == 1


async def test_own_types_are_asked_about_each_time(
    database: Database, database_url: str, asked: list[frozenset[int]]
) -> None:
    """Another database may have another type under the same number."""
    await database.execute("CREATE TYPE letter AS ENUM ('a', 'b')")

    assert [await sent(database_url, "letter[]", ["a", None]) for _ in range(2)] == [["a", None]] * 2
    assert len([one for one in asked if max(one) >= 16384]) == 2
