"""A reload replaces the whole plugin and loses nothing."""

import asyncio
import functools
import gc
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.kernel import loader
from roundhook import ImportedRound, RoundAmended, RoundNotice
from roundhook.testing import Stage
from tests import own
from tests.plugin_maker import idle, recorder, running, until, write_plugin

COUNTER = """
import asyncio
from roundhook import Plugin, hookimpl

class Counter(Plugin):
    async def setup(self):
        self.count = 0
        self.held = asyncio.Event()
        self.held.set()

    @hookimpl
    async def on_round_imported(self, round):
        count = self.count
        await asyncio.sleep(0)
        await self.held.wait()
        self.count += 1
        self.last = "VERSION"

    def export_state(self):
        return {"count": self.count}

    def import_state(self, state, from_version):
        self.count = state["count"]
        self.came_from = from_version
"""
ANSWERING = """
import lightbulb
from pathlib import Path
from roundhook import Plugin, plugin_of
from .helper import WORD

loader = lightbulb.Loader()

@loader.command
class Say(lightbulb.SlashCommand, name="say", description="says it"):
    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        data = (Path(__file__).parent / "data.txt").read_text()
        await context.respond(f"{WORD} {plugin.ctx.config.word} {data}")

class Answering(Plugin):
    async def setup(self):
        self.ctx.add_commands(loader)
"""
WORKING = """
import asyncio
from roundhook import Plugin, hookimpl

class Working(Plugin):
    log = []

    async def setup(self):
        self.ticks, self.turns = 0, 0
        self.release = asyncio.Event()
        self.ctx.every(10, self.tick)
        self.ctx.service(self.serve)
        self.ctx.service(self.short)
        self.ctx.on_close(lambda: self.log.append("first opened"))
        self.ctx.on_close(lambda: self.log.append("last opened"))

    async def tick(self):
        self.ticks += 1
        await self.release.wait()
        self.ticks += 1

    async def serve(self):
        self.log.append("served")
        try:
            await asyncio.Event().wait()
        finally:
            self.log.append("stopped")

    async def short(self):
        self.turns += 1

    @hookimpl
    async def on_round_notice(self, notice):
        self.ctx.spawn(self.work())

    async def work(self):
        await self.release.wait()
        self.log.append("work done")

    def export_state(self):
        self.log.append("exported")
        if self.ticks % 2:
            raise ValueError("a tick is under way")
        return {"ticks": self.ticks}

    def import_state(self, state, from_version):
        self.ticks = state["ticks"]
"""


def imported(number: int) -> ImportedRound:
    return ImportedRound(round_id=number, file_sha256="a")


def notice(number: int) -> RoundNotice:
    return RoundNotice(server="local", map_name="supply", round_number=1, round_end_unix=float(number))


async def test_the_whole_plugin_is_reloaded(tmp_path: Path) -> None:
    """Helper modules, manifest, settings, commands and data files are what the folder holds."""
    setting = '[config.word]\ntype = "str"\ndefault = "{}"\n'
    files = {"helper.py": 'WORD = "old"\n', "data.txt": "stone"}
    place = write_plugin(tmp_path, "answering", ANSWERING, manifest=setting.format("grey"), files=files)
    async with Stage(plugins=["answering"], folders=[tmp_path]) as stage:
        assert (await stage.discord.invoke("say", user=7, guild=1)).content == "old grey stone"

        files = {"helper.py": 'WORD = "new"\n', "data.txt": "glass"}
        code = ANSWERING.replace('name="say"', 'name="tell"')
        write_plugin(tmp_path, "answering", code, version="2", manifest=setting.format("blue"), files=files)
        report = await stage.plugins.reload("answering")

        assert (report.ok, report.version, report.generation) == (True, "2", 2)
        assert report.source_hash == loader.read_source("answering", place).sha256[:12]
        assert (await stage.discord.invoke("tell", user=7, guild=1)).content == "new blue glass"


