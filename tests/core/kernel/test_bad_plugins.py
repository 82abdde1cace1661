"""Every bad plugin is refused or contained with a message that says where; nothing else notices."""

import functools
import logging
import re
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from core.kernel import generation, loader
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests import own
from tests.core.kernel.bad_contracts import ALL
from tests.core.kernel.bad_plugins import FILES, GOOD, REFUSED, SPEED, Bad
from tests.plugin_maker import idle, running, until, write_plugin

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "refusals.md"
_ROW = re.compile(r"^\| (?P<name>[^|]+) \| `` (?P<message>.+) `` \|$", re.MULTILINE)
_PLACE = re.compile(r"\b\w+\.(py|toml):\d+\b")
_NUMBER = re.compile(r"0x[0-9a-f]+|\d+(\.\d+)?")

ANOTHER = """
import lightbulb
from roundhook import Plugin, hookimpl

loader = lightbulb.Loader()

@loader.command
class Taken(lightbulb.SlashCommand, name="taken", description="mine"):
    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        await context.respond("mine")

class Another(Plugin):
    async def setup(self):
        self.seen = []
        self.ctx.add_commands(loader)

    @hookimpl
    async def on_round_imported(self, round):
        self.seen.append(round.round_id)
"""


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder with the good plugin and one that must not notice anything."""
    folder = tmp_path / "plugins"
    write_good(folder)
    write_plugin(folder, "another", ANOTHER)
    return folder


def write_good(folder: Path, code: str = GOOD) -> None:
    """Write the plugin ``good`` with its one setting."""
    shutil.rmtree(folder / "good" / "piccolo_migrations", ignore_errors=True)
    write_plugin(folder, "good", code, manifest=SPEED, files=FILES)


def stage_of(folder: Path) -> Stage:
    """Return a stage with a value for the good plugin's setting."""
    return Stage(
        plugins=["another", "good"], folders=[folder], config={"plugin": {"good": {"speed": "fast"}}}, broken=True
    )


def row_of(bad: Bad, message: str) -> str:
    """Return how the page of refusals shows a message."""
    return "| {} | `` {} `` |".format(bad.name, message.replace("|", "\\|"))


def neutral(text: str) -> str:
    """Return *text* without the numbers, which are others each time."""
    return _NUMBER.sub("0", text)


def ways_of(bad: Bad) -> tuple[str, ...]:
    """Return how it comes; at the start and then with a reload, both on one stage, where it is refused at both."""
    return ("start, reload",) if bad.ways == REFUSED else bad.ways


