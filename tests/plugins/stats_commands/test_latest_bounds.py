"""The latest round with awards is found by them: not each of all rounds beside each of them, by PostgreSQL's plan."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from core.db import open_database
from plugins.stats_commands.queries import Stats
from tests.plugins.stats_commands.test_search_bounds import Recorded
from tests.postgres_databases import MigratedDatabases

ROUNDS, AWARDED = 30_000, 3_000
_ROUNDS = """
    INSERT INTO rounds (id, server, filename, file_sha256, map_name, round_number, played_at, status)
    SELECT n, (ARRAY['a', 'b', 'c', 'd'])[1 + n % 4], n::text, '', 'supply', 1, now() - (? - n) * interval '1 hour',
        'ok'
    FROM generate_series(1, ?) n"""
_AWARDS = "INSERT INTO awards (round_id, award, guid, value) SELECT n, 'a', 'A', '' FROM generate_series(1, ?) n"


@pytest.mark.parametrize("hidden", [(), ("a", "c")])
async def test_awards_of_long_ago(postgres_databases: MigratedDatabases, hidden: tuple[str, ...]) -> None:
    """Nobody has sent awards for most of the rounds."""
    async with postgres_databases.database() as url, open_database(url) as database:
        await database.execute(_ROUNDS, (ROUNDS, ROUNDS))
        await database.execute(_AWARDS, (AWARDED,))
        await database.execute("ANALYZE")
        recorded = Recorded(database)
        found = await Stats(recorded).with_awards(hidden)
        looked_at = 0
        for sql, args in recorded.asked:
            (plan,) = await database.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", args)
            looked_at += sum(_read(json.loads(plan["QUERY PLAN"])[0]["Plan"]))

    assert found
    assert found["id"] == AWARDED - (1 if hidden else 0)
    assert looked_at <= 4 * ROUNDS  # so few are read through at once rather than looked up


def _read(plan: dict[str, Any]) -> Iterator[int]:
    """Give how many rows each part of a plan has read, or put beside others in vain."""
    read = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) if "Relation Name" in plan else 0
    yield (read + plan.get("Rows Removed by Join Filter", 0)) * plan["Actual Loops"]
    for one in plan.get("Plans", ()):
        yield from _read(one)