async def test_edits_of_the_same_size_and_time_run(tmp_path: Path) -> None:
    """What is on the disk runs, even if neither size nor time of the file tell that it is another."""
    place = write_plugin(tmp_path, "counter", COUNTER)
    async with Stage(plugins=["counter"], folders=[tmp_path]) as stage:
        for number, word in enumerate(("aaaaaaa", "bbbbbbb", "ccccccc"), 1):
            write_plugin(tmp_path, "counter", COUNTER.replace("VERSION", word))
            os.utime(place / "plugin.py", (1_000_000_000, 1_000_000_000))

            await stage.plugins.reload("counter")

            await stage.publish(imported(number))
            await stage.settled()
            assert running(stage, "counter").last == word


async def test_state_moves_and_no_increment_is_lost_under_load(tmp_path: Path) -> None:
    """Twenty reloads while events come: each is counted once, by the version that serves."""
    write_plugin(tmp_path, "counter", COUNTER)
    async with Stage(plugins=["counter"], folders=[tmp_path]) as stage:
        done = False
        published = 0

        async def publish() -> None:
            nonlocal published
            while not done:
                published += 1
                await stage.publish(imported(published))

        publishers = [asyncio.create_task(publish())]
        for number in range(20):
            write_plugin(tmp_path, "counter", COUNTER.replace("VERSION", f"v{number}"), version=str(number))
            before = published
            report = await stage.plugins.reload("counter")
            assert report.ok
            await until(lambda before=before: published > before)  # type: ignore[misc]
        done = True
        await asyncio.gather(*publishers)
        await stage.settled()

        assert running(stage, "counter").count == published
        assert running(stage, "counter").came_from == "18"
        deliveries = await stage.db.fetch("SELECT state, attempts, count(*) AS n FROM deliveries GROUP BY 1, 2")
        assert [(row["state"], row["attempts"], row["n"]) for row in deliveries] == [("done", 1, published)]


async def test_held_events_reach_the_new_generation(tmp_path: Path) -> None:
    """While a long handler is drained, further events wait, and the new version gets them."""
    write_plugin(tmp_path, "counter", COUNTER)
    async with Stage(plugins=["counter"], folders=[tmp_path]) as stage:
        old = running(stage, "counter")
        old.held.clear()
        await stage.publish(imported(1))
        write_plugin(tmp_path, "counter", COUNTER.replace("VERSION", "new"))
        reloading = asyncio.create_task(stage.plugins.reload("counter"))
        await until(lambda: stage.app.kernel.slots["counter"].gate.closed)
        await stage.publish(imported(2))
        await idle()
        assert running(stage, "counter") is old
        assert old.count == 0

        old.held.set()
        report = await reloading

        await stage.settled()
        assert report.ok
        assert (old.count, old.last) == (1, "VERSION")
        assert (running(stage, "counter").count, running(stage, "counter").last) == (2, "new")


async def test_spawned_work_holds_up_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new copy gets events at once; the old one's work may end within its time, else it is cancelled and named."""
    monkeypatch.setattr("core.kernel.replacement.SPAWNED_SECONDS", 0.3)
    monkeypatch.setattr("core.kernel.settling.JOB_SECONDS", 0.0)
    write_plugin(tmp_path, "working", WORKING)
    async with Stage(plugins=["working"], folders=[tmp_path]) as stage:
        old = running(stage, "working")
        await stage.publish(notice(1))
        await stage.settled()
        reloading = asyncio.create_task(stage.plugins.reload("working"))
        await until(lambda: running(stage, "working") is not old)
        await stage.publish(notice(2))
        await stage.settled()
        old.release.set()
        ended = await reloading

        cancelled = await stage.discord.invoke("plugin reload", admin=True, options={"name": "working"})
        off = await stage.plugins.disable("working")

        assert (ended.ok, ended.notes, old.log.count("work done")) == (True, (), 1)
        assert ended.pause_ms < 300
        assert "Working.work had not ended 0.3 s after the handlers and was cancelled." in cancelled.text
        assert (off.ok, off.notes) == (True, ())
        assert stage.app.kernel.slots["working"].scopes() == []


