"""Which files are stored already: of a long history only what the folder holds is asked for and kept."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from core.db import Database
from core.db.database import Row
from plugins.ssh_poller.client import RemoteFile
from plugins.ssh_poller.stored import AT_ONCE, Stored
from tests.plugins.stats_import.invented import name_of, named

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
INSERT = (
    "INSERT INTO stats_files (server, filename, sha256, kind, state, modified_at, fetched_at) "
    "VALUES (?, ?, ?, 'round', 'imported', ?, ?)"
)


def file(number: int, *, later: int = 0) -> RemoteFile:
    written = FIRST + timedelta(minutes=number)
    return RemoteFile(named(name_of(f"{written:%Y-%m-%d-%H%M%S}")), 1, int(written.timestamp()) + later)


async def test_a_long_history_is_not_read(database: Database) -> None:
    """A name is asked for once, what has another time than stored is new, and what is gone is forgotten."""
    many = [file(number) for number in range(3 * AT_ONCE)]
    rows = [(server, one.name.filename, server, one.modified_at, FIRST) for one in many for server in ("a", "b")]
    async with database.transaction() as transaction:
        await transaction.execute_many(INSERT, rows[:-2])
    stored, read = Stored(database, "a"), list[int]()
    fetch = database.fetch

    async def counted(sql: str, args: Sequence[Any] = ()) -> list[Row]:
        found = await fetch(sql, args)
        read.append(len(found))
        return found

    database.fetch = counted  # type: ignore[method-assign]
    changed, unknown, odd = file(5, later=1), many[-1], RemoteFile(named(name_of("2025-01-01-000000", "\udce9")), 1, 1)

    assert await stored.others([many[4], changed, unknown, odd]) == [changed, unknown, odd]
    assert read == [2]
    assert await stored.others([many[4], changed]) == [changed]
    assert read == [2]
    assert await stored.others(many) == [unknown]
    assert sum(read) == len(many) - 1
    stored.keep([many[7].name.filename])
    assert list(stored._times) == [many[7].name.filename]


async def test_whether_there_is_any(database: Database) -> None:
    """Of this server; one whose time nobody knows does not count."""
    stored = Stored(database, "a")
    await database.execute(INSERT, ("b", "x", "y", FIRST, FIRST))
    await database.execute(INSERT, ("a", "x", "y", None, FIRST))
    assert not await stored.has_any()

    await database.execute(INSERT, ("a", "z", "y", FIRST, FIRST))
    assert await stored.has_any()
