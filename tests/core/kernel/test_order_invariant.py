"""The order in which plugins begin with an event is a function of manifests and marks, whatever was done before."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.report import Report
from roundhook import ImportedRound, RoundAmended
from roundhook.testing import Stage
from tests.core.kernel.examples import examples, play
from tests.plugin_maker import idle, write_plugin

BEGUN: list[tuple[str, str]] = []
"""Plugin and event key of each handling, by the order in which they began."""
HELD: list[bool] = []
"""While it is not empty, handlers go no further than their beginning."""

CODE = """
import asyncio
from roundhook import Plugin, hookimpl
from tests.core.kernel.test_order_invariant import BEGUN, HELD

class Noting(Plugin):
    @hookimplIMPORTED
    async def on_round_imported(self, round):
        await self.note(round.key)

    @hookimplAMENDED
    async def on_round_amended(self, amendment):
        await self.note(amendment.key)

    @hookimplAMENDED
    async def on_own(self, own):
        await self.note(f"owner.Own:{own.number}")

    async def note(self, key):
        BEGUN.append((self.ctx.name, key))
        await (asyncio.Event().wait() if HELD else asyncio.sleep(0))
"""
OWNER = """
from roundhook import Plugin

class Owner(Plugin):
    pass
"""
CONTRACT = """
from roundhook import event

@event(hook="on_own", argument="own", key=("number",))
class Own:
    number: int
"""
MARKS = ("(tryfirst=True)", "", "(trylast=True)")
"""By stage."""
IMPORTED, AMENDED, OWN = 0, 1, 2
MOST_PLUGINS = 5


@dataclass(frozen=True)
class Shape:
    """What decides a plugin's place: its priority, and its stage for what is imported, and for the rest."""

    priority: int
    stages: tuple[int, int]


@dataclass(frozen=True)
class Life:
    """One run of the bot; what has begun when it ends is cut off and handled by the next."""

    order: Sequence[int]
    """Numbers by which the plugins are sorted before they are loaded."""
    steps: Sequence[tuple[Any, ...]]


stages = st.integers(min_value=0, max_value=2)
shapes = st.builds(Shape, st.sampled_from([1, 50, 100]), st.tuples(stages, stages))
names = st.from_regex(r"[a-c][ab1_]{0,2}", fullmatch=True)
numbers = st.integers(min_value=0, max_value=MOST_PLUGINS - 1)
hooks = st.sampled_from([IMPORTED, AMENDED, OWN])
steps = st.one_of(
    st.tuples(st.just("event"), hooks),
    st.tuples(st.just("reload"), numbers),
    st.tuples(st.just("reshape"), numbers, shapes),
    st.tuples(st.just("toggle"), numbers),
    st.tuples(st.just("meanwhile"), numbers, st.sampled_from(["reload", "toggle"])),
)
lives = st.lists(
    st.builds(Life, st.permutations(range(MOST_PLUGINS)), st.lists(steps, min_size=1, max_size=10)),
    min_size=1,
    max_size=2,
)
bots = st.dictionaries(names, shapes, min_size=2, max_size=MOST_PLUGINS)


