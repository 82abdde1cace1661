"""Six plugins under a thousand events a second, reloaded again and again, every fifth time by a broken version."""

import asyncio
import contextlib
import itertools
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.kernel.gate import Gate
from core.kernel.report import Report
from roundhook import ImportedRound
from roundhook.testing import Stage

PLUGINS, EVENTS_PER_SECOND = 6, 1000
LONGEST_MS = 20
SEEN: Counter[tuple[str, int]] = Counter()
"""How often each plugin has handled each event; the plugins import it."""
ENDED: dict[str, deque[tuple[float, float]]] = defaultdict(lambda: deque(maxlen=4096))
"""When the latest calls of each plugin's handler ended, and how long they took, in seconds; the plugins import it."""
HELD_AT: deque[float] = deque(maxlen=1)
"""When events were last held."""

CODE = """
import asyncio, time
from datetime import timedelta
import hikari, lightbulb
from benchmarks.under_load import ENDED, SEEN
from roundhook import Plugin, hookimpl

loader = lightbulb.Loader()

@loader.command
class Count(lightbulb.SlashCommand, name="NAME", description="how many"):
    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        await context.respond("VERSION")

class Timed(Plugin):
    version = "VERSION"

    async def setup(self):
        self.count = 0
        self.ctx.add_commands(loader)
        self.ctx.listen(hikari.GuildMessageCreateEvent, self.hear)
        self.ctx.every(1, self.tick)
        self.ctx.service(self.serve)
        self.ctx.cron("0 0 1 1 *", self.tick)

    async def tick(self):
        pass

    async def again(self, data):
        began = time.perf_counter()
        await self.ctx.store.set("again", data)
        ENDED[self.ctx.name].append((time.perf_counter(), time.perf_counter() - began))

    async def hear(self, event):
        pass

    async def serve(self):
        await asyncio.Event().wait()

    @hookimpl
    async def on_round_imported(self, round):
        began = time.perf_counter()
        if milliseconds := round.round_id % 5 * 5:
            await asyncio.sleep(milliseconds / 1000)
        if round.round_id % 1000 == 0:
            await self.ctx.at(self.ctx.clock.now() + timedelta(seconds=1), self.again, round.round_id, key="again")
        self.count += 1
        SEEN[self.ctx.name, round.round_id] += 1
        ENDED[self.ctx.name].append((time.perf_counter(), time.perf_counter() - began))

    def export_state(self):
        return {"count": self.count}

    def import_state(self, state, from_version):
        self.count = state["count"]
"""
BREAKS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("a syntax error", lambda code: code + "\nclass class\n"),
    ("a missing import", lambda code: "import not_there\n" + code),
    ("no Plugin class", lambda code: "x = 1\n"),
    ("wrong arguments", lambda code: code.replace("(self, round)", "(self, other)")),
    ("an unknown hook", lambda code: code.replace("def on_round_imported", "def on_round_importd")),
    ("setup raises", lambda code: code.replace("self.count = 0", "raise KeyError(1)")),
    ("state refused", lambda code: code.replace('state["count"]', 'state["other"]')),
)


def write(folder: Path, name: str, code: str) -> None:
    """Write a plugin below *folder*."""
    place = folder / name
    place.mkdir(exist_ok=True)
    (place / "manifest.toml").write_text(
        f'[plugin]\nname = "{name}"\nversion = "1"\napi = 1\nscope = "global"\n', "utf-8"
    )
    (place / "plugin.py").write_text(code.replace("NAME", name), "utf-8")


class WatchedGate(Gate):
    """A gate that notes when it closes."""

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        HELD_AT.append(time.perf_counter())
        with super().hold():
            yield


class Load:
    """Publishes at a steady pace until it is told to stop."""

    def __init__(self, stage: Stage, events_per_second: int) -> None:
        self._stage, self._events_per_second = stage, events_per_second
        self.published = 0
        self.stopped = False
        self._another = asyncio.Event()

    async def run(self) -> None:
        started, numbers, publishing = time.perf_counter(), itertools.count(1), set()
        while not self.stopped:
            due = int((time.perf_counter() - started) * self._events_per_second)
            while self.published < due:
                self.published += 1
                self._another.set()
                event = ImportedRound(round_id=next(numbers), file_sha256="a")
                task = asyncio.create_task(self._stage.publish(event))
                publishing.add(task)
                task.add_done_callback(publishing.discard)
            await asyncio.sleep(0.002)
        await asyncio.gather(*publishing)

    async def reached(self, number: int) -> None:
        """Return when so many have been published."""
        while self.published < number:
            self._another.clear()
            await self._another.wait()


@dataclass(slots=True)
class Result:
    """What came of the reloads and of the events that were published meanwhile."""

    reports: list[Report] = field(default_factory=list)
    wrong: int = 0
    """Reloads after which another version served than should."""
    beyond_ms: list[float] = field(default_factory=list)
    """By how much each pause was longer than the longest handler that was running when it began."""
    published: int = 0
    seconds: float = 0.0
    lost: int = 0
    doubled: int = 0
    counted: int = 0
    """Increments in the plugins' states."""
    deliveries: dict[str, int] = field(default_factory=dict)
    """Their number, by how they ended and after how many attempts."""


async def reload_under_load(
    stage: Stage, folder: Path, reloads: int, *, events_per_second: int = EVENTS_PER_SECOND
) -> Result:
    """Reload plugin after plugin while events come; return when all have been handled."""
    SEEN.clear()
    before = _counted(stage)
    for slot in stage.app.kernel.slots.values():
        slot.gate = WatchedGate()
    load, result = Load(stage, events_per_second), Result()
    loading, started = asyncio.create_task(load.run()), time.perf_counter()
    kinds = itertools.cycle(BREAKS)
    for number in range(reloads):
        await load.reached(number + 1)
        await _reload(stage, folder, number, next(kinds)[1] if number % 5 == 4 else None, result)
    result.seconds = time.perf_counter() - started
    load.stopped = True
    await loading
    await stage.settled(60)
    await _add_up(stage, load, result)
    result.counted -= before
    return result


async def _reload(
    stage: Stage, folder: Path, number: int, how: Callable[[str], str] | None, result: Result
) -> None:  # fmt: skip
    """Reload one plugin, by a version broken in some way if *how* is given, and look at what serves now."""
    name, code = f"plugin_{number % PLUGINS}", CODE.replace("VERSION", str(number))
    write(folder, name, how(code) if how else code)
    report = await stage.plugins.reload(name)
    result.reports.append(report)
    if report.ok:
        longest = max((took for ended, took in ENDED[name] if ended > HELD_AT[-1]), default=0.0)
        result.beyond_ms.append(report.pause_ms - longest * 1000)
    generation = stage.app.kernel.slots[name].generation
    version = getattr(generation.plugin, "version", "") if generation else ""
    result.wrong += report.ok is bool(how) or (version == str(number)) is bool(how)


async def _add_up(stage: Stage, load: Load, result: Result) -> None:
    expected = {(f"plugin_{number}", event) for number in range(PLUGINS) for event in range(1, load.published + 1)}
    result.published = load.published
    result.lost, result.doubled = len(expected - set(SEEN)), sum(times - 1 for times in SEEN.values())
    result.counted = _counted(stage)
    rows = await stage.db.fetch("SELECT state, attempts, count(*) AS n FROM deliveries GROUP BY 1, 2")
    result.deliveries = {f"{row['state']} after {row['attempts']} attempt": row["n"] for row in rows}


def _counted(stage: Stage) -> int:
    generations = (slot.generation for slot in stage.app.kernel.slots.values())
    return sum(one.plugin.count for one in generations if one is not None)
