"""The invariants of the kernel, over any interleaving of events, reloads, toggles, failures and crashes."""

import asyncio
import functools
import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel import loader
from roundhook import ImportedRound, RoundAmended
from roundhook.testing import Stage
from tests import own
from tests.core.kernel.examples import examples, fresh_database, play
from tests.patience import PATIENCE
from tests.plugin_maker import idle, write_plugin

SEEN: list[tuple[str, str, str]] = []
"""Plugin, version and event key of each handled event, by the order of handling."""
CALLS: Counter[tuple[str, str]] = Counter()

CODE = """
import asyncio
from roundhook import Plugin, hookimpl
from tests.core.kernel.test_invariants import CALLS, SEEN

class Watched(Plugin):
    async def setup(self):
        self.count = 0
        self.ctx.every(3600, self.tick)
        self.ctx.service(self.serve)
        BROKEN_SETUP

    async def tick(self):
        pass

    async def serve(self):
        await asyncio.Event().wait()

    @hookimplMARK
    async def on_round_imported(self, round):
        await self.handle(round.key)

    @hookimplMARK
    async def on_round_amended(self, amendment):
        await self.handle(amendment.key)

    @hookimplOPTIONAL
    async def on_heard(self, heard):
        await self.handle(f"herald.Heard:{heard.number}:{heard.turn}")

    async def handle(self, key):
        CALLS[self.ctx.name, key] += 1
        await asyncio.sleep(0)
        FAILS
        self.count += 1
        SEEN.append((self.ctx.name, "VERSION", key))

    def export_state(self):
        return {"count": self.count}

    def import_state(self, state, from_version):
        BROKEN_IMPORT
        self.count = state["count"]
"""
HERALD = """
from roundhook import Plugin
from .contract import Heard

class Herald(Plugin):
    async def setup(self):
        self.count = 0
        BROKEN_SETUP

    def export_state(self):
        return {"count": self.count}

    def import_state(self, state, from_version):
        BROKEN_IMPORT
        self.count = state["count"]
"""
CONTRACT = """
from roundhook import event

@event(hook="on_heard", argument="heard", key=("number", "turn"), about="number")
class Heard:
    number: int
    turn: int
    version: str = "VERSION"
"""
FAILS_FIRST = 'if CALLS[self.ctx.name, key] <= int(key.split(":")[1]) % 3: raise ValueError'
PLUGINS = {"calm": ("", "pass"), "eager": ("(tryfirst=True)", "pass"), "shaky": ("", FAILS_FIRST)}
OWNER = "herald"
"""Declares an event of its own, which the others handle."""
ALL = sorted({*PLUGINS, OWNER})
BREAKS: dict[str, Callable[[str], str]] = {
    "syntax": lambda code: code + "\nclass class\n",
    "import": lambda code: "import not_there\n" + code,
    "exit": lambda code: "raise SystemExit(1)\n" + code,
    "hook": lambda code: code.replace("async def on_round_amended", "async def on_round_mended"),
    "argument": lambda code: code.replace("(self, round)", "(self, other)"),
    "setup": lambda code: code.replace("BROKEN_SETUP", "raise KeyError(1)"),
    "state": lambda code: code.replace("BROKEN_IMPORT", "raise KeyError(1)"),
}

CONTRACT_BREAKS = {
    "hook": ("on_heard", "on_round_imported"),
    "argument": ("    number: int", "    number: list[int]"),
}
"""In place of those of handlers, which the owner has none of."""

