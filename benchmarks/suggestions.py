"""How long a suggestion takes: ``python -m benchmarks.suggestions [URL …]``, by default at a million player rows.

The databases named must have a history in them; their tables are brought up to date first. Typed are names, maps and
days that are there: whole, begun, a part, with a slip; in a guild that sees all servers, and in one that sees a single
one. One call after the other; *CPU* is what the process has computed for one (PostgreSQL's
own work is not in it), *held* the event loop's part.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks.databases import databases
from benchmarks.history import build
from benchmarks.read_latency import PLAYER_ROWS
from core.clock import Clock
from core.db import Database, open_database
from core.db import tables as core_tables
from core.db.migrate import migrate
from core.rounds import tables as round_tables
from plugins.stats_commands.search import Search

PEOPLE, TIMES, FEW = 12, 5, 8
DAYS = ("", "yesterday", "friday", f"{datetime.now(UTC):%Y-%m}")

Asking = Callable[[str, Sequence[str]], Awaitable[Any]]


async def run(url: str) -> None:
    """Measure one database and print."""
    async with open_database(url) as database:
        await migrate(database)
        (size,) = await database.fetch("SELECT count(*) AS people, sum(rounds) AS rows FROM player_totals")
        print(f"  {url.rpartition('/')[2]}: {size['rows']:,} player rows that count", flush=True)
        search = Search(database, Clock(), {})
        servers = await search.servers("", ())
        names, rounds = [*await _names(database)], [*await _rounds(database)]
        options: tuple[tuple[str, Sequence[str], Asking], ...] = (
            ("player", names, search.players),
            ("id", rounds, search.rounds),
            ("id of /awards", rounds, lambda typed, hidden: search.rounds(typed, hidden, with_awards=True)),
            ("date", DAYS, lambda typed, hidden: search.days(typed, hidden, "")),
            ("server", ("", *(name[:2] for name in servers)), search.servers),
        )
        for option, typed, ask in options:
            for who, hidden in (("all servers", ()), ("one server", tuple(servers[1:]))):
                print(f"    {option:14} {who:12} {await _measured(ask, typed, hidden)}", flush=True)


async def _measured(ask: Asking, typed: Sequence[str], hidden: Sequence[str]) -> str:
    whole, held, spent, slowest = [], [], [], ("", 0.0)
    for text in [*typed] * (TIMES if len(typed) > FEW else TIMES * FEW):
        started, before, all_before = time.perf_counter(), time.thread_time(), time.process_time()
        await ask(text, hidden)
        whole.append((time.perf_counter() - started) * 1000)
        held.append((time.thread_time() - before) * 1000)
        spent.append((time.process_time() - all_before) * 1000)
        slowest = max(slowest, (text, whole[-1]), key=lambda one: one[1])
    return (
        f"p50 {_at(whole, 50)}  p95 {_at(whole, 95)}  CPU p95 {_at(spent, 95)}  held p95 {_at(held, 95)}  "
        f"slowest {slowest[0]!r}"
    )


def _at(times: list[float], percent: int) -> str:
    return f"{sorted(times)[len(times) * percent // 100]:5.1f} ms"


async def _names(database: Database) -> Iterator[str]:
    rows = await database.fetch("SELECT name FROM player_sightings ORDER BY guid, server LIMIT 3000")
    chance = random.Random(1)
    found = ["", "e", "ABC", "nobody of that name"]
    for name in chance.sample([row["name"] for row in rows if len(row["name"]) > 4], PEOPLE):
        place = chance.randrange(1, len(name))
        slip = name[:place] + name[place + 1 :]
        found += [name, name[:2], name[:3], name[2:6], slip, f"^1{name}"]
    return iter(found)


async def _rounds(database: Database) -> Iterator[str]:
    rows = await database.fetch("SELECT id, map_name, played_at FROM rounds ORDER BY id DESC LIMIT 200")
    found = ["", "e", "R2", "1", "no_such_map", "friday"]
    for row in rows[:: len(rows) // PEOPLE or 1]:
        name = row["map_name"]
        found += [
            name,
            name[:3],
            name[1:],
            f"{name[:2]}{name[3:]} R2",
            f"{name} {row['played_at']:%d.%m.}",
            str(row["id"]),
        ]
    return iter(found)


def main(given: Sequence[str] = ()) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("urls", nargs="*", metavar="URL")
    print("suggestions, one key stroke after the other")
    for url in (urls := parser.parse_args(given).urls):
        asyncio.run(run(url))
    if urls:
        return
    with databases() as servers:
        for fresh in servers.values():
            with fresh() as url:
                asyncio.run(_built(url))
                asyncio.run(run(url))


async def _built(url: str) -> None:
    async with open_database(url) as database:
        await migrate(database)
        database.bind(*core_tables.TABLES, *round_tables.TABLES)
        await build(database, PLAYER_ROWS)


if __name__ == "__main__":
    main(sys.argv[1:])