async def test_services_timers_and_spawned_work_are_moved(tmp_path: Path) -> None:
    """A running tick is drained, services end, the state moves, spawned work ends, the rest closes."""
    write_plugin(tmp_path, "working", WORKING)
    async with Stage(plugins=["working"], folders=[tmp_path]) as stage:
        old = running(stage, "working")
        await stage.publish(notice(1))
        await stage.settled()
        await stage.clock.advance(11)
        await until(lambda: old.ticks == 1)
        reloading = asyncio.create_task(stage.plugins.reload("working"))
        await until(lambda: stage.app.kernel.slots["working"].gate.closed)
        assert "stopped" not in old.log

        old.release.set()
        report = await reloading

        assert report.ok
        assert [one for one in old.log if one != "work done"] == [
            "exported", "served", "stopped", "exported", "last opened", "first opened",
        ]  # fmt: skip
        assert old.log.index("work done") < old.log.index("last opened")
        new = running(stage, "working")
        await until(lambda: new.log == ["exported", "served"])
        assert new.ticks == 2
        new.release.set()
        await stage.clock.advance(11)
        await until(lambda: new.ticks == 4)
        await idle()
        assert old.ticks == 2


async def test_a_tick_that_begins_with_the_reload_is_waited_for(tmp_path: Path) -> None:
    """A timer that fires in the same turn of the loop as the reload begins loses nothing (a tick may not be halved)."""
    write_plugin(tmp_path, "working", WORKING)
    async with Stage(plugins=["working"], folders=[tmp_path]) as stage:
        for turns in range(12):
            running(stage, "working").release.set()
            reloading = asyncio.create_task(stage.plugins.reload("working"))
            for _ in range(turns):
                await asyncio.sleep(0)
            await stage.clock.advance(11)

            report = await reloading

            assert report.ok, report.error


async def test_after_a_failed_reload_only_what_ran_runs_again(tmp_path: Path) -> None:
    """Services that ran are started again; one that had ended by itself is not."""
    write_plugin(tmp_path, "working", WORKING)
    async with Stage(plugins=["working"], folders=[tmp_path]) as stage:
        old = running(stage, "working")
        await until(lambda: old.turns == 1)
        write_plugin(tmp_path, "working", WORKING.replace('state["ticks"]', 'state["other"]'))

        report = await stage.plugins.reload("working")

        assert not report.ok
        await until(lambda: old.log == ["exported", "served", "stopped", "exported", "served"])
        old.release.set()
        await stage.clock.advance(11)
        await until(lambda: old.ticks == 2)
        assert old.turns == 1


async def test_what_one_plugin_publishes_at_the_start_finds_the_others(tmp_path: Path) -> None:
    """Services begin when all plugins are loaded: no event is published before its subscribers are there."""
    eager = """
    from roundhook import ImportedRound, Plugin

    class Eager(Plugin):
        async def setup(self):
            self.ctx.spawn(self.go())

        async def go(self):
            await self.ctx.publish(ImportedRound(round_id=1, file_sha256="a"))
    """
    write_plugin(tmp_path, "eager", eager)
    write_plugin(tmp_path, "zealous", recorder())

    async with Stage(plugins=["eager", "zealous"], folders=[tmp_path]) as stage:
        await until(lambda: running(stage, "zealous").seen == [1])


async def test_what_waited_for_a_broken_plugin_is_delivered_when_it_is_mended(
    tmp_path: Path, database_url: str
) -> None:
    """A plugin that could not start gets, after a reload, what an earlier run has left for it."""
    write_plugin(tmp_path, "late", recorder(body="if round.round_id == 1: raise ValueError"))
    home = tmp_path / "home"
    home.mkdir()
    async with Stage(plugins=["late"], folders=[tmp_path], database=database_url, folder=home, broken=True) as stage:
        await stage.publish(imported(1))
        await until(lambda: stage.app.kernel.slots["late"].stats["on_round_imported"].counts["failed"] == 1)
    write_plugin(tmp_path, "late", "1 / 0")
    async with Stage(plugins=["late"], folders=[tmp_path], database=database_url, folder=home, broken=True) as stage:
        assert stage.plugins.status("late").state == "failed"
        write_plugin(tmp_path, "late", recorder())

        report = await stage.plugins.reload("late")

        await stage.settled()
        assert report.ok
        assert running(stage, "late").seen == [1]