names = st.sampled_from(ALL)
rounds = st.integers(min_value=1, max_value=6)
steps = st.one_of(
    st.tuples(st.just("import"), rounds),
    st.tuples(st.just("amended"), rounds, st.integers(min_value=2, max_value=4)),
    st.tuples(st.just("own"), rounds, st.integers(min_value=1, max_value=3)),
    st.tuples(st.just("burst"), st.lists(rounds, min_size=2, max_size=12)),
    st.tuples(st.just("reload"), names),
    st.tuples(st.just("break"), names, st.sampled_from(sorted(BREAKS))),
    st.tuples(st.just("toggle"), names),
    st.tuples(st.just("advance"), st.sampled_from([1.0, 5.0, 40.0])),
    st.tuples(st.just("wait")),
)  # fmt: skip
scripts = st.lists(st.lists(steps, min_size=1, max_size=25), min_size=1, max_size=3)
"""Each list is one life of the process; what is under way when it ends is cut off."""

_versions = itertools.count(1)


def write(folder: Path, name: str, version: str, broken: str = "") -> Path:
    mark, fails = PLUGINS.get(name, ("", ""))
    optional = f"(optionalhook=True, {mark[1:]}" if mark else "(optionalhook=True)"
    code = HERALD if name == OWNER else CODE.replace("MARK", mark).replace("OPTIONAL", optional)
    code = code.replace("FAILS", fails).replace("VERSION", version)
    code = BREAKS[broken](code) if broken else code
    code = code.replace("BROKEN_SETUP", "pass").replace("BROKEN_IMPORT", "pass")
    contract = CONTRACT.replace("VERSION", version).replace(*CONTRACT_BREAKS.get(broken, ("\0", "")))
    files = {"contract.py": contract} if name == OWNER else {}
    return write_plugin(folder, name, code, version=version, files=files)


