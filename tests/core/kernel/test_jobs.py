"""Jobs: called at their time, in order, at least once, whatever happens to the plugin and the bot meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from core.db.tables import PluginJob
from core.errors import PluginError
from core.kernel.failures import tell_jobs
from core.kernel.schedule import _FIRST, _NEXT_LANE
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugin_maker import idle, running, until, write_plugin

REMINDS = """
import asyncio
from datetime import timedelta
from roundhook import BadInputError, Plugin

class Reminds(Plugin):
    async def setup(self):
        self.seen, self.wrong, self.held = [], {}, asyncio.Event()
        self.held.set()
        SETUP

    async def remind(self, data):
        self.seen.append(data)
        await self.held.wait()
        if self.wrong.get(data):
            raise self.wrong.pop(data)

    async def other(self):
        self.seen.append("other")
        await self.held.wait()

    async def again(self, count):
        self.seen.append(count)
        if count < 3:
            await self.ctx.at(self.ctx.clock.now() + timedelta(minutes=1), self.again, count + 1, key="again")

    async def hang(self):
        await asyncio.Event().wait()

    def plain(self, data):
        pass

    def export_state(self):
        return {"seen": self.seen}

    def import_state(self, state, from_version):
        self.seen = state["seen"]
"""


def reminds(setup: str = "pass", *, name: str = "reminds") -> str:
    return REMINDS.replace("SETUP", setup).replace("Reminds", name.capitalize())


async def in_minutes(stage: Stage, minutes: float, method: Any, data: Any = None, key: str = "") -> None:
    await method.__self__.ctx.at(stage.clock.now() + timedelta(minutes=minutes), method, data, key=key)


async def states(stage: Stage) -> dict[str, int]:
    rows = await stage.db.fetch("SELECT state, count(*) AS n FROM plugin_jobs GROUP BY state")
    return {row["state"]: row["n"] for row in rows}


async def troubles(stage: Stage) -> list[str]:
    """Return what is told of jobs now."""
    await tell_jobs(stage.app.kernel.jobs, stage.app.services.troubles)
    return [row["text"] for row in await stage.app.services.troubles.open()]


async def test_they_come_at_their_time_and_in_its_order(tmp_path: Path, database_url: str) -> None:
    """Also over a reload, a time when the plugin is off, and a restart; a key replaces, None takes back."""
    write_plugin(tmp_path, "reminds", reminds())
    async with Stage(["reminds"], folders=[tmp_path], database=database_url) as stage:
        plugin = running(stage, "reminds")
        for minutes in (3, 1, 2):
            await in_minutes(stage, minutes, plugin.remind, minutes)
        for minutes in (9, 4):
            await in_minutes(stage, minutes, plugin.remind, minutes, key="replaced")
        await in_minutes(stage, 1, plugin.remind, "taken back", key="back")
        await plugin.ctx.at(None, plugin.remind, key="back")
        await plugin.ctx.at(None, plugin.remind, key="was never there")
        await in_minutes(stage, -5, plugin.other)
        await in_minutes(stage, 8, plugin.other, key="replaced")
        await stage.settled()
        assert plugin.seen == ["other"]
        await stage.clock.advance(125)
        await stage.settled()
        assert (plugin.seen, await states(stage)) == (["other", 1, 2], {"waiting": 3, "done": 3})

        assert (await stage.plugins.reload("reminds")).ok
        await stage.clock.advance(60)
        await stage.settled()
        assert running(stage, "reminds").seen == ["other", 1, 2, 3]
        await stage.plugins.disable("reminds")
        await stage.clock.advance(60)
        await stage.settled()
        await stage.plugins.enable("reminds")
        await stage.settled()
        assert running(stage, "reminds").seen == [4]
        await in_minutes(stage, 30, running(stage, "reminds").again, 1, key="again")
    async with Stage(["reminds"], folders=[tmp_path], database=database_url) as stage:
        await stage.clock.advance(60 * 60)
        await stage.settled()
        assert sorted(running(stage, "reminds").seen, key=str) == [1, "other"]
        for _ in range(2):
            await stage.clock.advance(60)
            await stage.settled()
        assert sorted(running(stage, "reminds").seen, key=str) == [1, 2, 3, "other"]


async def test_one_at_a_time_of_a_method_and_nobody_waits_for_another(tmp_path: Path) -> None:
    """A job that goes on holds back its own method only; a reload waits for it; what is due goes to the new copy."""
    for name in ("reminds", "quick"):
        write_plugin(tmp_path, name, reminds(name=name))
    async with Stage(["reminds", "quick"], folders=[tmp_path]) as stage:
        slow, quick = running(stage, "reminds"), running(stage, "quick")
        slow.held.clear()
        for number in range(3):
            await in_minutes(stage, -5 + number, slow.remind, number)
        await in_minutes(stage, 0, slow.other)
        await in_minutes(stage, 0, quick.remind, "quick")
        await until(lambda: quick.seen == ["quick"] and len(slow.seen) == 2)
        assert sorted(slow.seen, key=str) == [0, "other"]

        with pytest.raises(TimeoutError, match="other of reminds, remind of reminds"):
            await stage.settled(0.1)
        reloading = asyncio.create_task(stage.plugins.reload("reminds"))
        await until(lambda: stage.app.kernel.slots["reminds"].gate.closed)
        await in_minutes(stage, -9, slow.remind, 9)
        slow.held.set()
        assert (await reloading).ok
        await stage.settled()
        assert running(stage, "reminds").seen[-3:] == [9, 1, 2]


async def test_what_fails_is_tried_again_and_then_told(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With growing pauses, in order; a refusal at once. What failed for good is told, and tried with other code."""
    write_plugin(tmp_path, "reminds", reminds())
    async with Stage(["reminds"], folders=[tmp_path], database=database_url) as stage:
        plugin = running(stage, "reminds")
        plugin.wrong = {"once": KeyError("not yet")}
        await in_minutes(stage, -2, plugin.remind, "once")
        await in_minutes(stage, -1, plugin.remind, "after it")
        await until(lambda: plugin.seen == ["once"])
        await stage.clock.advance(1)
        await stage.settled()
        assert plugin.seen == ["once", "once", "after it"]
        assert 'the job remind failed on "once"' in caplog.text
        assert "KeyError: 'not yet'" in caplog.text

        write_plugin(tmp_path, "reminds", reminds().replace("self.seen.append(data)", "self.seen.append(data); 1 / 0"))
        assert (await stage.plugins.reload("reminds")).ok
        plugin = running(stage, "reminds")
        await in_minutes(stage, 0, plugin.remind, "never", key="never")
        for number, pause in enumerate((0, 1, 5, 30, 120, 600)):
            await stage.clock.advance(pause)
            await until(lambda: plugin.seen.count("never") == number + 1)  # noqa: B023
            await until(lambda: not stage.app.kernel.jobs._lanes)
        await stage.settled()
        assert await stage.db.fetch("SELECT state, error FROM plugin_jobs WHERE state <> 'done'") == [
            {"state": "failed", "error": "ZeroDivisionError: division by zero"}
        ]
        (trouble,) = await troubles(stage)
        assert "A job of remind could not be done; the latest: ZeroDivisionError" in trouble
        info = (await stage.discord.invoke("plugin info", admin=True, options={"name": "reminds"})).text
        assert "`remind`: 1 failed for good" in info
        assert "`job:remind`: 2 done, 7 failed" in info

        write_plugin(tmp_path, "reminds", reminds())
        assert (await stage.plugins.reload("reminds")).ok
        await stage.settled()
        assert (await states(stage), await troubles(stage)) == ({"done": 3}, [])

        write_plugin(tmp_path, "reminds", reminds().replace("self.seen.append(data)", "raise BadInputError('gone')"))
        assert (await stage.plugins.reload("reminds")).ok
        await in_minutes(stage, 0, running(stage, "reminds").remind, "user")
        await stage.settled()
        assert await states(stage) == {"done": 3, "failed": 1}
        assert await troubles(stage) == []