@pytest.mark.parametrize(
    ("bad", "way"),
    [pytest.param(bad, way, id=f"{bad.name}-{way}") for bad in ALL for way in ways_of(bad)],
)
async def test_a_bad_plugin_is_refused_or_contained(
    bad: Bad, way: str, plugins: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its author is told plugin, file, line and remedy, as the page of refusals shows it; nothing else notices."""
    for module, limit in ((loader, "IMPORT_SECONDS"), (generation, "SETUP_SECONDS"), (generation, "TEARDOWN_SECONDS")):
        if bad.hangs:  # any other may take its time on a busy machine
            monkeypatch.setattr(module, limit, 0.5)
    messages = await WAYS[way](bad, plugins, caplog)

    for message in messages:
        explained(message, bad, plugins)


def explained(message: str, bad: Bad, plugins: Path) -> None:
    """Check that a message says where the mistake is, and as the page shows it."""
    assert "good" in message
    assert _PLACE.search(message)
    assert bad.place in message
    assert [words for words in bad.says if words not in message] == []
    row = row_of(bad, message.replace(str(plugins), "…").replace(str(ROOT), "…"))
    assert neutral(row) in neutral(PAGE.read_text("utf-8")), f"{PAGE.relative_to(ROOT)} must hold:\n{row}"


async def at_reload(bad: Bad, folder: Path, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Reload to a bad version what serves since the start."""
    caplog.set_level(logging.CRITICAL)
    write_good(folder, bad.before)
    async with stage_of(folder) as stage:
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await stage.settled()
        return [await reloaded(stage, bad, folder)]


async def reloaded(stage: Stage, bad: Bad, folder: Path) -> str:
    """Reload to a bad version: the old one goes on with all it has, and no trace of the new one is left."""
    plugin, modules, tasks = running(stage, "good"), own.modules_of("good"), own.tasks()
    generation = stage.plugins.status("good").generation
    bad.write(folder / "good")

    report = await stage.plugins.reload("good")

    assert not report.ok
    assert report.generation == generation
    assert stage.plugins.status("good").error == report.error
    assert running(stage, "good") is plugin
    assert plugin.serving
    assert not plugin.closed
    await stage.settled()
    await until(lambda: own.modules_of("good") == modules and not own.tasks() - tasks)
    await all_serve(stage)
    return str(report.error)


async def contained(bad: Bad, folder: Path, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Reload from a bad version: the new one serves, and what the old one had opened is closed all the same."""
    write_good(folder, bad.before)
    async with stage_of(folder) as stage:
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await stage.settled()
        plugin, package = running(stage, "good"), stage.app.kernel.slots["good"].generation.package  # type: ignore[union-attr]
        bad.write(folder / "good")

        report = await stage.plugins.reload("good")

        assert report.ok
        assert report.generation == 2
        assert plugin.closed
        assert not plugin.serving
        assert package not in sys.modules
        await until(lambda: running(stage, "good").serving)
        await all_serve(stage)
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert record.name == "roundhook.good"
    return [record.getMessage()]


async def at_start(
    bad: Bad, folder: Path, caplog: pytest.LogCaptureFixture, *, again: bool = False
) -> list[str]:  # fmt: skip
    """Start with a bad version: it is listed, all else runs, mending and reloading is enough; *again* by reload."""
    caplog.set_level(logging.CRITICAL)
    bad.write(folder / "good")
    async with stage_of(folder) as stage:
        status = stage.plugins.status("good")
        assert status.generation is None
        assert status.state == "failed"
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await stage.settled()
        assert running(stage, "another").seen == [1]

        write_good(folder)
        report = await stage.plugins.reload("good")

        assert report.ok
        running(stage, "good").count = 1
        await until(lambda: running(stage, "good").serving)
        await all_serve(stage)
        return [str(status.error), *([await reloaded(stage, bad, folder)] if again else [])]


WAYS: dict[str, Callable[[Bad, Path, pytest.LogCaptureFixture], Awaitable[list[str]]]] = {
    "reload": at_reload,
    "start": at_start,
    "start, reload": functools.partial(at_start, again=True),
    "contained": contained,
}


async def all_serve(stage: Stage) -> None:
    """Check command, listener, timer, hook and state of the good plugin, and that the other has noticed nothing."""
    plugin, another = running(stage, "good"), running(stage, "another")
    count, ticks, seen = plugin.count, plugin.ticks, list(another.seen)
    await stage.publish(ImportedRound(round_id=len(seen) + 1, file_sha256="a"))
    await stage.settled()
    assert plugin.count == count + 1
    assert (await stage.discord.invoke("count", user=7, guild=1)).content == f"counted {count + 1}"
    await stage.discord.post_webhook("local", content="hello")
    await until(lambda: plugin.count == count + 101)
    await stage.clock.advance(61)
    await until(lambda: plugin.ticks == ticks + 1)
    assert (await stage.discord.invoke("taken", user=7, guild=1)).content == "mine"
    assert another.seen == [*seen, len(seen) + 1]
    assert stage.plugins.status("another").error == ""


def test_the_page_of_refusals_shows_these_and_no_others() -> None:
    """What is said of each is compared where it is said."""
    rows = _ROW.findall(PAGE.read_text("utf-8"))

    assert sorted(name for name, _ in rows) == sorted(bad.name for bad in ALL)


async def test_a_handler_that_exits_or_cancels_itself_harms_nobody(plugins: Path) -> None:
    """sys.exit(), CancelledError and GeneratorExit, in a handler, a timer, a service or spawned work, are failures."""
    write_plugin(plugins, "wild", WILD)
    async with Stage(plugins=["wild", "another"], folders=[plugins]) as stage:
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        for tries, seconds in enumerate((2, 6, 31), 1):
            await until(functools.partial(tried, stage, tries))
            await idle()
            await stage.clock.advance(seconds)
        await until(lambda: running(stage, "wild").seen == [1])
        await stage.settled()

        assert running(stage, "another").seen == [1]
        assert running(stage, "wild").tries == 4


def tried(stage: Stage, times: int) -> bool:
    """Tell whether the wild plugin's handler has been called *times*."""
    return bool(running(stage, "wild").tries == times)


WILD = """
import asyncio
from roundhook import Plugin, hookimpl

class Wild(Plugin):
    async def setup(self):
        self.seen, self.tries = [], 0
        for work in (self.die, self.give_up, self.close):
            self.ctx.service(work)
            self.ctx.every(1, work)
            self.ctx.spawn(work())

    @hookimpl
    async def on_round_imported(self, round):
        self.tries += 1
        if self.tries == 1:
            await self.die()
        if self.tries == 2:
            await self.give_up()
        if self.tries == 3:
            await self.close()
        self.seen.append(round.round_id)

    async def die(self):
        raise SystemExit(1)

    async def give_up(self):
        raise asyncio.CancelledError

    async def close(self):
        raise GeneratorExit
"""
