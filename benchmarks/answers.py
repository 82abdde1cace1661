"""How long commands and suggestions take at Discord: ``python -m benchmarks answers``, beside an older commit.

The real bot on the loopback Discord and SQLite, beside an invented history of a million player rows, which each version
makes for itself (``python -m benchmarks.answers --rows N``: of more); what takes a while is asked for fewer times.
Guild 2 sees one server alone.
"""

import argparse
import asyncio
import importlib.util
import itertools
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from core.db import open_database
from core.db import tables as core_tables
from core.db.migrate import migrate
from core.rounds import tables as round_tables
from roundhook.testing import Stage

BEFORE, PLAYER_ROWS, RUNS = "3d51f84", 1_000_000, 5
CALLS, LONGEST_SECONDS = 40, 4.0
"""How often each is asked for at most, and for how long."""
CATEGORIES = ("dpm", "kd", "kills")
ALL, ONE = 1, 2
"""The guilds that see all servers, and one of them."""


def sibling(name: str) -> ModuleType:
    """Import a module that lies beside this one: an older tree has none of its name, or another."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def build(file: Path, rows: int, history: ModuleType) -> None:
    """Make the history unless it is there."""
    async with open_database(f"sqlite:///{file}") as database:
        await migrate(database)
        database.bind(*core_tables.TABLES, *round_tables.TABLES)
        if not await database.fetch("SELECT 1 FROM rounds LIMIT 1"):
            await history.build(database, rows)


async def p95(call: Callable[[], Awaitable[Any]]) -> float:
    """Return how long a call takes, in microseconds."""
    await call()
    times, end = list[float](), time.perf_counter() + LONGEST_SECONDS
    while len(times) < CALLS and time.perf_counter() < end:
        started = time.perf_counter()
        await call()
        times.append((time.perf_counter() - started) * 1e6)
    return sorted(times)[len(times) * 95 // 100]


def calls(stage: Stage, people: Iterable[str]) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Return what is measured, by name."""
    discord, someone, category = stage.discord, itertools.cycle(people), itertools.cycle(CATEGORIES)

    def used(name: str, **options: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
        return lambda: discord.invoke(
            name, admin=True, guild=ALL, options={option: value() for option, value in options.items()}
        )

    def typed(name: str, option: str, guild: int, text: str) -> Callable[[], Awaitable[Any]]:
        return lambda: discord.autocomplete(name, option, text, guild=guild)

    return {
        "/top": used("top", category=lambda: next(category)),
        "/top days": used("top", category=lambda: next(category), days=lambda: 90),
        "/stats": used("stats", player=lambda: next(someone)),
        "/status": used("status"),
        "/round, typed": typed("round", "id", ALL, "sup"),
        "/stats player, typed": typed("stats", "player", ALL, "ba"),
        "/stats player, typed in a guild that sees one server": typed("stats", "player", ONE, "ba"),
        "server, typed": typed("session", "server", ALL, "e"),
    }


async def figures(folder: Path, rows: int) -> dict[str, float]:
    """Return what ``main`` prints."""
    file, history = folder / "roundhook.db", sibling("history")
    await build(file, rows, history)
    servers = {one: {"guilds": [ALL] if one != history.SERVERS[0] else [ALL, ONE]} for one in history.SERVERS}
    plugins = ["stats_import", "stats_commands"]
    async with Stage(plugins, database=f"sqlite:///{file}", guilds=(ALL, ONE), config={"servers": servers}) as stage:
        often = "SELECT guid FROM player_totals GROUP BY guid ORDER BY sum(rounds) DESC LIMIT 200"
        people = [row["guid"] for row in await stage.db.fetch(often)]
        return {f"{name}: p95, µs": await p95(call) for name, call in calls(stage, people).items()}


def main(given: Iterable[str] = ()) -> None:
    """Print the figures of then and now."""
    from benchmarks.before import compare

    parser = argparse.ArgumentParser(prog="python -m benchmarks.answers")
    parser.add_argument("--rows", type=int, default=PLAYER_ROWS, metavar="N", help="of players")
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N")
    options = parser.parse_args([*given])
    print(f"answers at {options.rows:,} player rows, at the loopback Discord")
    compare("answers.py", BEFORE, options.runs, str(options.rows))


if __name__ == "__main__":
    if __package__:
        main(sys.argv[1:])
    else:
        print(json.dumps(asyncio.run(figures(Path(sys.argv[1]), int(sys.argv[2])))))
