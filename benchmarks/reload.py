"""Reloads under load, with a table at the end: ``python -m benchmarks.reload [reloads]``.

The real bot on the loopback Discord, a SQLite journal, six plugins with handlers of 0 to 20 ms, about 1,000 events a
second; every fifth reload is broken in one of seven ways.
"""

import asyncio
import contextlib
import gc
import itertools
import logging
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from pathlib import Path

from core.kernel import loader
from core.kernel.generation import Generation
from core.kernel.report import Report
from core.kernel.scope import Gate
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
import hikari, lightbulb
from benchmarks.reload import ENDED, SEEN
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

    async def tick(self):
        pass

    async def hear(self, event):
        pass

    async def serve(self):
        await asyncio.Event().wait()

    @hookimpl
    async def on_round_imported(self, round):
        began = time.perf_counter()
        if milliseconds := round.round_id % 5 * 5:
            await asyncio.sleep(milliseconds / 1000)
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


def census(stage: Stage) -> dict[str, int]:
    """Count what must not grow."""
    gc.collect()
    discord = stage.app.discord
    assert discord is not None
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    memory = int(status["RssAnon"].split()[0])
    objects = gc.get_objects()
    return {
        "objects": len(objects) - 1,
        "generations": sum(isinstance(one, Generation) for one in objects),
        "tasks": len(asyncio.all_tasks()),
        "listeners": sum(map(len, discord.app._event_manager._listeners.values())),
        "commands": len(discord.client.table),
        "threads": threading.active_count(),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "modules": sum(name.startswith(loader.NAMESPACE) for name in sys.modules),
        "KiB": memory,
    }


class WatchedGate(Gate):
    """A gate that notes when it closes."""

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        HELD_AT.append(time.perf_counter())
        with super().hold():
            yield


class Load:
    """Publishes at a steady pace until it is told to stop."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.published = 0
        self.stopped = False

    async def run(self) -> None:
        started, numbers, publishing = time.perf_counter(), itertools.count(1), set()
        while not self.stopped:
            due = int((time.perf_counter() - started) * EVENTS_PER_SECOND)
            while self.published < due:
                self.published += 1
                event = ImportedRound(round_id=next(numbers), file_sha256="a")
                task = asyncio.create_task(self._stage.publish(event))
                publishing.add(task)
                task.add_done_callback(publishing.discard)
            await asyncio.sleep(0.002)
        await asyncio.gather(*publishing)


async def reload_under_load(stage: Stage, folder: Path, reloads: int) -> None:
    """Reload plugin after plugin while events come, every fifth time a broken version."""
    for slot in stage.app.kernel.slots.values():
        slot.gate = WatchedGate()
    load = Load(stage)
    loading, started = asyncio.create_task(load.run()), time.perf_counter()
    reports: list[Report] = []
    beyond: list[float] = []
    wrong = 0
    kinds: Iterator[tuple[str, Callable[[str], str]]]
    kinds = itertools.cycle(BREAKS)
    for number in range(reloads):
        name = f"plugin_{number % PLUGINS}"
        code = CODE.replace("VERSION", str(number))
        broken = number % 5 == 4
        write(folder, name, next(kinds)[1](code) if broken else code)
        report = await stage.plugins.reload(name)
        reports.append(report)
        if report.ok:
            longest = max((took for ended, took in ENDED[name] if ended > HELD_AT[-1]), default=0.0)
            beyond.append(report.pause_ms - longest * 1000)
        generation = stage.app.kernel.slots[name].generation
        version = getattr(generation.plugin, "version", "") if generation else ""
        wrong += report.ok is broken or (version == str(number)) is broken
    seconds = time.perf_counter() - started
    load.stopped = True
    await loading
    await stage.settled(60)
    _tell(stage, load, reports, seconds, wrong)
    print(f"pause beyond the longest handler that was running: {_percentiles(beyond)} (aim: p99 at most 5 ms)")
    await _tell_journal(stage)


def _tell(stage: Stage, load: Load, reports: list[Report], seconds: float, wrong: int) -> None:
    good = [report for report in reports if report.ok]
    expected = {(f"plugin_{number}", event) for number in range(PLUGINS) for event in range(1, load.published + 1)}
    lost, doubled = len(expected - set(SEEN)), sum(times - 1 for times in SEEN.values())
    counted = sum(slot.generation.plugin.count for slot in stage.app.kernel.slots.values() if slot.generation)  # type: ignore[union-attr]
    print(f"reloads: {len(good)} good, {len(reports) - len(good)} rolled back, {wrong} not as they should be")
    print(f"events: {load.published} ({load.published / seconds:.0f}/s), {len(expected)} deliveries")
    print(f"lost {lost}, doubled {doubled}; state {counted} of {len(expected)} increments")
    print(f"pause under load: {_percentiles([one.pause_ms for one in good])} (handlers of up to {LONGEST_MS} ms)")
    print(f"reload under load, with drain: {_percentiles([one.took_ms for one in good])}")


async def _tell_journal(stage: Stage) -> None:
    rows = await stage.db.fetch("SELECT state, attempts, count(*) AS n FROM deliveries GROUP BY 1, 2")
    print("journal: " + ", ".join(f"{row['n']} {row['state']} after {row['attempts']} attempt" for row in rows))


async def reload_idle(stage: Stage, folder: Path, reloads: int) -> None:
    """Reload one plugin again and again, and compare what there is before and after."""
    write(folder, "plugin_0", CODE)
    _fill_the_table_of_names()
    for _ in range(reloads // 5):  # until the allocator and SQLite's cache have what they take
        await stage.plugins.reload("plugin_0")
    await asyncio.sleep(11)
    census(stage)  # its own lists take memory the first time
    calls, before = len(stage.discord.requests), census(stage)
    took = [0.0] * reloads
    for number in range(reloads):
        write(folder, "plugin_0", CODE.replace("VERSION", str(number)))
        took[number] = (await stage.plugins.reload("plugin_0")).took_ms
    await asyncio.sleep(11)  # cancelled timers stay in the loop's heap until their time has come
    after = census(stage)
    grown = ", ".join(f"{name} {after[name] - before[name]:+}" for name in before if name != "generations")
    print(f"reload idle: {_percentiles(took)} (aim: p50 10 ms, p99 50 ms)")
    print(
        f"after {reloads} idle reloads: {grown}; generations {after['generations']} of {PLUGINS} plugins "
        "(aim: at most 200 objects and 1,024 KiB more, else none)"
    )
    print(f"calls to Discord: {len(stage.discord.requests) - calls}")


def _fill_the_table_of_names() -> None:
    """Let Python's table of names reach its size: it takes a megabyte more once in a while, whoever makes new names."""
    for number in range(100_000):
        sys.intern(f"a name that is let go of at once {number}")


def _percentiles(values: list[float]) -> str:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return f"p50 {cuts[49]:.1f}, p99 {cuts[98]:.1f}, max {max(values):.1f} ms"


async def main(reloads: int = 1000) -> None:
    """Print the table."""
    logging.disable()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "plugins"
        folder.mkdir()
        names = [f"plugin_{number}" for number in range(PLUGINS)]
        for name in names:
            write(folder, name, CODE)
        gc.collect()
        gc.freeze()  # as `roundhook run` does: a full collection of what was imported takes 60 ms
        async with Stage(plugins=names, folders=[folder]) as stage:
            await reload_idle(stage, folder, reloads)
            await reload_under_load(stage, folder, reloads)


if __name__ == "__main__":
    # imported by the plugins under its own name, so it must run under it too
    from benchmarks import reload

    asyncio.run(reload.main(*map(int, sys.argv[1:])))
