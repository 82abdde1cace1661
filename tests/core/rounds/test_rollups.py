"""What players' rounds add up to, by day and in all. That the import keeps it right is tested with the import."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from core.db.database import Database, Transaction, Write
from core.rounds import rollups

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
ROUND = """
    INSERT INTO rounds (id, server, filename, file_sha256, map_name, round_number, played_at, status)
    VALUES (?, ?, ?, 'x', 'supply', 1, ?, ?)"""
PLAYER = "INSERT INTO player_rounds (round_id, guid, name, raw_name, side, kills) VALUES (?, ?, 'a', 'a', ?, 2)"


class Counted:
    """A transaction whose statements are counted."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction, self.statements = transaction, 0

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> None:
        await self.together([(sql, args)])

    async def together(self, writes: Sequence[Write]) -> None:
        self.statements += len(writes)
        await self._transaction.together(writes)


async def test_more_days_than_one_statement_takes(database: Database) -> None:
    """All of them are counted, ten days by three statements, and the totals are the days' sums."""
    days = await _play(database, 70)

    async with database.transaction() as transaction:
        counted = Counted(transaction)
        await rollups.keep_rollups(cast(Transaction, counted), "puran", added=days, changed=())

    assert counted.statements == 7 * 3
    totals = await database.fetch("SELECT guid, rounds, kills FROM player_totals ORDER BY guid")
    assert totals == [{"guid": guid, "rounds": 70, "kills": 140} for guid in ("AAAAAAA1", "AAAAAAA2")]
    assert (await database.fetch("SELECT count(*) AS n FROM player_days")) == [{"n": 140}]


async def test_who_is_gone_is_forgotten(database: Database) -> None:
    """A player whose only rounds are gone has no total; one with others has what is left."""
    days = await _play(database, 35)
    await rollups.rebuild_rollups(database)

    async with database.transaction() as transaction:
        await transaction.execute("DELETE FROM player_rounds WHERE guid = 'AAAAAAA2' OR round_id = 1")
        await rollups.keep_rollups(transaction, "puran", added=(), changed=days)

    assert await database.fetch("SELECT guid, rounds FROM player_totals") == [{"guid": "AAAAAAA1", "rounds": 34}]
    assert await rollups.rebuild_rollups(database) == (34, 1)


async def test_rebuilding_counts_what_counts(database: Database) -> None:
    """Spectators, bots and rounds that do not count are left out; servers are apart."""
    await _play(database, 1)
    async with database.transaction() as transaction:
        for number, (server, guid, side, status) in enumerate(
            [("other", "AAAAAAA1", 2, "ok"), ("puran", "BOT12345", 1, "ok"), ("puran", "AAAAAAA3", 3, "ok"),
             ("puran", "AAAAAAA4", 1, "aborted")], 100
        ):  # fmt: skip
            await transaction.execute(ROUND, (number, server, f"{number}", START, status))
            await transaction.execute(PLAYER, (number, guid, side))

    assert await rollups.rebuild_rollups(database) == (3, 3)
    found = await database.fetch("SELECT server, guid, rounds FROM player_totals ORDER BY server, guid")
    assert [tuple(row.values()) for row in found] == [
        ("other", "AAAAAAA1", 1), ("puran", "AAAAAAA1", 1), ("puran", "AAAAAAA2", 1),
    ]  # fmt: skip


async def _play(database: Database, count: int) -> set[str]:
    """Store a round of two players on each of so many days; return the days."""
    async with database.transaction() as transaction:
        for number in range(1, count + 1):
            await transaction.execute(ROUND, (number, "puran", f"{number}", START + timedelta(days=number), "ok"))
            for guid in ("AAAAAAA1", "AAAAAAA2"):
                await transaction.execute(PLAYER, (number, guid, 1))
    return {rollups.day_of(START + timedelta(days=number)) for number in range(1, count + 1)}
