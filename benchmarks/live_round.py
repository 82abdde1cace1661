"""What one live round costs: ``python -m benchmarks.live_round``.

A map is played again and again beside a history of 2,000 rounds: notice, then file, R1 and R2 in turn. Counted are
milliseconds of work and statements of the import (``stats_import``), and of all three importing plugins together.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from piccolo.table import Table

from benchmarks.corpus import corpus
from benchmarks.databases import databases
from core.app import import_application
from core.config import parse_config
from core.db import Database, Transaction
from core.db.database import Row
from core.events import FetchedFile, RoundNotice
from core.filenames import parse_stats_filename

HISTORY, LIVE = 2_000, 60
JOURNAL = ("events", "deliveries")


class Counting(Database):
    """A database that counts the statements that go to it, those of the journal aside."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.dialect = inner.dialect
        self.engine = inner.engine
        self.count = 0

    def note(self, sql: str) -> None:
        """Count a statement unless it is the journal's."""
        self.count += not any(f" {table} " in f"{sql} " for table in JOURNAL)

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        self.note(sql)
        return await self._inner.fetch(sql, args)

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
            self._counting.note(table._meta.tablename)
            await self._inner.insert(table, columns, batch)


async def run(name: str, url: str) -> None:
    """Measure on one database."""
    files = list(corpus(HISTORY + LIVE))
    with TemporaryDirectory() as folder:
        config = parse_config({"database": {"url": url}, "servers": {"local": {}}}, Path(folder))
        async with import_application(config) as app:
            logging.getLogger("roundhook").setLevel(logging.WARNING)
            counting = Counting(app.services.database)
            app.services.database = counting
            service = app.kernel.slots["stats_import"].generation.plugin.imports  # type: ignore[union-attr]
            service._db = counting
            history = [await _put(app, *file) for file in files[:HISTORY]]
            await asyncio.gather(*(app.services.publish(file) for file in history))
            await app.kernel.dispatcher.settled(120)
            alone: list[tuple[float, float, int]] = []
            together: list[tuple[float, float, int]] = []
            for number, (filename, data) in enumerate(files[HISTORY:]):
                notice, file = _notice(filename), await _put(app, filename, data)
                await app.services.publish(notice)
                await app.kernel.dispatcher.settled(10)
                counting.count, started, cpu = 0, time.perf_counter(), time.process_time()
                if number // 2 % 2:
                    await service.import_files([file])
                else:
                    await app.services.publish(file)
                    await app.kernel.dispatcher.settled(10)
                spent = (time.perf_counter() - started) * 1000, (time.process_time() - cpu) * 1000, counting.count
                (alone if number // 2 % 2 else together).append(spent)
    for what, all_ in (("the import", alone), ("all three plugins, with the journal's time", together)):
        wall, work, count = (sorted(column) for column in zip(*all_, strict=True))
        print(
            f"  {name:10} {what:42} median {wall[len(wall) // 2]:5.1f} ms, {work[len(work) // 2]:5.1f} ms of CPU, "
            f"at most {count[-1]} statements",
            flush=True,
        )


async def _put(app: Any, filename: str, data: bytes) -> FetchedFile:
    file: FetchedFile = await app.services.files.put("local", filename, data, trigger="poll")
    return file


def _notice(filename: str) -> RoundNotice:
    name = parse_stats_filename(filename)
    if name is None:
        raise ValueError(filename)
    end = name.local_time.replace(tzinfo=UTC).timestamp() - 4
    return RoundNotice(
        server="local", map_name=name.map_name, round_number=name.round_number, round_end_unix=end,
        actual_duration_seconds=400.0, end_reason="objective", sender="roundhook 9",
    )  # fmt: skip


def main() -> None:
    """Measure both databases and print."""
    print(f"one live round beside {HISTORY:,} others (aim: at most 15 ms of work and 15 statements)")
    with databases() as servers:
        for name, fresh in servers.items():
            with fresh() as url:
                asyncio.run(run(name, url))


if __name__ == "__main__":
    main()
