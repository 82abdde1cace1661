"""A fault at every step of a change: each call of the kernel's own code fails once; each await is cancelled once."""

import asyncio
import functools
import gc
import io
import itertools
import logging
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import core.discord
import core.discord.bot
import core.kernel
from core.kernel import loader
from core.kernel.report import Report
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests import own
from tests.patience import PATIENCE
from tests.plugin_maker import idle, running, write_plugin

STEPS = {*Path(str(core.kernel.__path__[0])).glob("*.py"), *Path(str(core.discord.__path__[0])).glob("*.py")}
STEPS |= {Path(str(core.discord.bot.__file__))}
ASIDE = {
    "dispatcher.py",
    "settling.py",
    "eager.py",
    "within.py",
    "limits.py",
    "watchdog.py",
    "toggles.py",
    "slot.py",
    "logbook.py",
    "report.py",
    "sync.py",
    "scopes.py",
    "guilds.py",
    "jobs.py",
    "schedule.py",
}
"""What goes on beside a change, or only tells of it."""
UNREACHABLE = {"run", "settle", "ended", "contained", "_supervised", "<genexpr>"}
"""Besides the counting of activity, what nobody is behind: it carries an outcome from one thread or task to another,
contains what plugins raise, starts again what has failed; and what Python calls once more when it is done with it."""
FILES = {str(file) for file in STEPS if file.name not in ASIDE}

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # what a fault keeps from closing
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
]

CODE = """
import asyncio
import hikari
import lightbulb
from roundhook import Plugin, hookimpl, plugin_of
from .helper import WORD

loader = lightbulb.Loader()

@loader.command
class Count(lightbulb.SlashCommand, name="count", description="how many"):
    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        await context.respond(f"{WORD} {plugin_of(context).count}")

class Full(Plugin):
    async def setup(self):
        self.count = self.served = 0
        self.file = open(__file__)
        self.ctx.on_close(self.file.close)
        self.ctx.add_commands(loader)
        self.ctx.listen(hikari.GuildMessageCreateEvent, self.on_message)
        self.ctx.on_component("press", self.on_press)
        self.ctx.every(3600, self.tick)
        self.ctx.service(self.serve)
        self.ctx.spawn(self.once())

    @hookimpl
    async def on_round_imported(self, round):
        self.count += 1

    async def on_message(self, event):
        self.count += 1

    async def on_press(self, interaction):
        pass

    async def tick(self):
        pass

    async def once(self):
        pass

    async def serve(self):
        self.served += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.served -= 1

    def export_state(self):
        return {"count": self.count}

    def import_state(self, state, from_version):
        self.count = state["count"]

    async def teardown(self):
        pass
"""


@pytest.fixture(autouse=True)
def _nothing_left_for_others() -> Iterator[None]:
    """What a fault keeps from closing is let go here, not while some other test runs."""
    yield
    gc.collect()


class FaultError(Exception):
    """Raised where nobody expects it."""


class Injector:
    """Raises *kind* at the *number*-th step; counts the steps that were made before."""

    def __init__(self, number: int, kind: type[BaseException]) -> None:
        self.left = number
        self.kind = kind
        self.place = ""
        """Where the fault was raised, "" if there are not so many steps."""
        self._seen: set[FrameType] = set()
        """Frames that have begun: told of again, they only go on after an await."""

    def trace(self, frame: FrameType, event: str, argument: object) -> None:
        """Be told of each call (see ``sys.settrace``)."""
        code: CodeType = frame.f_code
        if event != "call" or self.place or code.co_filename not in FILES:
            return
        if code.co_name in UNREACHABLE or code.co_qualname.startswith("Activity.") or frame in self._seen:
            return
        self._seen.add(frame)
        if self.left:
            self.left -= 1
            return
        self.place = f"{Path(code.co_filename).name}:{frame.f_lineno} in {code.co_qualname}"
        raise self.kind(self.place)

    def forget(self) -> None:
        """Let go of the frames."""
        self._seen.clear()


