"""Many reloads of a producer and a consumer of a plugin's event, with an offer between them: nothing is lost."""

import asyncio
import contextlib
import logging
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from core.kernel.report import Report
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.patience import PATIENCE

EXAMPLES = Path(__file__).parents[2] / "examples"
PLAYERS = 3
ROUND_SECONDS, ASK_SECONDS = 0.01, 0.005
"""Between two of them."""
ROUND = """
    INSERT INTO rounds (id, server, filename, file_sha256, revision, map_name, round_number, played_at, status)
    VALUES (?, 'local', ?, '', 1, 'supply', 1, ?, 'ok')"""
PLAYER = "INSERT INTO players (guid, name, is_bot, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)"
PLAYED = "INSERT INTO player_rounds (round_id, guid, name, raw_name, side, damage_given) VALUES (?, ?, ?, '', 1, ?)"
DELIVERIES = """
    SELECT e.type, d.plugin, d.state, d.attempts, count(*) AS n FROM deliveries d JOIN events e ON e.id = d.event_id
    GROUP BY e.type, d.plugin, d.state, d.attempts ORDER BY e.type, d.plugin"""


@pytest.fixture(autouse=True)
def _unlogged() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@dataclass
class Load:
    """Rounds that come one after another, and somebody who keeps asking, until it is told to stop."""

    stage: Stage
    rounds: int = 0
    answers: int = 0
    stopped: bool = False
    reports: list[Report] = field(default_factory=list)

    async def play(self) -> None:
        while not self.stopped:
            self.rounds += 1
            when = self.stage.clock.now() - timedelta(days=1)
            async with self.stage.db.transaction() as transaction:
                await transaction.execute(ROUND, (self.rounds, f"{self.rounds}.txt", when))
                rows = [(self.rounds, f"{one:08X}", f"player {one}", 1000 - one) for one in range(PLAYERS)]
                await transaction.execute_many(PLAYED, rows)
            await self.stage.publish(ImportedRound(round_id=self.rounds, file_sha256="", server="local"))
            await asyncio.sleep(ROUND_SECONDS)

    async def ask(self) -> None:
        while not self.stopped:
            await self.stage.call("mvp.tops", after=max(self.rounds - 5, 0), limit=5)
            self.answers += 1
            await asyncio.sleep(ASK_SECONDS)

    async def reload(self, times: int) -> None:
        for number in range(times):
            self.reports.append(await self.stage.plugins.reload(("mvp", "ladder")[number % 2]))


async def test_nothing_is_lost_or_doubled_over_twelve_reloads() -> None:
    """Six of each."""
    await holds(12, None)


@pytest.mark.full
async def test_nothing_is_lost_or_doubled_on_both_databases(database_url: str) -> None:
    """Forty of them."""
    await holds(40, database_url)


@pytest.mark.full
async def test_nothing_is_lost_or_doubled_over_a_thousand_reloads(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole of it; its figures are printed."""
    load = await holds(1000, None)
    pauses = sorted(report.pause_ms for report in load.reports)
    middle, late, longest = statistics.median(pauses), pauses[int(len(pauses) * 0.99)], pauses[-1]
    with capsys.disabled():
        sys.stdout.write(f"\n{load.rounds} rounds, {load.answers} answers; ")
        sys.stdout.write(f"pause {middle:.1f} ms, of 99 % {late:.1f} ms, longest {longest:.1f} ms\n")


async def holds(reloads: int, database: str | None) -> Load:
    """Reload both in turn while rounds come and the offer is called, and compare."""
    async with Stage(["mvp", "ladder"], folders=[EXAMPLES], database=database) as stage:
        now = stage.clock.now()
        for one in range(PLAYERS):
            await stage.db.execute(PLAYER, (f"{one:08X}", f"player {one}", False, now, now))
        load = Load(stage)
        await stage.plugins.reload("mvp")
        tasks = len(asyncio.all_tasks())
        async with asyncio.TaskGroup() as group:
            group.create_task(load.play())
            group.create_task(load.ask())
            await load.reload(reloads)
            load.stopped = True
        await stage.settled(PATIENCE)
        with contextlib.suppress(TimeoutError):
            await stage.until(lambda: _is_quiet(tasks), timeout=PATIENCE)

        assert [report.error for report in load.reports if not report.ok] == []
        assert load.rounds > reloads
        assert load.answers > reloads
        assert await stage.count("events") == 2 * load.rounds
        done = {"state": "done", "attempts": 1, "n": load.rounds}
        assert await stage.db.fetch(DELIVERIES) == [
            {"type": "ImportedRound", "plugin": "mvp", **done},
            {"type": "mvp.MvpChosen", "plugin": "ladder", **done},
            {"type": "mvp.MvpChosen", "plugin": "mvp", **done},
        ]
        points = "SELECT guid, points, count(*) AS n FROM ladder_points GROUP BY guid, points ORDER BY points DESC"
        expected = [(f"{one:08X}", PLAYERS - one, load.rounds) for one in range(PLAYERS)]
        assert [tuple(row.values()) for row in await stage.db.fetch(points)] == expected
        assert len(asyncio.all_tasks()) <= tasks
    return load


async def _is_quiet(tasks: int) -> bool:
    return len(asyncio.all_tasks()) <= tasks