async def test_what_is_published_while_a_plugin_is_broken_reaches_it_when_it_is_mended(
    tmp_path: Path, database_url: str
) -> None:
    """It is on, and is known to handle the event: its delivery is recorded although its code cannot be loaded."""
    home = tmp_path / "home"
    home.mkdir()
    write_plugin(tmp_path, "late", recorder())
    stage_of = functools.partial(Stage, folders=[tmp_path], database=database_url, folder=home, broken=True)
    async with stage_of(plugins=["late"]):
        write_plugin(tmp_path, "late", "1 / 0")
    async with stage_of(plugins=["late"]) as stage:
        await stage.publish(imported(1))
        await stage.publish(notice(1))
        await stage.settled()
        write_plugin(tmp_path, "late", recorder())

        await stage.plugins.reload("late")

        await stage.publish(imported(2))
        await stage.settled()
        assert running(stage, "late").seen == [1, 2]
        deliveries = await stage.db.fetch("SELECT state, attempts FROM deliveries")
        assert [(row["state"], row["attempts"]) for row in deliveries] == [("done", 1), ("done", 1)]


async def test_reloads_asked_for_meanwhile_are_one(tmp_path: Path) -> None:
    """While one waits for its turn, whoever asks takes part in it; each request is noted."""
    write_plugin(tmp_path, "counter", COUNTER)
    async with Stage(plugins=["counter"], folders=[tmp_path]) as stage:
        running(stage, "counter").held.clear()
        await stage.publish(imported(1))
        first = asyncio.create_task(stage.plugins.reload("counter"))
        await until(lambda: stage.app.kernel.slots["counter"].gate.closed)
        write_plugin(tmp_path, "counter", COUNTER.replace("VERSION", "last"))
        others = [asyncio.create_task(stage.plugins.reload("counter")) for _ in range(5)]
        await until(lambda: len(getattr(stage.app.kernel.slots["counter"].waiting_reload, "_callbacks", ())) > 5)

        running(stage, "counter").held.set()
        reports = await asyncio.gather(first, *others)

        assert [report.generation for report in reports] == [2, 3, 3, 3, 3, 3]
        assert len(await stage.app.kernel.toggles.history("counter", 10)) == 6
        await stage.publish(imported(2))
        await stage.settled()
        assert running(stage, "counter").last == "last"


async def test_other_code_closes_the_breaker(tmp_path: Path) -> None:
    """A reload that brings other code tries at once what the open breaker held back; the same code does not."""
    write_plugin(tmp_path, "shaky", recorder(body="raise ValueError"))
    async with Stage(plugins=["shaky"], folders=[tmp_path]) as stage:
        for number in range(1, 6):
            await stage.publish(imported(number))
        await until(lambda: stage.plugins.status("shaky").breakers == {"on_round_imported": "open"})
        await stage.publish(imported(6))
        await stage.plugins.reload("shaky")
        assert stage.plugins.status("shaky").breakers == {"on_round_imported": "open"}
        write_plugin(tmp_path, "shaky", recorder())

        await stage.plugins.reload("shaky")

        await until(lambda: 6 in running(stage, "shaky").seen)
        assert stage.plugins.status("shaky").breakers == {}


async def test_a_hook_that_was_dropped_by_mistake_gets_its_events_when_it_is_back(tmp_path: Path) -> None:
    """A version without the hook does not use up what was recorded for it, and does not count as unsettled."""
    write_plugin(tmp_path, "counter", COUNTER)
    async with Stage(plugins=["counter"], folders=[tmp_path]) as stage:
        old = running(stage, "counter")
        old.held.clear()
        await stage.publish(imported(1))
        write_plugin(
            tmp_path, "counter", COUNTER.replace("    @hookimpl\n", "").replace("def on_round", "def _on_round")
        )
        reloading = asyncio.create_task(stage.plugins.reload("counter"))
        await until(lambda: stage.app.kernel.slots["counter"].gate.closed)
        await stage.publish(imported(2))
        old.held.set()
        await reloading
        await stage.settled()
        write_plugin(tmp_path, "counter", COUNTER)

        await stage.plugins.reload("counter")

        await stage.settled()
        assert running(stage, "counter").count == 2


