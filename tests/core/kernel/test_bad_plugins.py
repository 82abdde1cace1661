"""Every bad plugin is refused or contained with a message that says where; nothing else notices."""

import asyncio
import functools
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.kernel import generation, loader
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import idle, running, until, write_plugin

GOOD = """
import asyncio
import hikari
import lightbulb
from roundhook import Plugin, hookimpl, plugin_of

loader = lightbulb.Loader()

@loader.command
class Count(lightbulb.SlashCommand, name="count", description="how many"):
    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        await context.respond(f"counted {plugin_of(context).count}")

class Good(Plugin):
    async def setup(self):
        self.count, self.ticks, self.serving = 0, 0, False
        self.ctx.add_commands(loader)
        self.ctx.listen(hikari.GuildMessageCreateEvent, self.on_message)
        self.ctx.every(60, self.tick)
        self.ctx.service(self.serve)

    @hookimpl
    async def on_round_imported(self, round):
        self.count += 1

    async def on_message(self, event):
        self.count += 100 if event.message.content == "hello" else 0

    async def tick(self):
        self.ticks += 1

    async def serve(self):
        self.serving = True
        try:
            await asyncio.Event().wait()
        finally:
            self.serving = False

    def export_state(self):
        return {"count": self.count}

    def import_state(self, state, from_version):
        self.count = state["count"]
"""
SPEED = """
[config.speed]
type = "str"
default = ""
"""
OTHER = """
import lightbulb
from roundhook import Plugin, hookimpl

loader = lightbulb.Loader()

@loader.command
class Taken(lightbulb.SlashCommand, name="taken", description="mine"):
    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        await context.respond("mine")

class Other(Plugin):
    async def setup(self):
        self.seen = []
        self.ctx.add_commands(loader)

    @hookimpl
    async def on_round_imported(self, round):
        self.seen.append(round.round_id)
"""


def changed(old: str, new: str) -> str:
    """Return the good plugin's code with *old* replaced."""
    assert old in GOOD
    return GOOD.replace(old, new)


def in_setup(line: str) -> str:
    """Return the good plugin's code with one more line in ``setup``."""
    return changed(
        "        self.ctx.every(60, self.tick)\n", f"        self.ctx.every(60, self.tick)\n        {line}\n"
    )


@dataclass(frozen=True)
class Bad:
    """A bad plugin, and the words of the message that its author sees."""

    name: str
    says: tuple[str, ...]
    code: str = GOOD
    manifest: str = ""
    """Added to the good one's."""
    version: str = "2"
    files: dict[str, str] = field(default_factory=dict)


