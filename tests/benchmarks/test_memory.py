"""What a bot holds does not grow with what it has done."""

from pathlib import Path

import pytest

from benchmarks.memory import AIM_MIB, ROUNDS, STEP, measure
from core.db.sqlite import READERS, SqliteDatabase

MOST_KIB = 10_000
"""Of pages, in all connections: what an old bot may hold more than a new one."""


async def test_what_all_connections_may_keep_is_bounded(tmp_path: Path) -> None:
    """Their pages fill as the database grows: 16 MiB for each of four had grown the bot by 40 MiB."""
    database = SqliteDatabase(tmp_path / "roundhook.db")
    engine = database.engine
    async with database.transaction() as transaction:
        (writer,) = await transaction.fetch("PRAGMA cache_size")
    (reader,) = await engine.read("PRAGMA cache_size")
    await database.close()

    assert 0 < -writer["cache_size"] - READERS * reader["cache_size"] <= MOST_KIB


async def test_the_measurement_measures() -> None:
    """A bot in a process of its own plays, says all, and tells what it holds."""
    first, second = await measure(4, 2)

    assert first["rss_mib"] > 20
    assert first["wal_mib"] > 0
    assert second["threads"] <= 12


@pytest.mark.full
async def test_two_thousand_rounds() -> None:
    """Memory, threads, files and the write-ahead log stand still after 500."""
    found = await measure(ROUNDS, STEP)

    assert found[-1]["rss_mib"] - found[0]["rss_mib"] <= AIM_MIB
    for name in ("threads", "files"):
        assert found[-1][name] == found[0][name]
    assert found[-1]["wal_mib"] <= found[0]["wal_mib"] + 1