async def test_what_is_taken_back_while_it_waits_for_a_reload_is_not_done(tmp_path: Path, database_url: str) -> None:
    """It is due, and its plugin held; the old code's last work takes it back."""
    write_plugin(tmp_path, "reminds", reminds())
    async with Stage(plugins=["reminds"], folders=[tmp_path], database=database_url) as stage:
        old, kernel = running(stage, "reminds"), stage.app.kernel
        old.held.clear()
        await in_minutes(stage, 0, old.other)
        await in_minutes(stage, 1, old.remind, "not any more", key="one")
        await until(lambda: old.seen == ["other"])
        reloading = asyncio.create_task(stage.plugins.reload("reminds"))
        await until(lambda: kernel.slots["reminds"].gate.closed)
        await stage.clock.advance(61)
        await until(lambda: ("reminds", "remind") in kernel.jobs._lanes)
        await stage.db.fetch("SELECT 1")
        await idle()

        await old.ctx.at(None, old.remind, key="one")
        old.held.set()

        assert (await reloading).ok
        await stage.settled()
        assert running(stage, "reminds").seen == ["other"]


async def test_a_hanging_job_is_cut_off_and_its_method_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its breaker opens after three; other methods go on; it is probed again."""
    monkeypatch.setattr("core.kernel.jobs.LIMIT_SECONDS", 0.05)
    write_plugin(tmp_path, "reminds", reminds())
    async with Stage(["reminds"], folders=[tmp_path]) as stage:
        plugin, slot = running(stage, "reminds"), stage.app.kernel.slots["reminds"]
        await in_minutes(stage, 0, plugin.hang)
        for number, pause in enumerate((0, 1, 5, 30)):
            await stage.clock.advance(pause)
            await until(lambda: slot.stats["job:hang"].counts["timed out"] == number + 1)  # noqa: B023
            await until(lambda: not stage.app.kernel.jobs._lanes)
        assert stage.plugins.status("reminds").breakers == {"job:hang": "open"}
        await in_minutes(stage, 0, plugin.remind, "goes on")
        await until(lambda: plugin.seen == ["goes on"])
        await stage.clock.advance(120)
        await until(lambda: slot.stats["job:hang"].counts["timed out"] == 5)


async def test_a_method_that_is_gone_keeps_its_jobs(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """They are told, hold back nothing, and run when it is back."""
    write_plugin(tmp_path, "reminds", reminds())
    async with Stage(["reminds"], folders=[tmp_path], database=database_url) as stage:
        await in_minutes(stage, 1, running(stage, "reminds").remind, "kept", key="kept")
        write_plugin(tmp_path, "reminds", reminds().replace("def remind", "def renamed"), version="2")
        await stage.plugins.reload("reminds")
        await in_minutes(stage, 2, running(stage, "reminds").other)
        await stage.clock.advance(150)
        await stage.settled()
        (trouble,) = await troubles(stage)
        assert running(stage, "reminds").seen == ["other"]
        assert "jobs wait for the method remind, which version 2 lacks" in caplog.text
        assert trouble == "1 jobs wait for the method remind, which version 2 lacks."

        write_plugin(tmp_path, "reminds", reminds(), version="3")
        await stage.plugins.reload("reminds")
        await stage.settled()
        assert running(stage, "reminds").seen == ["other", "kept"]
        assert await troubles(stage) == []


async def test_what_cannot_be_planned_is_refused(tmp_path: Path) -> None:
    """The message names what was found and what to write; nothing is stored."""
    setup = "\n        ".join((
        "try:",
        "    await self.ctx.at(self.ctx.clock.now(), self.remind, 1)",
        "except Exception as error:",
        "    self.refused = str(error)",
    ))  # fmt: skip
    write_plugin(tmp_path, "reminds", reminds(setup))
    async with Stage(["reminds"], folders=[tmp_path]) as stage:
        plugin, now = running(stage, "reminds"), stage.clock.now()
        assert "at() before the plugin runs" in plugin.refused
        for arguments, told in (
            ((now.replace(tzinfo=None), plugin.remind, 1), "no time with a time zone"),
            ((now.timestamp(), plugin.remind, 1), "no time with a time zone"),
            ((datetime.max.replace(tzinfo=UTC), plugin.remind, {1}), "that is not JSON"),
            ((datetime.min.replace(tzinfo=timezone(timedelta(hours=5))), plugin.remind, 1), "no time that can come"),
            ((now, plugin.plain, 1), "takes an `async def` function"),
            ((now, plugin.other, 1), "calls Reminds.other with 1 arguments"),
            ((now, self_made, 1), "takes a method of the plugin, as in self.remind, not self_made"),
            ((now, stage.clock.sleep, 1), "takes a method of the plugin"),
            ((now, plugin.remind("x"), 1), "without calling it"),
            ((now, plugin.remind, "x" * 65_536), "65538 bytes as JSON"),
            ((now, plugin.remind, 1, "a\0"), "no database keeps"),
            ((now, plugin.remind, 1, 7), "a key is a text"),
            ((None, plugin.remind), "None takes back the job of a key"),
        ):  # fmt: skip
            with pytest.raises(PluginError, match=rf"^reminds: at\(\).*{told}"):
                await plugin.ctx.at(*arguments)
        async with stage.db.transaction():
            with pytest.raises(PluginError, match=r"at\(\) inside a transaction"):
                await plugin.ctx.at(now, plugin.remind, 1)
        assert await stage.count("plugin_jobs") == 0


async def self_made(data: Any) -> None:
    pass


async def test_a_hundred_thousand_that_wait_cost_nothing(tmp_path: Path, database_url: str) -> None:
    """Only the first of each method is read, by an index."""
    write_plugin(tmp_path, "reminds", reminds())
    async with Stage(["reminds"], folders=[tmp_path], database=database_url) as stage:
        plugin, due = running(stage, "reminds"), stage.clock.now() + timedelta(days=1)
        rows = [("reminds", "remind", "", "1", due + timedelta(seconds=n), "waiting") for n in range(100_000)]
        columns = ("plugin", "method", "key", "data", "due_at", "state")
        async with stage.db.transaction() as transaction:
            await transaction.insert(PluginJob, columns, rows)
        await in_minutes(stage, 0, plugin.remind, "now")
        async with asyncio.timeout(PATIENCE):
            await stage.settled()
        assert plugin.seen == ["now"]
        if stage.db.dialect == "sqlite":
            for sql in (_FIRST, _NEXT_LANE):
                (plan,) = await stage.db.fetch(f"EXPLAIN QUERY PLAN {sql}", ("a", "b"))
                assert "SEARCH plugin_jobs USING INDEX plugin_jobs_due" in plan["detail"]