BAD = [
    Bad("syntax_error", ("plugin.py:3", "invalid syntax"), "\n\nclass class:\n"),
    Bad("syntax_error_in_a_helper", ("helper.py:2", "was never closed"), files={"helper.py": "\nx = (\n"}),
    Bad("null_bytes", ("plugin.py:1", "null bytes"), "x = 1\0\n"),
    Bad("missing_import", ("plugin.py:2", "No module named 'not_there'"), "\nimport not_there\n"),
    Bad("missing_name", ("plugin.py:2", "cannot import name 'Plugins'"), "\nfrom roundhook import Plugins\n"),
    Bad("raises_at_import", ("plugin.py:1", "ZeroDivisionError"), "1 / 0\n" + GOOD),
    Bad(
        "raises_in_a_helper",
        ("helper.py:2", "ZeroDivisionError"),
        "from . import helper\n" + GOOD,
        files={"helper.py": "\n1 / 0\n"},
    ),
    Bad("import_hangs", ("took longer than 0.15 s", "setup()"), "import threading\nthreading.Event().wait(1)\n" + GOOD),
    Bad("import_exits", ("plugin.py:2", "sys.exit"), "import sys\nsys.exit(3)\n" + GOOD),
    Bad("no_plugin_class", ("plugin.py", "no Plugin class"), "x = 1\n"),
    Bad("two_plugin_classes", ("plugin.py", "Good, Second"), GOOD + "\nclass Second(Plugin):\n    pass\n"),
    Bad(
        "unknown_hook",
        ("plugin.py:", "no hook 'on_round_importd'", "Did you mean on_round_imported?"),
        changed("on_round_imported", "on_round_importd"),
    ),
    Bad(
        "wrong_argument",
        ("plugin.py:", "on_round_imported", "rnd"),
        changed("on_round_imported(self, round)", "on_round_imported(self, rnd)"),
    ),
    Bad(
        "argument_with_default",
        ("plugin.py:", "never passed"),
        changed("on_round_imported(self, round)", "on_round_imported(self, round=None)"),
    ),
    Bad(
        "handler_not_async",
        ("plugin.py:", "async def"),
        changed("async def on_round_imported", "def on_round_imported"),
    ),
    Bad(
        "init_raises",
        ("__init__", "plugin.py:", "KeyError"),
        changed("    async def setup", "    def __init__(self):\n        {}[1]\n\n    async def setup"),
    ),
    Bad("setup_raises", ("setup()", "plugin.py:", "ZeroDivisionError"), in_setup("1 / 0")),
    Bad("setup_exits", ("setup()", "plugin.py:", "sys.exit"), in_setup("raise SystemExit(1)")),
    Bad("setup_cancels_itself", ("setup()", "plugin.py:", "cancelled"), in_setup("raise asyncio.CancelledError")),
    Bad(
        "setup_times_out_itself",
        ("setup()", "plugin.py:", "TimeoutError: mine"),
        in_setup("raise TimeoutError('mine')"),
    ),
    Bad("setup_hangs", ("setup()", "took longer than"), in_setup("await asyncio.Event().wait()")),
    Bad(
        "setup_swallows_cancellation",
        ("setup()", "took longer than"),
        in_setup("await stubborn()") + "\nasync def stubborn():\n    try:\n        await asyncio.Event().wait()\n"
        "    except asyncio.CancelledError:\n        await asyncio.sleep(0.2)\n",
    ),
    Bad("setup_not_async", ("setup", "async def setup"), changed("async def setup", "def setup")),
    Bad(
        "publishes_in_setup",
        ("setup()", "publish()"),
        in_setup(
            "from roundhook import ImportedRound as Round; await self.ctx.publish(Round(round_id=9, file_sha256=''))"
        ),
    ),
    Bad("spawns_no_coroutine", ("spawn()", "coroutine"), in_setup("self.ctx.spawn(self.tick)")),
    Bad("timer_of_no_time", ("every(0", "above 0"), in_setup("self.ctx.every(0, self.tick)")),
    Bad("listens_to_nothing", ("listen", "event classes"), in_setup("self.ctx.listen(int, self.on_message)")),
    Bad(
        "listens_to_what_never_comes",
        ("never arrives",),
        in_setup("self.ctx.listen(hikari.GuildReactionAddEvent, self.on_message)"),
    ),
    Bad("state_refused", ("import_state()", "plugin.py:", "KeyError"), changed('state["count"]', 'state["amount"]')),
    Bad("manifest_not_toml", ("manifest.toml", "not valid TOML"), manifest="\n[[[\n"),
    Bad("manifest_unknown_key", ("manifest.toml", "colour"), manifest='\ncolour = "red"\n'),
    Bad("api_from_the_future", ("manifest.toml", "plugin.api is 99", "Update roundhook")),
    Bad(
        "config_value_of_wrong_type",
        ("plugin.good.speed", "'fast'", "int"),
        manifest=SPEED.replace("str", "int").replace('""', "1"),
    ),
    Bad("command_of_another", ("/taken", "the plugin other"), changed('name="count"', 'name="taken"')),
    Bad("command_of_the_core", ("/plugin", "roundhook itself"), changed('name="count"', 'name="plugin"')),
    Bad(
        "listener_in_the_loader",
        ("loader", "listener", "self.ctx.listen"),
        GOOD + "\n@loader.listener(hikari.GuildMessageCreateEvent)\n"
        "async def listen(event: hikari.GuildMessageCreateEvent) -> None:\n    pass\n",
    ),
    Bad("tables_changed", ("tables changed", "restart to migrate"), files={"tables.py": "COLUMNS = 2\n"}),
    Bad("no_plugin_file", ("there is no plugin.py",), code=""),
]