async def test_what_was_opened_is_closed_when_the_end_is_broken_off(tmp_path: Path) -> None:
    """A change that is cancelled while the old version's service ends: its closers are called."""
    code = WORKING.replace('            self.log.append("stopped")', "            await self.release.wait()")
    write_plugin(tmp_path, "working", code)
    async with Stage(plugins=["working"], folders=[tmp_path]) as stage:
        old = running(stage, "working")
        await until(lambda: "served" in old.log)
        scope = stage.app.kernel.slots["working"].generation.scope  # type: ignore[union-attr]

        closing = asyncio.create_task(scope.close())
        await until(lambda: scope.closed)
        closing.cancel()
        await asyncio.wait([closing])

        assert old.log[-2:] == ["last opened", "first opened"]
        old.release.set()


async def test_two_bots_in_one_process_do_not_share_code(tmp_path: Path) -> None:
    """Generations of the same number of two kernels are different modules."""
    write_plugin(tmp_path / "one", "counter", COUNTER.replace("VERSION", "one"))
    write_plugin(tmp_path / "two", "counter", COUNTER.replace("VERSION", "two"))

    async with (
        Stage(plugins=["counter"], folders=[tmp_path / "one"]) as one,
        Stage(plugins=["counter"], folders=[tmp_path / "two"]) as two,
    ):
        for stage in (one, two):
            await stage.publish(imported(1))
            await stage.settled()

        assert (running(one, "counter").last, running(two, "counter").last) == ("one", "two")


async def test_a_folder_that_appears_can_be_enabled_and_one_that_goes_can_be_disabled(tmp_path: Path) -> None:
    """Nothing but the folder is needed; without it the loaded code goes on until it is switched off."""
    async with Stage(plugins=[], folders=[tmp_path]) as stage:
        place = write_plugin(tmp_path, "counter", COUNTER)
        enabled = await stage.plugins.enable("counter")
        (place / "plugin.py").unlink()
        (place / "manifest.toml").unlink()
        reloaded = await stage.plugins.reload("counter")
        disabled = await stage.plugins.disable("counter")
        again = await stage.plugins.enable("counter")

        assert (enabled.ok, enabled.generation) == (True, 1)
        assert (reloaded.ok, reloaded.generation) == (False, 1)
        assert (disabled.ok, disabled.generation) == (True, None)
        assert "There is no plugin 'counter'" in again.error


async def test_what_waits_for_its_retry_outlives_the_folder(tmp_path: Path, database_url: str) -> None:
    """A plugin that is taken away and put back gets what had failed before, and what comes about the same after it."""
    (aside := tmp_path / "aside").mkdir()
    place = write_plugin(tmp_path, "plain", recorder(body="raise ValueError('not yet')"))
    async with Stage(plugins=["plain"], folders=[tmp_path], database=database_url) as stage:
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await stage.publish(RoundAmended(round=ImportedRound(round_id=1, file_sha256="a"), changed=(), revision=1))
        await stage.until(lambda: _has_failed(stage))
        await stage.plugins.disable("plain")
        place.rename(aside / "plain")
        assert "There is no plugin" in (await stage.plugins.reload("plain")).error
        await stage.clock.advance(2)
        await idle()

        write_plugin(tmp_path, "plain", recorder())
        assert (await stage.plugins.enable("plain")).ok
        await stage.settled()

        assert running(stage, "plain").seen == [1, ("amended", 1, 1)]


async def _has_failed(stage: Stage) -> bool:
    await stage.app.services.journal.flush()
    return await stage.db.fetch("SELECT attempts FROM deliveries WHERE attempts > 0") != []


STRAY = """
import asyncio
from roundhook import Plugin
class Stray(Plugin):
    async def setup(self):
        self.task = asyncio.get_running_loop().create_task(self.breaks())
    async def breaks(self):
        raise ValueError("in a task of its own")
"""


