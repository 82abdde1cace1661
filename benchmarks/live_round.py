"""What one live round costs: ``python -m benchmarks live_round``, beside an older commit.

A map is played again and again beside a history of 400 rounds, R1 and R2 in turn; the notice comes before the file
or after it. Measured are the import (``stats_import``) by itself, and all three importing plugins together, delivery
and journal included in the time. Each statement that a plugin sends is counted, and how often it ran is not: BEGIN,
COMMIT and the lock of each plugin's transaction, and what the journal writes, come on top.
"""

import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from piccolo.table import Table

from benchmarks.corpus import corpus
from benchmarks.databases import Fresh, databases
from core.app import Application, offline_application
from core.config import parse_config
from core.db import Database, Transaction
from core.db.database import Row
from core.rounds.events import FetchedFile, RoundNotice
from core.rounds.filenames import StatsFilename, parse_stats_filename

BEFORE = "3d51f84"
HISTORY, LIVE = 400, 60
IMPORT, TOGETHER, NOTICE = "the import by itself", "all three plugins", "all three, for a late notice"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one live event has cost: *who* worked on it, for which round of the map."""

    who: str
    round_number: int
    wall_ms: float
    cpu_ms: float
    statements: tuple[str, ...]


class Counting(Database):
    """A database that keeps the statements that go through it, in order."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.dialect = inner.dialect
        self.engine = inner.engine
        self.statements: list[str] = []

    def note(self, sql: str) -> None:
        """Keep a statement, on one line."""
        self.statements.append(" ".join(sql.split()))

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        self.note(sql)
        return await self._inner.fetch(sql, args)

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> None:
        self.note(sql)
        await self._inner.execute(sql, args)

    async def write(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        self.note(sql)
        return await self._inner.write(sql, args)

    @contextlib.asynccontextmanager
    async def transaction(self, *, alone: bool = False) -> AsyncIterator[Transaction]:
        async with self._inner.transaction(alone=alone) as transaction:
            yield _CountingTransaction(transaction, self)

    async def close(self) -> None:
        await self._inner.close()


class _CountingTransaction:
    def __init__(self, inner: Transaction, counting: Counting) -> None:
        self._inner = inner
        self._counting = counting
        self.dialect = counting.dialect

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        self._counting.note(sql)
        return await self._inner.fetch(sql, args)

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> None:
        self._counting.note(sql)
        await self._inner.execute(sql, args)

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        if batch := list(rows):
            self._counting.note(sql)
            await self._inner.execute_many(sql, batch)

    async def insert(self, table: type[Table], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        if batch := list(rows):
            self._counting.note(f"INSERT INTO {table._meta.tablename}")
            await self._inner.insert(table, columns, batch)

    async def together(self, writes: Sequence[tuple[str, Sequence[Any]]]) -> None:
        if writes:
            self._counting.note(" / ".join(sql for sql, _ in writes))
            await self._inner.together(writes)


async def measure(url: str, *, history: int, live: int, late: bool) -> list[Cost]:
    """Play *live* rounds after *history* ones on the database at *url*; *late*: each notice comes after its file."""
    files = list(corpus(history + live))
    with TemporaryDirectory() as folder:
        config = parse_config({"database": {"url": url}, "servers": {"local": {}}}, Path(folder))
        async with offline_application(config) as app:
            await asyncio.gather(*[app.services.publish(await _put(app, *file)) for file in files[:history]])
            await app.kernel.dispatcher.settled(120)
            stage = _Stage(app)
            for number, file in enumerate(files[history:]):
                await stage.play(*file, late=late, alone=bool(number // 2 % 2))
    return stage.costs


class _Stage:
    """Plays live rounds and keeps what each has cost."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self.costs: list[Cost] = []
        self._counting = Counting(app.services.database)
        self._imports = app.kernel.slots["stats_import"].generation.plugin.imports  # type: ignore[union-attr]
        self._imports._db = app.services.database = self._counting  # the journal keeps the plain one

    async def play(self, filename: str, data: bytes, *, late: bool, alone: bool) -> None:
        """Play one round; *alone*: its file goes to the import only."""
        name, file = _named(filename), await _put(self._app, filename, data)
        if not late:
            await self._publish(_notice(name))
        with self._measured(IMPORT if alone else TOGETHER, name.round_number):
            await (self._import(file) if alone else self._publish(file))
        if late:
            with self._measured(NOTICE, name.round_number):
                await self._publish(_notice(name))

    async def _import(self, file: FetchedFile) -> None:
        """Import a file and tell nobody."""
        publish, self._imports._publish = getattr(self._imports, "_publish", None), None  # older ones have none
        await self._imports.import_files([file])
        self._imports._publish = publish

    async def _publish(self, event: FetchedFile | RoundNotice) -> None:
        await self._app.services.publish(event)
        await self._app.kernel.dispatcher.settled(10)

    @contextlib.contextmanager
    def _measured(self, who: str, number: int) -> Iterator[None]:
        self._counting.statements.clear()
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        self.costs.append(Cost(who, number, wall * 1000, cpu * 1000, tuple(self._counting.statements)))


async def _put(app: Application, filename: str, data: bytes) -> FetchedFile:
    return await app.services.files.put("local", filename, data, trigger="poll")


def _named(filename: str) -> StatsFilename:
    name = parse_stats_filename(filename)
    if name is None:
        raise ValueError(filename)
    return name


def _notice(name: StatsFilename) -> RoundNotice:
    return RoundNotice(
        server="local", map_name=name.map_name, round_number=name.round_number,
        round_end_unix=name.local_time.replace(tzinfo=UTC).timestamp() - 4,
        actual_duration_seconds=400.0, end_reason="objective", sender="roundhook 9",
    )  # fmt: skip


def figures(databases: Mapping[str, Fresh]) -> dict[str, float]:
    """Return what ``main`` prints."""
    found: dict[str, float] = {}
    for database, fresh in databases.items():
        for late in (False, True):
            with fresh() as url:
                costs = asyncio.run(measure(url, history=HISTORY, live=LIVE, late=late))
            for who in dict.fromkeys(one.who for one in costs):
                some = [one for one in costs if one.who == who]
                where = f"{database}, notice {'last' if late else 'first'}, {who}"
                found[f"{where}: µs"] = 1000 * statistics.median(one.wall_ms for one in some)
                found[f"{where}: µs of CPU"] = 1000 * statistics.median(one.cpu_ms for one in some)
                found[f"{where}: statements"] = max(len(one.statements) for one in some)
    return found


def main() -> None:
    """Print the figures of then and now."""
    from benchmarks.before import compare

    print(f"one live round beside {HISTORY:,} others; of statements at most")
    compare("live_round.py", BEFORE)


if __name__ == "__main__":
    with databases() as servers:
        print(json.dumps(figures(servers)))