def write_good(folder: Path, code: str, **files: Any) -> Path:
    """Write the plugin ``good`` with its one setting."""
    return write_plugin(folder, "good", code, manifest=SPEED, **files)


def rewrite(folder: Path, bad: Bad) -> None:
    """Put the bad version over the good one."""
    manifest = bad.manifest if "speed" in bad.manifest else bad.manifest + SPEED
    place = write_plugin(folder, "good", bad.code, version=bad.version, manifest=manifest, files=bad.files)
    if bad.name == "api_from_the_future":
        file = place / "manifest.toml"
        file.write_text(file.read_text().replace("api = 1", "api = 99"))
    if bad.name == "no_plugin_file":
        (place / "plugin.py").unlink()


@pytest.fixture(autouse=True)
def _short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "IMPORT_SECONDS", 0.15)
    monkeypatch.setattr(generation, "SETUP_SECONDS", 0.15)
    monkeypatch.setattr(generation, "TEARDOWN_SECONDS", 0.1)


@pytest.fixture
def plugins(tmp_path: Path) -> Iterator[Path]:
    """A folder with the good plugin and one that must not notice anything."""
    folder = tmp_path / "plugins"
    write_good(folder, GOOD, files={"tables.py": "COLUMNS = 1\n", "helper.py": "\n"})
    write_plugin(folder, "other", OTHER)
    yield folder
    loader.forget_tables(folder / "good")


def stage_of(folder: Path, *names: str) -> Stage:
    """Return a stage with a setting of the wrong type for whoever declares it."""
    return Stage(plugins=names, folders=[folder], config={"plugin": {"good": {"speed": "fast"}}})


def traces() -> tuple[set[str], int]:
    """Return the modules of all generations, and how many tasks there are."""
    return {name for name in sys.modules if name.startswith(loader.NAMESPACE)}, len(asyncio.all_tasks())


class TestReload:
    """A reload to a bad version leaves the old one as it was."""

    @pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
    async def test_the_old_generation_goes_on(self, bad: Bad, plugins: Path, caplog: pytest.LogCaptureFixture) -> None:
        """Refused with words that help; commands, listeners, timers, services and state stay; no trace is left."""
        caplog.set_level(logging.CRITICAL)
        write_good(plugins, "from . import tables\n" + GOOD, files={"tables.py": "COLUMNS = 1\n"})
        async with stage_of(plugins, "good", "other") as stage:
            await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
            await stage.settled()
            plugin, before = running(stage, "good"), traces()
            rewrite(plugins, bad)

            report = await stage.plugins.reload("good")

            assert not report.ok
            assert report.generation == 1
            assert "good" in report.error
            for words in bad.says:
                assert words in report.error
            assert stage.plugins.status("good").error == report.error
            assert running(stage, "good") is plugin
            assert plugin.serving
            await stage.settled()
            await until(lambda: traces() == before)
            await still_serves(stage, plugin)
            assert running(stage, "other").seen == [1, 2]
            assert stage.plugins.status("other").error == ""


