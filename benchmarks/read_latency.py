"""How long a command takes to answer: ``python -m benchmarks.read_latency [--rows N] [--keep PATH]``.

Measured is ``plugins/stats_commands/service.Answers``: all queries of a command and the making of its message, one
call after the other, on both databases at a million player rows; with ``--keep`` on one SQLite file, which is made if
it is not there. *Hidden* is a guild that does not see all servers.
"""

import argparse
import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from benchmarks.databases import databases
from benchmarks.history import ENDLESS, SERVERS, build
from core.clock import Clock
from core.db import Database, open_database
from core.db import tables as core_tables
from core.db.migrate import migrate
from core.errors import UserFacingError
from core.rounds import tables as round_tables
from plugins.stats_commands.boards import Asked
from plugins.stats_commands.rankings import CATEGORIES
from plugins.stats_commands.service import Answers
from plugins.stats_import.status import lines_of

PLAYER_ROWS = 1_000_000
CALLS = 200
HIDDEN = (SERVERS[0], ENDLESS)


async def measure(calls: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return median and 95th percentile of many calls, in milliseconds."""
    times = []
    for _ in range(CALLS):
        started = time.perf_counter()
        with contextlib.suppress(UserFacingError):  # "has not played in the last 90 days" is an answer too
            await calls()
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    return times[len(times) // 2], times[len(times) * 95 // 100]


async def run(name: str, url: str, rows: int, only: Sequence[str]) -> None:
    """Build one database unless it is there, and measure."""
    async with open_database(url) as database:
        await migrate(database)
        database.bind(*core_tables.TABLES, *round_tables.TABLES)
        started = time.perf_counter()
        if not await database.fetch("SELECT 1 FROM rounds LIMIT 1"):
            await build(database, rows)
        took = time.perf_counter() - started
        tables = ("player_rounds", "weapon_rounds", "rounds", "player_days", "player_totals")
        sizes = [(await database.fetch(f"SELECT count(*) AS n FROM {table}"))[0]["n"] for table in tables]
        counts = ", ".join(f"{size:,} {table}" for size, table in zip(sizes, tables, strict=True))
        print(f"  {name}: {counts} (built in {took:.0f} s)", flush=True)
        for what, calls in (await commands(database)).items():
            if not only or any(one in what for one in only):
                median, high = await measure(calls)
                print(f"  {name:10} {what:28} p50 {median:6.1f} ms  p95 {high:6.1f} ms", flush=True)


async def commands(database: Database) -> dict[str, Callable[[], Awaitable[object]]]:
    """Return what is measured, by name."""
    answers = Answers(database, Clock(), {}, lambda action, args: f"{action}:{args}")
    categories, chance = itertools.cycle(CATEGORIES), random.Random(2)
    often = [
        row["guid"]
        for row in await database.fetch(
            "SELECT guid FROM player_totals GROUP BY guid ORDER BY sum(rounds) DESC LIMIT 1000"
        )
    ]

    async def awards(hidden: Sequence[str]) -> object:
        return await answers.awards((await answers.awarded(None, hidden))["id"], hidden)

    return {
        "/stats": lambda: answers.player(chance.choice(often), None, None, ()),
        "/stats days:90": lambda: answers.player(chance.choice(often), None, 90, ()),
        "/stats, hidden": lambda: answers.player(chance.choice(often), None, None, HIDDEN),
        "/stats (most rounds)": lambda: answers.player(often[0], None, None, ()),
        "/top": lambda: answers.top(next(categories), Asked(None, None, ())),
        "/top, hidden": lambda: answers.top(next(categories), Asked(None, None, HIDDEN)),
        "/top days:90": lambda: answers.top(next(categories), Asked(None, 90, ())),
        "/top days:90, hidden": lambda: answers.top(next(categories), Asked(None, 90, HIDDEN)),
        "/top days:700": lambda: answers.top(next(categories), Asked(None, 700, ())),
        "/top, page 9, player": lambda: answers.top("kd", Asked(None, None, ()), 8, chance.choice(often)),
        "/status": lambda: lines_of(database, SERVERS, admin=True),
        "servers, hidden": lambda: answers.search.servers("", HIDDEN),
        "servers": lambda: answers.search.servers("", ()),
        "/last": lambda: answers.last(()),
        "/last, hidden": lambda: answers.last(HIDDEN),
        "/session": lambda: answers.session(None, SERVERS[0], ()),
        "/session, never pauses": lambda: answers.session(None, ENDLESS, ()),
        "/sessions": lambda: answers.sessions(None, (), 0),
        "/sessions, never pauses": lambda: answers.sessions(ENDLESS, (), 0),
        "/round": lambda: answers.round(None, ()),
        "/timing": lambda: answers.timing(None, ()),
        "/awards": lambda: awards(()),
        "/awards, hidden": lambda: awards(HIDDEN),
    }


def main(given: Sequence[str] = ()) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=PLAYER_ROWS)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args(given)
    print(f"answers at {options.rows:,} player rows, {CALLS} calls each")
    if options.keep:
        asyncio.run(run("SQLite", f"sqlite:///{options.keep}", options.rows, options.only))
        return
    with databases() as servers:
        for name, fresh in servers.items():
            with fresh() as url:
                asyncio.run(run(name, url, options.rows, options.only))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
