"""How long a command takes to answer at a million player rows: ``python -m benchmarks.read_latency``.

Measured is ``plugins/stats_commands/service.Answers``: all queries of a command and the making of its message, one
call after the other, on both databases.
"""

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.databases import databases
from core.clock import Clock
from core.db import Database, Transaction, open_database
from core.db import tables as core_tables
from core.db.migrate import migrate
from core.db.tables import columns_of  # fmt: skip
from core.errors import UserFacingError
from core.rounds import rollups
from core.rounds import tables as round_tables
from core.rounds.tables import Match, Player, PlayerName, PlayerRound, Round, Session, WeaponRound  # fmt: skip
from plugins.stats_commands.queries import CATEGORIES
from plugins.stats_commands.service import Answers

PLAYER_ROWS = 1_000_000
PEOPLE = 5_000
YEARS = 3
SERVERS = ("eu1", "eu2", "us1", "au1")
ROUNDS_OF_EVENING = 16
CALLS = 200
CHUNK = 20_000
WEAPONS = ("mp40", "thompson", "luger", "colt", "grenade")
MAPS = ("supply", "te_escape2", "etl_adlernest", "sw_goldrush_te", "et_brewdog")


@dataclass
class History:
    """Three years of evenings on four servers, a few people playing very often and most of them seldom."""

    chance: random.Random
    now: datetime
    rows: dict[type[Any], list[tuple[Any, ...]]] = field(default_factory=dict)
    players: int = 0

    def __post_init__(self) -> None:
        self.guids = [f"{self.chance.getrandbits(32):08X}" for _ in range(PEOPLE)]
        self.names = dict(zip(self.guids, (f"player {number}" for number in range(PEOPLE)), strict=True))
        self.weights = list(itertools.accumulate(1 / (rank + 50) for rank in range(PEOPLE)))
        self.templates = [tuple(self._numbers()) for _ in range(2_000)]

    def evenings(self) -> Iterator[None]:
        """Add evening after evening to ``rows``, until there are enough player rows."""
        share = ROUNDS_OF_EVENING * 8 / PLAYER_ROWS
        for number in itertools.count():
            if self.players >= PLAYER_ROWS:
                return
            start = self.now - timedelta(days=365 * YEARS * max(1 - share * number, 0), hours=5)
            self._evening(number + 1, start)
            yield

    def pick(self) -> str:
        """Return a player; who plays more is asked for more."""
        return self.chance.choices(self.guids, cum_weights=self.weights)[0]

    def _evening(self, session: int, start: datetime) -> None:
        server = self.chance.choice(SERVERS)
        team = self.chance.choice((3, 3, 4, 5))
        line_up: dict[str, int] = {}
        while len(line_up) < 2 * team:
            line_up.setdefault(self.pick(), 1 + len(line_up) % 2)
        moments = [start + timedelta(minutes=15 * number) for number in range(ROUNDS_OF_EVENING)]
        self._add(Session, id=session, server=server, started_at=moments[0], ended_at=moments[-1])
        for number, moment in enumerate(moments):
            self._round((session - 1) * ROUNDS_OF_EVENING + number + 1, session, server, moment, line_up)

    def _round(self, id_: int, session: int, server: str, moment: datetime, line_up: dict[str, int]) -> None:
        second = id_ % 2 == 0
        map_name, match = MAPS[(id_ + 1) // 2 % len(MAPS)], (id_ + 1) // 2
        self._add(
            Round, id=id_, server=server, filename=f"{moment:%Y-%m-%d-%H%M%S}-m{id_}-round-{1 + second}.txt",
            file_sha256=f"{id_}", revision=1, map_name=map_name, round_number=1 + second, played_at=moment,
            winner_side=1, defender_side=1, time_limit_seconds=720, time_shown_seconds=720, duration_source="players",
            actual_duration_seconds=600, status="ok" if id_ % 37 else "aborted", match_id=match, session_id=session,
        )  # fmt: skip
        if second:
            self._add(
                Match, id=match, server=server, map_name=map_name, round1_id=id_ - 1, round2_id=id_, result="draw"
            )
        players, weapons = self.rows.setdefault(PlayerRound, []), self.rows.setdefault(WeaponRound, [])
        for guid, side in line_up.items():
            numbers = self.chance.choice(self.templates)
            players.append((id_, guid, self.names[guid], self.names[guid], side, *numbers))
            weapons += [(id_, guid, weapon, numbers[3], numbers[4], numbers[0], 2, 1) for weapon in WEAPONS]
        self.players += len(line_up)

    def _numbers(self) -> Iterator[int]:
        ranges = {"damage_given": 3000, "damage_received": 3000, "shots": 600, "hits": 150, "time_dead_seconds": 200}
        for name in columns_of(PlayerRound)[5:]:
            yield 600 if name == "time_played_seconds" else self.chance.randint(0, ranges.get(name, 20))

    def _add(self, table: type[Any], **values: Any) -> None:
        row = tuple(values.get(name) for name in columns_of(table))
        self.rows.setdefault(table, []).append(row)


async def build(database: Database) -> History:
    """Fill *database* with a million player rows; the sums as the import keeps them."""
    history = History(random.Random(1), datetime.now(UTC))
    async with database.transaction() as transaction:
        for _ in history.evenings():
            if len(history.rows[PlayerRound]) > CHUNK:
                await _store(transaction, history)
        people = [(guid, name, False, history.now, history.now) for guid, name in history.names.items()]
        history.rows[Player] = list(people)
        history.rows[PlayerName] = [(guid, name, first, last) for guid, name, _, first, last in people]
        await _store(transaction, history)
    await rollups.rebuild_rollups(database)
    if database.dialect == "postgres":  # autovacuum would do it within a minute
        await database.execute("ANALYZE")
    return history


async def _store(transaction: Transaction, history: History) -> None:
    for table in sorted(history.rows, key=(*core_tables.TABLES, *round_tables.TABLES).index):
        await transaction.insert(table, columns_of(table), history.rows[table])
        history.rows[table] = []


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


async def run(name: str, url: str) -> None:
    """Build and measure one database."""
    async with open_database(url) as database:
        await migrate(database)
        database.bind(*core_tables.TABLES, *round_tables.TABLES)
        started = time.perf_counter()
        history = await build(database)
        took = time.perf_counter() - started
        tables = ("player_rounds", "weapon_rounds", "rounds", "player_days", "player_totals")
        sizes = [(await database.fetch(f"SELECT count(*) AS n FROM {table}"))[0]["n"] for table in tables]
        counts = ", ".join(f"{size:,} {table}" for size, table in zip(sizes, tables, strict=True))
        print(f"  {name}: {counts} (built in {took:.0f} s)", flush=True)
        for what, calls in _commands(
            history, Answers(database, Clock(), {}, lambda action, args: f"{action}:{args}")
        ).items():
            median, high = await measure(calls)
            print(f"  {name:10} {what:22} p50 {median:5.1f} ms  p95 {high:5.1f} ms", flush=True)


def _commands(history: History, answers: Answers) -> dict[str, Callable[[], Awaitable[object]]]:
    categories = itertools.cycle(CATEGORIES)
    best = history.guids[0]
    return {
        "/stats": lambda: answers.player(history.names[history.pick()], None, None, ()),
        "/stats days:90": lambda: answers.player(history.names[history.pick()], None, 90, ()),
        "/stats (most rounds)": lambda: answers.player(history.names[best], None, None, ()),
        "/last": lambda: answers.last(()),
        "/top": lambda: answers.top(next(categories), None, ()),
        "/top days:90": lambda: answers.top(next(categories), 90, ()),
        "/top days:90, one server": lambda: answers.top(next(categories), 90, SERVERS[1:]),
    }


def main() -> None:
    """Measure both databases and print."""
    print(f"answers at {PLAYER_ROWS:,} player rows, {CALLS} calls each")
    with databases() as servers:
        for name, fresh in servers.items():
            with fresh() as url:
                asyncio.run(run(name, url))


if __name__ == "__main__":
    main()