async def with_fault(
    stage: Stage, injector: Injector, change: Callable[[], Awaitable[Report]]
) -> Report | BaseException:  # fmt: skip
    """Make a change while every thread that takes part in it is traced."""
    loop = asyncio.get_running_loop()
    reader = stage.app.kernel.reader
    await loop.run_in_executor(reader, sys.settrace, injector.trace)
    threading.settrace(injector.trace)
    sys.settrace(injector.trace)
    try:
        async with asyncio.timeout(PATIENCE):
            return await change()
    except BaseException as error:  # noqa: BLE001 - looked at by the caller
        return error
    finally:
        injector.forget()
        sys.settrace(None)
        threading.settrace(None)
        await loop.run_in_executor(reader, sys.settrace, None)


def census(stage: Stage, folder: Path) -> dict[str, Any]:
    """Return all that belongs to the plugin in *folder*, by kind."""
    gc.collect()
    discord = stage.app.discord
    assert discord is not None
    slot = stage.app.kernel.slots["full"]
    hikari_listeners = discord.app._event_manager._listeners
    return {
        "generations": sorted(one.number for one in own.generations_below(folder) if one.plugin),
        "serving": slot.generation,
        "manifest": slot.manifest,
        "enabled": (slot.enabled, sorted(slot.off_guilds), slot.gate.closed, slot.lock.locked()),
        "modules": own.modules_of("full"),
        "sources": sorted(name for name, source in loader._FINDER.sources.items() if source.name == "full"),
        "commands": dict(discord.client.table),
        "owners": dict(discord.client.owners),
        "components": dict(discord.client.components),
        "listening": dict(discord._listening),
        "listeners": {kind: len(callbacks) for kind, callbacks in hikari_listeners.items() if callbacks},
        "tasks": sorted(_work_of(task) for task in asyncio.all_tasks() if _is_ours(task)),
        "threads": [one.name for one in threading.enumerate() if one.name == "import full"],
        "files": [one for one in own.files_below(folder) if one.endswith(".py")],
    }


def _is_ours(task: "asyncio.Task[Any]") -> bool:
    """Tell tasks of the bot from those of libraries, which may still end a query, and from what goes on beside."""
    code = getattr(task.get_coro(), "cr_code", None)
    file = Path(code.co_filename) if code is not None else Path()
    return file.is_relative_to(Path(str(core.discord.bot.__file__)).parent) and file.name not in ASIDE


def _work_of(task: "asyncio.Task[Any]") -> str:
    coroutine = task.get_coro()
    own = getattr(coroutine, "cr_frame", None)
    work = own.f_locals.get("work") if own else None
    return f"{getattr(coroutine, '__qualname__', coroutine)} {getattr(work, '__qualname__', '')}"


@pytest.fixture(autouse=True)
def _unlogged(tmp_path: Path) -> Iterator[None]:
    """Let nothing be kept but by the bot: pytest keeps log records, and with them the frames of what has failed."""
    logging.disable()
    gc.collect()
    gc.freeze()  # what there is of Python itself need not be looked through each time
    yield
    modules = [name.split(".") for name in sys.modules if name.startswith(f"{loader.NAMESPACE}.")]
    for package in {".".join(parts[:2]) for parts in modules} | set(loader._FINDER.sources):
        loader.forget(package)  # the fault kept an old generation from it
    gc.unfreeze()
    gc.collect()
    for one in gc.get_objects():
        if type(one) is io.TextIOWrapper and str(tmp_path) in repr(one):
            one.close()  # else it is told in whichever test the garbage collector comes upon it
    logging.disable(logging.NOTSET)


def write(folder: Path, word: str) -> Path:
    return write_plugin(folder, "full", CODE, version=word, files={"helper.py": f'WORD = "{word}"\n'})


async def rested(stage: Stage) -> None:
    """Let what was cancelled end, and what failed begin anew."""
    for thread in threading.enumerate():
        if thread.name == "import full":
            thread.join()
    await asyncio.get_running_loop().run_in_executor(stage.app.kernel.reader, int)  # a folder is read to the end
    await idle()
    await stage.clock.advance(2)
    await idle()
    await stage.settled()


async def counts_on(stage: Stage, number: int) -> None:
    """An event, a command, a listener and a service answer as they should."""
    plugin = running(stage, "full")
    before = plugin.count
    await stage.publish(ImportedRound(round_id=number, file_sha256="a"))
    await stage.settled()
    assert plugin.count == before + 1
    assert plugin.served == 1
    assert not plugin.file.closed