class Lives:
    """Plays a script on the real bot and keeps what must have come of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.off: set[str] = set()
        self.expected: set[tuple[str, str]] = set()
        self.known: set[str] = set()
        self.order: dict[str, list[str]] = {}
        """The events about each thing, in the order of publication."""
        self.sources = {name: write(folder, name, "0") for name in ALL}
        self.versions = dict.fromkeys(ALL, "0")
        self.busy: set[asyncio.Task[None]] = set()

    async def live(self, script: list[tuple[Any, ...]], stage: Stage) -> None:
        """Play one life."""
        for name in ALL:
            write(self.folder, name, self.versions[name])
            if name in self.off:
                await stage.plugins.disable(name)
        for kind, *args in script:
            await getattr(self, f"_{kind}")(stage, *args)
            self._check(stage)
        await asyncio.gather(*self.busy)

    async def finish(self, stage: Stage) -> None:
        """Switch everything on, let every retry come, and compare."""
        for name in ALL:
            await stage.plugins.enable(name)
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await stage.settled(0.05)
                except TimeoutError:
                    await stage.clock.advance(700)
                else:
                    break
        handled = Counter((plugin, key) for plugin, _, key in SEEN)
        assert handled == Counter(self.expected)
        for plugin, keys in itertools.product(PLUGINS, self.order.values()):
            seen = [key for name, _, key in SEEN if name == plugin and key in keys]
            assert seen == [key for key in keys if (plugin, key) in self.expected]
        rows = await stage.db.fetch("SELECT state FROM deliveries WHERE state <> 'done'")
        assert rows == []

    async def _import(self, stage: Stage, number: int) -> None:
        await asyncio.gather(*self.busy)
        await self._publish(stage, ImportedRound(round_id=number, file_sha256="a"))

    async def _amend(self, stage: Stage, number: int, revision: int) -> None:
        await self._publish(
            stage, RoundAmended(round=ImportedRound(round_id=number, file_sha256="a"), revision=revision)
        )

    async def _own(self, stage: Stage, number: int, turn: int) -> None:
        """Publish the owner's event, if the owner is there to do it."""
        await asyncio.gather(*self.busy)
        if OWNER not in self.off:
            from roundhook.contracts import herald

            event = herald.Heard(number=number, turn=turn)
            await self._publish(stage, event, f"herald.Heard:{number}:{turn}", f"heard {number}")

    async def _publish(self, stage: Stage, event: Any, key: str = "", about: str = "") -> None:
        key = key or event.key
        if key not in self.known:
            self.known.add(key)
            self.order.setdefault(about or key.split(":")[1], []).append(key)
            self.expected |= {(name, key) for name in PLUGINS if name not in self.off}
        await stage.publish(event)

    async def _amended(self, stage: Stage, number: int, revision: int) -> None:
        await asyncio.gather(*self.busy)
        await self._amend(stage, number, revision)

    async def _burst(self, stage: Stage, numbers: list[int]) -> None:
        """Publish while the next steps are done."""

        async def publish() -> None:
            for number in numbers:
                await self._amend(stage, number, 5 + len(self.known))

        await asyncio.gather(*self.busy)
        self.busy = {asyncio.create_task(publish())}

    async def _reload(self, stage: Stage, name: str) -> None:
        version = str(next(_versions))
        write(self.folder, name, version)
        report = await stage.plugins.reload(name)
        assert report.ok is (name not in self.off), report.error
        if report.ok:
            self.versions[name] = version
            assert report.source_hash == loader.read_source(name, self.sources[name]).sha256[:12]

    async def _break(self, stage: Stage, name: str, how: str) -> None:
        before = stage.plugins.status(name)
        traces = self._traces()
        write(self.folder, name, "broken", how)
        report = await stage.plugins.reload(name)
        write(self.folder, name, self.versions[name])
        assert not report.ok
        after = stage.plugins.status(name)
        assert (after.generation, after.source_hash, after.state) == (
            before.generation,
            before.source_hash,
            before.state,
        )
        assert self._traces() == traces

    async def _toggle(self, stage: Stage, name: str) -> None:
        await asyncio.gather(*self.busy)
        if name in self.off:
            self.off.discard(name)
            report = await stage.plugins.enable(name)
        else:
            report = await stage.plugins.disable(name)
            self.off.add(name)
        assert report.ok, report.error

    async def _advance(self, stage: Stage, seconds: float) -> None:
        await stage.clock.advance(seconds)

    async def _wait(self, stage: Stage) -> None:
        await idle()

    def _traces(self) -> set[str]:
        """Return the modules of generations, not the names that stand for whichever serves."""
        return {name for name in own.modules_of(*ALL) if "__g" in name}

    def _check(self, stage: Stage) -> None:
        """At rest each plugin that is on has one generation, and only that one's modules are loaded."""
        slots = stage.app.kernel.slots
        live = {slot.generation.package for slot in slots.values() if slot.generation is not None}
        assert {module.rpartition(".")[0] for module in self._traces() if module.count(".") == 2} == live
        assert {name for name, slot in slots.items() if slot.generation is not None} == set(ALL) - self.off


def play_lives(script: list[list[tuple[Any, ...]]], server: str | None) -> None:
    """Run the lives of *script* one after the other on one database, and compare at the end."""
    SEEN.clear()
    CALLS.clear()

    async def run(place: Path) -> None:
        folder, home = place / "plugins", place / "home"
        home.mkdir()
        async with fresh_database(server) as database:
            lives = Lives(folder)
            stage_on = functools.partial(Stage, plugins=ALL, folders=[folder], folder=home, database=database)
            for life in script:
                async with stage_on() as stage:
                    await lives.live(life, stage)
            async with stage_on() as stage:
                await lives.finish(stage)

    play(run)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> str | None:
    """The PostgreSQL server on which each example gets a database, None for SQLite; each test runs on both."""
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgres"))


@given(script=scripts)
@examples(5)
def test_nothing_is_lost(server: str | None, script: list[list[tuple[Any, ...]]]) -> None:
    """Every journalled event reaches each plugin that was on, once and in order (I1 to I4, I9, I10)."""
    play_lives(script, server)


@pytest.mark.full
@given(script=scripts)
@examples(120)
def test_nothing_is_lost_at_length(server: str | None, script: list[list[tuple[Any, ...]]]) -> None:
    """The same with many more interleavings."""
    play_lives(script, server)
