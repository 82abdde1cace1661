"""Random plugins that require each other, switched, rewritten and reloaded: who runs is always who may run."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from core.app import _services
from core.clock import Clock
from core.config import parse_config
from core.discord.port import NoDiscord
from core.kernel.kernel import Kernel
from tests.core.kernel.examples import examples, play
from tests.patience import PATIENCE
from tests.plugin_maker import write_plugin

NAMES = ("a", "b", "c", "d", "e")
CODE = "from roundhook import Plugin\nclass One(Plugin):\n    pass\n"

names = st.sampled_from(NAMES)
needs = st.builds("{}{}".format, st.sampled_from((*NAMES, "none")), st.sampled_from(["", " >= 2", " < 3", " == 2"]))
versions = st.sampled_from(["1", "2", "3", "one"])
switches = st.tuples(st.sampled_from(["enable", "disable", "reload"]), names)
writes = st.tuples(st.just("write"), names, versions, st.lists(needs, max_size=2))
together = st.tuples(st.just("together"), st.lists(switches, min_size=2, max_size=6))
scripts = st.lists(st.one_of(switches, writes, together), min_size=4, max_size=14)


@dataclass
class Said:
    """What a manifest says."""

    version: str = "1"
    requires: tuple[Requirement, ...] = ()


@dataclass
class Expected:
    """What has to be, for changes that are made one by one."""

    disk: dict[str, Said] = field(default_factory=lambda: {name: Said() for name in NAMES})
    runs: dict[str, Said] = field(default_factory=dict)
    on: set[str] = field(default_factory=set)
    lacking: set[str] = field(default_factory=set)

    def may_run(self, said: Said) -> bool:
        """Tell whether all that *said* requires runs, in a version that will do."""
        return all(one.name in self.runs and fits(one, self.runs[one.name].version) for one in said.requires)

    def change(self, action: str, name: str) -> None:
        """Do what the kernel is to do."""
        if action == "disable":
            self.on.discard(name)
            self.drop(name)
            return
        if action == "enable":
            self.on.add(name)
        if name in self.on and (name not in self.runs or action == "reload"):
            self.take(name)
        if name in self.runs and name in self.on:
            self.rise()

    def take(self, name: str) -> None:
        """Load or reload it, if that may be."""
        said = self.disk[name]
        may = self.may_run(said) and name not in self.below(said)
        self.lacking = self.lacking - {name} if may else self.lacking | {name}
        held = [need for one in self.runs.values() for need in one.requires if need.name == name]
        if may and (name not in self.runs or all(fits(need, said.version) for need in held)):
            self.runs[name] = said

    def below(self, said: Said) -> set[str]:
        """Return all that it rests on."""
        found, look = set[str](), [one.name for one in said.requires]
        while look:
            if (one := look.pop()) in self.runs and one not in found:
                found.add(one)
                look += [need.name for need in self.runs[one].requires]
        return found

    def drop(self, name: str) -> None:
        """Take it out, with all that rests on it."""
        self.runs.pop(name, None)
        for other in [one for one, said in self.runs.items() if name in {need.name for need in said.requires}]:
            self.lacking.add(other)
            self.drop(other)

    def rise(self) -> None:
        """Load whoever waits and may run now."""
        while came := [one for one in self.on & self.lacking - set(self.runs) if self.may_run(self.disk[one])]:
            self.lacking.discard(came[0])
            self.runs[came[0]] = self.disk[came[0]]


def fits(need: Requirement, version: str) -> bool:
    """Tell whether a version will do."""
    return not need.specifier or (version.isdecimal() and need.specifier.contains(version))


@contextlib.asynccontextmanager
async def kernel_of(folder: Path) -> AsyncIterator[Kernel]:
    """Give a kernel without Discord, with all plugins off."""
    tables = {
        "database": {"url": f"sqlite:///{folder}/roundhook.db"},
        "storage": {"dir": str(folder / "data")},
        "plugins": {"paths": [str(folder / "plugins")]},
    }
    async with _services(parse_config(tables, folder), Clock(), NoDiscord()) as services:
        await services.kernel.start(())
        yield services.kernel


def write(folder: Path, name: str, said: Said) -> None:
    """Put a plugin into its folder."""
    requires = json.dumps([str(need) for need in said.requires])
    write_plugin(folder / "plugins", name, CODE, version=said.version, manifest=f"requires = {requires}")


def check(kernel: Kernel) -> None:
    """Whoever runs has what it requires; whoever is on and has it, runs."""
    runs = {name: kernel.slots[name].manifest for name in NAMES if kernel.slots[name].generation}
    for name in NAMES:
        slot = kernel.slots[name]
        missing = [one for one in slot.manifest.requires
                   if one.name not in runs or not fits(one, runs[one.name].version)]  # fmt: skip
        if name in runs:
            assert slot.enabled
            assert not missing, name
        elif slot.enabled:
            assert slot.state == "failed"
            assert missing, name


@given(scripts)
@examples(12)
def test_who_runs_is_who_may_run(script: Sequence[tuple[Any, ...]]) -> None:
    """One by one exactly as expected; several at once without a breach, and without waiting for each other for ever."""

    async def example(folder: Path) -> None:
        expected = Expected()
        for name in NAMES:
            write(folder, name, expected.disk[name])
        async with kernel_of(folder) as kernel, asyncio.timeout(PATIENCE):
            for step in script:
                await make(kernel, folder, expected, step)
                if step[0] == "together":
                    return  # what comes of it is one of several
                now = {name: kernel.slots[name] for name in NAMES}
                assert {name for name, slot in now.items() if slot.generation} == set(expected.runs)
                assert {name: now[name].manifest.version for name in expected.runs} == {
                    name: said.version for name, said in expected.runs.items()
                }

    play(example)


async def make(kernel: Kernel, folder: Path, expected: Expected, step: tuple[Any, ...]) -> None:
    """Make one step."""
    match step:
        case ("write", name, version, requires):
            said = Said(version, tuple(Requirement(one) for one in requires if Requirement(one).name != name))
            expected.disk[name] = said
            write(folder, name, said)
            await change(kernel, expected, [("reload", name)])
        case ("together", several):
            await asyncio.gather(*(getattr(kernel, action)(name) for action, name in several))
            check(kernel)
        case (action, name):
            await change(kernel, expected, [(action, name)])


async def change(kernel: Kernel, expected: Expected, steps: Iterable[tuple[str, str]]) -> None:
    """Make changes one by one."""
    for action, name in steps:
        await getattr(kernel, action)(name)
        expected.change(action, name)