def check(stage: Stage, folder: Path, before: dict[str, Any], report: Report | BaseException, place: str) -> bool:
    """Compare with *before*; return whether the old version has been kept."""
    after = census(stage, folder)
    if after["serving"] is before["serving"]:
        assert not isinstance(report, Report) or not report.ok, place
        assert {name: after[name] for name in after if after[name] != before[name]} == {}, place
        return True
    assert after["listeners"] == before["listeners"], place
    assert {one.generation for one in after["commands"].values()} == {None, after["serving"]}, place
    assert after["serving"].number > before["serving"].number, place
    return False


@pytest.mark.parametrize(("kind", "first"), [(FaultError, 0), (asyncio.CancelledError, 5)], ids=["Fault", "Cancelled"])
async def test_a_fault_at_every_fifteenth_step_of_a_reload(
    kind: type[BaseException], first: int, tmp_path: Path
) -> None:
    """Before the swap all is as before and nothing of the new version is left; after it the new version serves."""
    assert await fault_by_fault(tmp_path, kind, first, stride=15) > 40


@pytest.mark.full
@pytest.mark.parametrize("kind", [FaultError, asyncio.CancelledError], ids=lambda kind: kind.__name__)
async def test_a_fault_at_each_step_of_a_reload(kind: type[BaseException], tmp_path: Path) -> None:
    """The same at each step."""
    assert await fault_by_fault(tmp_path, kind, 0, stride=1) > 200


async def fault_by_fault(folder: Path, kind: type[BaseException], first: int, *, stride: int) -> int:
    """Reload with a fault at each *stride*-th step from the *first* on; return how often the old version was kept."""
    write(folder, "w0")
    kept = 0
    async with Stage(plugins=["full"], folders=[folder]) as stage:
        for number in itertools.count(first, stride):
            before, count = census(stage, folder), running(stage, "full").count
            write(folder, f"w{number + 1}")
            injector = Injector(number, kind)

            report = await with_fault(stage, injector, functools.partial(stage.plugins.reload, "full"))

            await rested(stage)
            if not injector.place:
                assert isinstance(report, Report)
                assert report.ok
                return kept
            kept += check(stage, folder, before, report, injector.place)
            assert running(stage, "full").count == count, injector.place
            await counts_on(stage, number)
    raise AssertionError("there is always one step more")


async def test_a_reload_broken_off_at_each_await(tmp_path: Path) -> None:
    """Cancelled after any number of turns of the loop it leaves the old version or the new one, whole."""
    write(tmp_path, "w0")
    async with Stage(plugins=["full"], folders=[tmp_path]) as stage:
        await stage.plugins.reload("full")
        kept, moved = 0, 0
        longer = (8000 << times for times in range(1, 9))  # on a busy machine a reload takes many turns
        for number in itertools.chain(range(0, 80, 3), range(80, 8000, 400), longer):
            if number > 8000 and moved > 5:
                break
            before, count = census(stage, tmp_path), running(stage, "full").count
            write(tmp_path, f"w{number + 1}")
            reloading = asyncio.create_task(stage.plugins.reload("full"))

            for _ in range(number):
                await asyncio.sleep(0)
            for task in list(stage.app.kernel._changes):
                task.cancel()
            (report,) = await asyncio.gather(reloading, return_exceptions=True)

            await rested(stage)
            was_kept = check(stage, tmp_path, before, report, f"turn {number}")
            kept, moved = kept + was_kept, moved + (not was_kept)
            assert running(stage, "full").count == count
            await counts_on(stage, number)
        assert kept > 10
        assert moved > 5


async def test_whoever_asks_may_go_away(tmp_path: Path) -> None:
    """A reload goes on, and is noted, when the one who asked for it is cancelled meanwhile."""
    write(tmp_path, "w0")
    async with Stage(plugins=["full"], folders=[tmp_path]) as stage:
        old = running(stage, "full")
        asking = asyncio.create_task(stage.plugins.reload("full"))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait(stage.app.kernel._changes)

        assert running(stage, "full") is not old
        assert [row["action"] for row in await stage.app.kernel.toggles.history("full", 5)] == ["reload"]