class TestStart:
    """A plugin that is bad from the start is listed with its error, and everything else runs."""

    @pytest.mark.parametrize(
        "bad", [one for one in BAD if one.name not in ("state_refused", "tables_changed")], ids=lambda bad: bad.name
    )
    async def test_it_is_listed_and_the_rest_runs(
        self, bad: Bad, plugins: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It does not run, its status says why, and mending it and reloading is enough."""
        caplog.set_level(logging.CRITICAL)
        rewrite(plugins, bad)
        async with stage_of(plugins, "other", "good") as stage:
            status = stage.plugins.status("good")
            assert status.generation is None
            assert status.state == "failed"
            for words in bad.says:
                assert words in status.error
            await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
            await stage.settled()
            assert running(stage, "other").seen == [1]

            write_good(plugins, GOOD, files={"helper.py": ""})
            report = await (stage.plugins.enable if status.version == "" else stage.plugins.reload)("good")

            assert report.ok
            await stage.publish(ImportedRound(round_id=2, file_sha256="a"))
            await stage.settled()
            assert running(stage, "good").count == 1


async def test_a_name_that_is_taken_is_refused_and_listed(plugins: Path, tmp_path: Path) -> None:
    """The first of two folders with one name runs; the second is listed with an error that names both."""
    second = write_good(tmp_path / "more", GOOD)
    async with Stage(plugins=["good"], folders=[plugins, tmp_path / "more"]) as stage:
        errors = [one.error for one in stage.app.kernel.statuses() if one.state == "failed"]

        assert stage.plugins.status("good").generation == 1
        assert len(errors) == 1
        assert f"{second}: the name 'good' is taken by {plugins / 'good'}" in errors[0]


async def test_state_that_is_not_json_refuses_the_reload(plugins: Path) -> None:
    """The old generation's state cannot be carried over: it goes on, and the message says what to use."""
    write_good(plugins, GOOD.replace('{"count": self.count}', '{"count": {1, 2}}'))
    async with stage_of(plugins, "good") as stage:
        report = await stage.plugins.reload("good")

        assert not report.ok
        assert report.generation == 1
        assert "not JSON" in report.error
        assert "Use only dict" in report.error
        assert running(stage, "good").serving


async def test_state_whose_keys_json_would_change_refuses_the_reload(plugins: Path) -> None:
    """A number as key would come back as text: refused, not changed silently."""
    write_good(plugins, GOOD.replace('{"count": self.count}', '{"count": [{7: 1}]}'))
    async with stage_of(plugins, "good") as stage:
        report = await stage.plugins.reload("good")

        assert not report.ok
        assert "the key 7" in report.error


@pytest.mark.parametrize("body", ["raise ValueError('no')", "await asyncio.Event().wait()", "raise SystemExit(1)"])
async def test_a_teardown_that_fails_or_hangs_is_contained(
    body: str, plugins: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged; the new generation serves, and what the old one had opened is closed all the same."""
    closing = "\n        self.ctx.on_close(lambda: closed.append(1))\n"
    code = (
        in_setup("pass").replace("        pass\n", closing)
        + f"\n    async def teardown(self):\n        {body}\n\nclosed = []\n"
    )
    write_good(plugins, code)
    async with stage_of(plugins, "good") as stage:
        closed = sys.modules[type(running(stage, "good")).__module__].closed

        report = await stage.plugins.reload("good")

        assert report.ok
        assert report.generation == 2
        assert closed == [1]
        assert "teardown()" in caplog.text


async def test_a_handler_that_exits_or_cancels_itself_harms_nobody(plugins: Path) -> None:
    """sys.exit() and CancelledError in a handler, a timer, a service or spawned work are failures like any other."""
    write_plugin(plugins, "wild", WILD)
    async with stage_of(plugins, "wild", "other") as stage:
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        for tries, seconds in enumerate((2, 6), 1):
            await until(functools.partial(tried, stage, tries))
            await idle()
            await stage.clock.advance(seconds)
        await until(lambda: running(stage, "wild").seen == [1])
        await stage.settled()

        assert running(stage, "other").seen == [1]
        assert running(stage, "wild").tries == 3


def tried(stage: Stage, times: int) -> bool:
    """Tell whether the wild plugin's handler has been called *times*."""
    return bool(running(stage, "wild").tries == times)


WILD = """
import asyncio
from roundhook import Plugin, hookimpl

class Wild(Plugin):
    async def setup(self):
        self.seen, self.tries = [], 0
        for work in (self.die, self.give_up):
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
        self.seen.append(round.round_id)

    async def die(self):
        raise SystemExit(1)

    async def give_up(self):
        raise asyncio.CancelledError
"""


async def still_serves(stage: Stage, plugin: Any) -> None:
    """Check command, listener, timer, hook and state of the good plugin."""
    count, ticks = plugin.count, plugin.ticks
    await stage.publish(ImportedRound(round_id=2, file_sha256="a"))
    await stage.settled()
    assert plugin.count == count + 1
    reply = await stage.discord.invoke("count", user=7, guild=1)
    assert reply.content == f"counted {count + 1}"
    await stage.discord.post_webhook("local", content="hello")
    await until(lambda: plugin.count == count + 101)
    await stage.clock.advance(61)
    await until(lambda: plugin.ticks == ticks + 1)
