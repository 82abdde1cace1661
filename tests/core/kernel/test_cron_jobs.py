"""Methods that are called by the clock: at their times, made up for once, whatever happens meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.app import offline_application
from core.config import parse_config
from core.db.database import utc
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugin_maker import running, until, write_plugin

TICKS = """
from roundhook import Plugin

class Digest:
    def __init__(self):
        self.posted = 0

    async def post(self):
        self.posted += 1

class Ticks(Plugin):
    async def setup(self):
        self.seen, self.digest, self.wrong = 0, Digest(), False
        CRONS

    async def tick(self):
        self.seen += 1
        if self.wrong:
            raise ValueError("wrong")

    async def export(self):
        pass
"""
HOURLY = 'self.ctx.cron("0 * * * *", self.tick)'
PLANS = "        await self.ctx.at(self.ctx.clock.now(), self.tick)\n"
HALF_PAST = datetime(2026, 3, 4, 19, 30, tzinfo=UTC)
"""No full hour comes by itself while a test runs."""
DIGEST = 'self.ctx.cron("30 8 * * *", self.digest.post, "Europe/Ljubljana")'


def ticks(*crons: str) -> str:
    return TICKS.replace("CRONS", "\n        ".join(crons) or "pass")


async def dues(stage: Stage) -> dict[tuple[str, str], datetime | None]:
    rows = await stage.db.fetch("SELECT method, cron, due_at FROM plugin_jobs")
    return {(row["method"], row["cron"]): utc(row["due_at"]) for row in rows}


async def to_the_hour(stage: Stage) -> None:
    """Move on to ten seconds after the next full hour."""
    now = stage.clock.now()
    await stage.clock.advance(3610 - now.timestamp() % 3600)
    await stage.settled()


async def planned(stage: Stage, count: int) -> None:
    await holds(stage, lambda: _are_planned(stage, count))


async def holds(stage: Stage, condition: Callable[[], Awaitable[bool]]) -> None:
    """Return when *condition* holds; for what no event tells."""

    async def asked() -> bool:
        await asyncio.sleep(0.005)
        stage.app.kernel.dispatcher.note_change()
        return await condition()

    await stage.until(asked)


async def _are_planned(stage: Stage, count: int) -> bool:
    return await stage.count("plugin_jobs") == count


async def _are_told(stage: Stage, count: int) -> bool:
    """Whether so many are told; the bot looks each 30 s. Until then no full hour is to come."""
    await stage.clock.advance(3)
    return len(await stage.app.services.troubles.open()) == count


async def _is_due_within_an_hour(stage: Stage) -> bool:
    (due,) = (await dues(stage)).values()
    return due is not None and due <= stage.clock.now() + timedelta(hours=1)


async def test_a_time_that_passed_is_made_up_for_once(tmp_path: Path, database_url: str) -> None:
    """While the plugin is off and while the bot is; then it goes on from there. A version without it forgets it."""
    write_plugin(tmp_path, "ticks", ticks(HOURLY, DIGEST))
    async with Stage(["ticks"], folders=[tmp_path], database=database_url, begins=HALF_PAST) as stage:
        await planned(stage, 2)
        await to_the_hour(stage)
        await to_the_hour(stage)
        assert running(stage, "ticks").seen == 2
        hourly = (await dues(stage))["tick", "0 * * * * UTC"]
        assert hourly is not None
        assert timedelta(minutes=59) < hourly - stage.clock.now() < timedelta(hours=1)
        assert ("Digest.post", "30 8 * * * Europe/Ljubljana") in await dues(stage)
        info = (await stage.discord.invoke("plugin info", admin=True, options={"name": "ticks"})).text
        assert f"`tick`: at `0 * * * * UTC`, next <t:{int(hourly.timestamp())}:f>" in info
        await stage.plugins.disable("ticks")
        await stage.clock.advance(5 * 3600)
        await stage.settled()
        await stage.plugins.enable("ticks")
        await until(lambda: running(stage, "ticks").seen == 1)
        await stage.settled()
        assert running(stage, "ticks").seen == 1
        assert (await stage.plugins.reload("ticks")).ok
        await stage.settled()
        assert running(stage, "ticks").seen == 0

        past = stage.clock.now() - timedelta(days=3)
        await stage.db.execute("UPDATE plugin_jobs SET due_at = ?", (past,))
    async with Stage(["ticks"], folders=[tmp_path], database=database_url, begins=HALF_PAST) as stage:
        await until(lambda: running(stage, "ticks").seen == running(stage, "ticks").digest.posted == 1)
        await stage.settled()
        assert running(stage, "ticks").seen == 1
        assert all(due and due > stage.clock.now() for due in (await dues(stage)).values())
        write_plugin(tmp_path, "ticks", ticks(HOURLY))
        await stage.plugins.reload("ticks")
        await planned(stage, 1)
        assert list(await dues(stage)) == [("tick", "0 * * * * UTC")]


async def test_one_that_fails_waits_for_its_next_time(tmp_path: Path) -> None:
    """After its attempts it is told until one goes well; it never ends."""
    write_plugin(tmp_path, "ticks", ticks(HOURLY))
    async with Stage(["ticks"], folders=[tmp_path], begins=HALF_PAST) as stage:
        await planned(stage, 1)
        running(stage, "ticks").wrong = True
        now = stage.clock.now()
        await stage.clock.advance(3610 - now.timestamp() % 3600)
        for number, pause in enumerate((0, 1, 5, 30, 120, 600)):
            await stage.clock.advance(pause)
            await until(lambda: running(stage, "ticks").seen == number + 1)  # noqa: B023
            await until(lambda: not stage.app.kernel.jobs._lanes)
        await stage.settled()
        (row,) = await stage.db.fetch("SELECT state, error, attempts FROM plugin_jobs")
        assert row == {"state": "waiting", "error": "ValueError: wrong", "attempts": 0}
        troubles = stage.app.services.troubles
        await holds(stage, lambda: _are_told(stage, 1))
        assert "A job of tick could not be done" in (await troubles.open())[0]["text"]
        running(stage, "ticks").wrong = False
        await to_the_hour(stage)
        await holds(stage, lambda: _are_told(stage, 0))
        assert running(stage, "ticks").seen == 7


async def test_a_clock_that_was_ahead_is_put_right(tmp_path: Path) -> None:
    """The next time is worked out again when the time goes back, so that nothing is left out for hours."""
    write_plugin(tmp_path, "ticks", ticks(HOURLY))
    async with Stage(["ticks"], folders=[tmp_path], begins=HALF_PAST) as stage:
        stage.clock.ahead_seconds = -5 * 3600
        await stage.plugins.reload("ticks")
        await planned(stage, 1)
        await to_the_hour(stage)
        before = running(stage, "ticks").seen
        stage.clock.ahead_seconds = 0.0
        await stage.clock.advance(31)
        await holds(stage, lambda: _is_due_within_an_hour(stage))
        await to_the_hour(stage)
        assert running(stage, "ticks").seen == before + 1


async def test_only_the_bot_runs_what_is_due(tmp_path: Path) -> None:
    """An import beside it, or without it, may plan a job and never runs one."""
    code = f"{ticks(HOURLY)}\n    @hookimpl\n    async def on_round_imported(self, round):\n{PLANS}"
    code = code.replace("import Plugin", "import Plugin, hookimpl")
    write_plugin(tmp_path, "ticks", code, manifest="offline = true")
    tables = {
        "database": {"url": f"sqlite:///{tmp_path / 'roundhook.db'}"}, "storage": {"dir": str(tmp_path / "data")},
        "plugins": {"enabled": ["ticks"], "paths": [str(tmp_path)]},
    }  # fmt: skip
    async with offline_application(parse_config(tables, tmp_path)) as app:
        assert [report.error for report in app.reports if report.plugin == "ticks"] == [""]
        await app.services.publish(ImportedRound(round_id=1, file_sha256="a"))
        await app.kernel.settled(PATIENCE)
        assert await app.services.database.fetch("SELECT method, state FROM plugin_jobs") == [
            {"method": "tick", "state": "waiting"}
        ]
        generation = app.kernel.slots["ticks"].generation
        assert generation is not None
        assert generation.plugin.seen == 0
    later = datetime.now(UTC).replace(minute=10) + timedelta(hours=1)  # after it, and no full hour
    async with Stage(["ticks"], folders=[tmp_path], folder=tmp_path, begins=later) as stage:
        await stage.settled()
        assert running(stage, "ticks").seen == 1


@pytest.mark.parametrize(
    ("cron", "told"),
    [
        ('self.ctx.cron("0 0 31 2 *", self.tick)', "is no cron expression (Bad day-of-month)"),
        ('self.ctx.cron("0 * * * *", self.tick, "Mars")', "'Mars' is no time zone"),
        ('self.ctx.cron("0 * * * *", self.tick())', "without calling it"),
        ('self.ctx.cron("0 * * * *", lambda: None)', "takes an `async def` function"),
        (f"{HOURLY}; {HOURLY}", "is to be called at '0 * * * *' already"),
    ],
)
async def test_a_cron_that_cannot_be_is_told_with_its_place(tmp_path: Path, cron: str, told: str) -> None:
    """The plugin is not loaded; the error names its line."""
    write_plugin(tmp_path, "ticks", ticks(cron))
    async with Stage(["ticks"], folders=[tmp_path], broken=True) as stage:
        error = stage.plugins.status("ticks").error
        assert told in error
        assert "plugin.py:14" in error