async def test_a_task_of_ones_own_is_told_in_the_log_of_whoever_runs_now(tmp_path: Path) -> None:
    """Also of a plugin that came when another one had been replaced."""
    write_plugin(tmp_path, "counter", COUNTER)
    async with Stage(plugins=["counter"], folders=[tmp_path]) as stage:
        assert (await stage.plugins.reload("counter")).ok
        write_plugin(tmp_path, "late", STRAY)
        assert (await stage.plugins.enable("late")).ok
        await until(lambda: running(stage, "late").task.done())
        running(stage, "late").task = None  # asyncio tells when nobody can ask any more
        gc.collect()

        await until(lambda: "started by itself" in "".join(stage.app.kernel.logbook.last("late", 1)))


@pytest.fixture
def _unlogged() -> Iterator[None]:
    """Pytest keeps log records, and with them the frames of what has failed."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("_unlogged")
async def test_reloads_leave_nothing_behind(tmp_path: Path) -> None:
    """After 50 reloads, every fifth broken, there is one generation, and no task, module or thread more."""
    await reload_often(tmp_path, 50)


@pytest.mark.full
@pytest.mark.usefixtures("_unlogged")
async def test_a_thousand_reloads_leave_nothing_behind(tmp_path: Path) -> None:
    """The same over 1,000 reloads."""
    await reload_often(tmp_path, 1000)


async def reload_often(folder: Path, times: int) -> None:
    """Reload *times*, every fifth time a broken version, and compare what there is before and after.

    Objects are counted in the whole process: what stays of each reload is more in both halves; what else is made or
    goes meanwhile is so once.
    """
    write_plugin(folder, "working", WORKING)
    async with Stage(plugins=["working"], folders=[folder]) as stage:
        for _ in range(5):
            await stage.plugins.reload("working")
        await stage.discord.up_to_date()
        await asyncio.gather(*(stage.db.fetch("SELECT 1") for _ in range(20)))  # each reader is opened when first used
        before, working, threads, many = census(folder), own.tasks(), set(threading.enumerate()), [objects()]

        for number in range(times):
            broken = "1 / 0\n" if number % 5 == 0 else ""
            write_plugin(folder, "working", broken + WORKING, version=str(number))
            report = await stage.plugins.reload("working")
            assert report.ok is not bool(broken)
            if number + 1 in (times // 2, times):
                many.append(objects())

        await idle()
        await until(lambda: not own.tasks() - working)
        await until(lambda: not own.new_threads(threads))  # one that imports tells what came of it, and then ends
        assert census(folder) == before
        assert before["generations"] == 1
        assert min(many[1] - many[0], many[2] - many[1]) <= 200


def census(folder: Path) -> dict[str, int]:
    """Count what must not grow of the plugin in *folder*."""
    gc.collect()
    return {
        "modules": len(own.modules_of("working")),
        "files": len(own.files_below(folder)),
        "generations": len(own.generations_below(folder)),
    }


def objects() -> int:
    """Count all that there is."""
    gc.collect()
    return len(gc.get_objects())


async def test_what_is_found_later_has_its_toggles(tmp_path: Path) -> None:
    """A plugin whose manifest could not be read at the start is on, and off for a guild, as it was before."""
    home, code = tmp_path / "home", recorder()
    home.mkdir()
    place = write_plugin(tmp_path / "plugins", "late", code, scope="guild")
    stage_of = functools.partial(
        Stage, ["late"], folders=[tmp_path / "plugins"], folder=home, guilds=(1, 2), broken=True
    )
    async with stage_of() as stage:
        assert (await stage.plugins.disable("late", guild=2)).ok
    (place / "manifest.toml").write_text("[[[\n", "utf-8")
    async with stage_of() as stage:
        assert stage.plugins.status("late").state == "failed"
        write_plugin(tmp_path / "plugins", "late", code, scope="guild")

        report = await stage.plugins.reload("late")

        assert report.ok, report.error
        assert stage.plugins.status("late").off_guilds == (2,)
