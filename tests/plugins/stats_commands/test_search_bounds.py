"""Suggestions and answers look at as few rows in many rounds as in few: no table is read through, whatever is typed."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from core.clock import Clock
from core.db import Database
from core.db.database import Row
from core.db.sqlite import SqliteDatabase
from core.rounds import sightings
from plugins.stats_commands.evenings import Evenings
from plugins.stats_commands.queries import Stats
from plugins.stats_commands.search import Search

NOW = datetime.now(UTC)
SERVERS = ("a", "b", "c", "d")
HIDDEN: tuple[tuple[str, ...], ...] = ((), ("a", "c", "d"))
NAMES = ("", "p", "pl", "player", "player 777", "plyaer 42", "^1x", "AB", "ABC1", "nobody at all")
ROUNDS = ("", "e", "map_3", "mpa_3 R2 yesterday", "R1", "17", "friday", "a map_1", "2025-10")
DAYS = ("", "b", "yesterday", "2025-1", "friday a")
SMALL, LARGE = 1_200, 6_000
"""Rounds; as many people."""
MOST = {"sqlite": 600_000, "postgres": 20_000}
"""Steps, or rows, of one statement: sixteen parts of a name, each of 600 people at most."""
SLACK = {"sqlite": 1_000, "postgres": 100}
"""Of an index that is a step deeper, or a plan that is another one where there is more."""
ROUND = (
    "INSERT INTO rounds (id, server, filename, file_sha256, map_name, round_number, played_at, status, session_id) "
    "VALUES (?, ?, ?, '', ?, ?, ?, ?, ?)"
)
PLAYER = "INSERT INTO player_rounds (round_id, guid, name, raw_name, side) VALUES (?, ?, '', '', ?)"
SESSION = "INSERT INTO sessions (id, server, started_at, ended_at) VALUES (?, ?, ?, ?)"
AWARD = "INSERT INTO awards (round_id, award, guid, value) VALUES (?, 'a', 'A', '')"


class Recorded(Database):
    """Another database; what is asked of it is written down."""

    def __init__(self, database: Database) -> None:
        self._inner, self.dialect = database, database.dialect
        self.asked: list[tuple[str, Sequence[Any]]] = []

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        self.asked.append((sql, args))
        return await self._inner.fetch(sql, args)

    def transaction(self, *, alone: bool = False) -> Any:
        raise AssertionError("suggestions only read")

    async def close(self) -> None:
        pass


async def test_as_much_is_looked_at_in_few_rounds_as_in_many(database: Database) -> None:
    """Five times the rounds, people and evenings: as good as the same work, and no plan that reads a table through."""
    await _play(database, 1, SMALL)
    few = await _looked_at(database, await _asked(database))
    await _play(database, SMALL + 1, LARGE)
    many = await _looked_at(database, await _asked(database))

    assert len(few) > 200
    assert max(many) <= MOST[database.dialect]
    assert sum(many) <= 1.5 * sum(few)


async def test_each_answer_looks_at_as_much_in_few_rounds_as_in_many(database: Database) -> None:
    """An evening, a round and a player are as long as they were; others have played meanwhile."""
    await _play(database, 1, SMALL)
    asked = await _answered(database)
    few = await _looked_at(database, asked)
    await _play(database, SMALL + 1, LARGE)
    many = await _looked_at(database, asked)

    assert len(asked) > 30
    for (sql, _), before, after in zip(asked, few, many, strict=True):
        assert after <= 1.5 * before + SLACK[database.dialect], (sql, before, after)


async def _answered(database: Database) -> list[tuple[str, Sequence[Any]]]:
    """Ask for what evenings, rounds and players are shown with."""
    recorded = Recorded(database)
    evenings, stats = Evenings(recorded), Stats(recorded)
    for hidden in HIDDEN:
        for session in await evenings.latest(hidden, limit=2):
            evening = await evenings.read(session)
            guid = evening.players[0].guid
            for some in (evenings.weapons, evenings.awards, evenings.result):
                await some(session["id"])
            await evenings.weapons(session["id"], guid)
            await evenings.standings(evening.rounds[-1])
            await evenings.axis_of(session["id"], [row["id"] for row in evening.rounds])
            await stats.names(guid, hidden)
            await stats.last_names([guid], hidden)
            await stats.player_totals(guid, None, NOW - timedelta(days=90), hidden)
            await stats.weapons(guid, session["server"], None, hidden)
            for one in (stats.players, stats.notice, stats.awards):
                await one(evening.rounds[0]["id"])
        await stats.round(None, hidden)
    return recorded.asked


async def _play(database: Database, first: int, last: int) -> None:
    """Store so many rounds, each of a person who played no other; every tenth is of nobody, every third is awarded."""
    numbers = range(first, last + 1)
    when = {number: NOW - timedelta(hours=LARGE - number) for number in numbers}
    server = {number: SERVERS[number // 8 % len(SERVERS)] for number in numbers}
    guid = {number: f"{number * 2654435761 % 2**32:08X}" for number in numbers}
    evenings = [(one // 8, server[one], when[one], when[one] + timedelta(hours=8)) for one in numbers if one % 8 == 0]
    async with database.transaction() as transaction:
        await transaction.execute_many(SESSION, evenings)
        status = {number: "ok" if number % 10 else "empty" for number in numbers}
        rounds = [(n, server[n], f"{n}", f"map_{n % 12}", 1 + n % 2, when[n], status[n], n // 8) for n in numbers]
        await transaction.execute_many(ROUND, rounds)
        await transaction.execute_many(PLAYER, [(one, guid[one], 1 + one % 2) for one in numbers])
        await transaction.execute_many(AWARD, [(one,) for one in numbers if one % 3 == 0])
        for some in SERVERS:
            seen = [(guid[one], f"player {one}", when[one]) for one in numbers if server[one] == some]
            await sightings.keep_sightings(transaction, some, seen)


async def _asked(database: Database) -> list[tuple[str, Sequence[Any]]]:
    recorded = Recorded(database)
    search = Search(recorded, Clock(), {})
    for hidden in HIDDEN:
        for typed in NAMES:
            await search.players(typed, hidden)
        for typed in ROUNDS:
            await search.rounds(typed, hidden)
            await search.rounds(typed, hidden, with_awards=True)
        for typed in DAYS:
            await search.days(typed, hidden, "")
        await search.servers("b", hidden)
        await search.no_round(10**7, hidden)
    return recorded.asked


async def _looked_at(database: Database, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[int]:
    """Return for each statement how much work it is: SQLite's steps, or the rows that PostgreSQL has read."""
    if isinstance(database, SqliteDatabase):
        connection = sqlite3.connect(database.path)
        found = [_steps(connection, sql, args) for sql, args in asked]
        connection.close()
        return found
    await database.execute("ANALYZE")
    async with database.transaction() as transaction:
        await transaction.execute("SET LOCAL enable_seqscan = off")  # of a small table it is the cheaper plan
        plans = [await transaction.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", args) for sql, args in asked]
    return [_rows(json.loads(plan[0]["QUERY PLAN"])[0]["Plan"]) for plan in plans]


def _steps(connection: sqlite3.Connection, sql: str, args: Sequence[Any]) -> int:
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", args)]
    through = [line for line in plan if line.startswith("SCAN") and line.split()[1] in TABLES]
    assert not through, (through, sql)
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 100

    connection.set_progress_handler(count, 100)
    connection.execute(sql, args).fetchall()
    connection.set_progress_handler(None, 0)
    return steps


def _rows(plan: dict[str, Any]) -> int:
    read = [node for node in _nodes(plan) if "Relation Name" in node]
    return sum((one["Actual Rows"] + one.get("Rows Removed by Filter", 0)) * one["Actual Loops"] for one in read)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    assert plan["Node Type"] != "Seq Scan", plan
    yield plan
    for one in plan.get("Plans", ()):
        yield from _nodes(one)


TABLES = {"rounds", "n", "sessions", "player_sightings", "name_parts", "player_rounds", "p", "awards", "a"}
"""As plans name them."""