class Bot:
    """Plugins of known shapes, and which of them are on."""

    def __init__(self, folder: Path, plugins: dict[str, Shape]) -> None:
        self.folder = folder
        self.shapes = dict(plugins)
        self.on = set(plugins)
        self.cut: list[Any] = []
        """What was being handled when the last life ended."""
        self._rounds = itertools.count(1)
        for name in plugins:
            self._write(name)
        write_plugin(folder, "owner", OWNER, files={"contract.py": CONTRACT})

    def load_order(self, order: Sequence[int]) -> list[str]:
        """Return those that are on, shuffled."""
        return [name for _, name in sorted(zip(order, sorted(self.shapes), strict=False)) if name in self.on]

    async def live(self, life: Life, stage: Stage) -> None:
        """Go on with what was cut off, then play one life; its last events are cut off."""
        await stage.settled()
        for event in self.cut:
            assert self._begun(event) == self._expected(event)
        for kind, *args in life.steps:
            await getattr(self, f"_{kind}")(stage, *args)
            await self._event(stage, IMPORTED)
        await self._cut_off(stage)

    async def _event(self, stage: Stage, hook: int) -> None:
        BEGUN.clear()
        event = await self._publish(stage, hook)
        await stage.settled()
        assert self._begun(event) == self._expected(event)

    async def _reload(self, stage: Stage, number: int) -> None:
        name = self._name(number)
        assert (await stage.plugins.reload(name)).ok is (name in self.on)

    async def _reshape(self, stage: Stage, number: int, shape: Shape) -> None:
        """Give a plugin another place; it has it from its next load on."""
        self.shapes[self._name(number)] = shape
        self._write(self._name(number))
        await self._reload(stage, number)

    async def _toggle(self, stage: Stage, number: int) -> None:
        assert (await self._toggled(stage, self._name(number))).ok
        await stage.settled()

    async def _meanwhile(self, stage: Stage, number: int, change: str) -> None:
        """Publish while one plugin is changed: the others have their order, and nobody leaves his stage."""
        BEGUN.clear()
        events: list[Any] = []
        name, before = self._name(number), set(self.on)
        changing = asyncio.create_task(stage.plugins.reload(name) if change == "reload" else self._toggled(stage, name))
        while not changing.done():
            events.append(await self._publish(stage, len(events) % 3))
        await changing
        await stage.settled()
        for event in events:
            begun = self._begun(event)
            assert [one for one in begun if one != name] == self._expected(event, before - {name})
            if change == "reload":
                assert sorted(begun) == sorted(before)
                assert [self._stage(event, one) for one in begun] == sorted(self._stage(event, one) for one in begun)

    async def _cut_off(self, stage: Stage) -> None:
        """Let the first stage begin with an event of each hook, and nobody end."""
        BEGUN.clear()
        HELD.append(True)
        self.cut = [await self._publish(stage, hook) for hook in (IMPORTED, AMENDED, OWN)]
        await idle()
        for event in self.cut:
            expected = self._expected(event)
            first = [name for name in expected if self._turn(event, name) == self._turn(event, expected[0])]
            assert self._begun(event) == first

    def _turn(self, event: Any, name: str) -> tuple[int, int]:
        """Return when a plugin begins: of those that go first, each priority waits for the ones before it."""
        place = self._stage(event, name)
        return place, 0 if place else self.shapes[name].priority

    async def _publish(self, stage: Stage, hook: int) -> Any:
        from roundhook.contracts import owner

        about = ImportedRound(round_id=next(self._rounds), file_sha256="a")
        event: Any = RoundAmended(round=about, revision=2) if hook == AMENDED else about
        if hook == OWN:
            event = owner.Own(number=about.round_id)
        await stage.publish(event)
        return event

    async def _toggled(self, stage: Stage, name: str) -> Report:
        if name in self.on:
            self.on.discard(name)
            return await stage.plugins.disable(name)
        self.on.add(name)
        return await stage.plugins.enable(name)

    def _expected(self, event: Any, among: set[str] | None = None) -> list[str]:
        """Return the plugins (those that are on) as they have to begin: by stage, priority and name."""
        those = self.on if among is None else among
        return sorted(those, key=lambda name: (self._stage(event, name), self.shapes[name].priority, name))

    def _begun(self, event: Any) -> list[str]:
        wanted = event.key if isinstance(event, (ImportedRound, RoundAmended)) else f"owner.Own:{event.number}"
        return [name for name, key in BEGUN if key == wanted]

    def _stage(self, event: Any, name: str) -> int:
        return self.shapes[name].stages[IMPORTED if isinstance(event, ImportedRound) else AMENDED]

    def _name(self, number: int) -> str:
        return sorted(self.shapes)[number % len(self.shapes)]

    def _write(self, name: str) -> None:
        shape = self.shapes[name]
        imported, amended = (MARKS[stage] for stage in shape.stages)
        code = CODE.replace("IMPORTED", imported).replace("AMENDED", amended)
        write_plugin(self.folder, name, code, priority=shape.priority)


def play_bot(plugins: dict[str, Shape], script: Sequence[Life]) -> None:
    """Live the lives of *script* one after the other on one database."""

    async def run(place: Path) -> None:
        bot = Bot(place / "plugins", plugins)
        (place / "home").mkdir()
        for life in script:
            BEGUN.clear()
            HELD.clear()
            names = [*bot.load_order(life.order), "owner"]
            async with Stage(plugins=names, folders=[bot.folder], folder=place / "home") as stage:
                await bot.live(life, stage)

    play(run)


@given(bots, lives)
@examples(8)
def test_the_order_is_that_of_the_manifests(plugins: dict[str, Shape], script: list[Life]) -> None:
    """By stage, priority and name: after any loads, reloads, toggles and restarts, and during them."""
    play_bot(plugins, script)


@pytest.mark.full
@given(bots, lives)
@examples(150)
def test_the_order_is_that_of_the_manifests_at_length(plugins: dict[str, Shape], script: list[Life]) -> None:
    """The same with many more bots."""
    play_bot(plugins, script)
