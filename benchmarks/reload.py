"""Reloads, idle and under load: ``python -m benchmarks reload``, beside an older commit.

The real bot on the loopback Discord, a SQLite journal, six plugins with handlers of 0 to 20 ms, about 1,000 events a
second; every fifth reload is broken in one of seven ways. Each plugin has a cron, 5,000 jobs that wait, and one for
each thousandth event that keeps a value. ``python -m benchmarks.reload N`` prints what N reloads of now have come to,
beside what is aimed at.
"""

import asyncio
import gc
import json
import logging
import statistics
import sys
import tempfile
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.under_load import CODE, LONGEST_MS, PLUGINS, Result, reload_under_load, write
from core.db.tables import PluginJob
from core.kernel import loader
from core.kernel.generation import Generation
from roundhook.testing import Stage

BEFORE, RELOADS = "3d51f84", 300
JOBS = 5000


@dataclass(frozen=True, slots=True)
class Idle:
    """What reloads without events have come to."""

    took_ms: list[float]
    grown: dict[str, int]
    """How much more there is of what must not grow."""
    generations: int
    calls: int
    """To Discord."""


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


def tell(result: Result) -> None:
    """Print what came of the reloads under load."""
    good = [report for report in result.reports if report.ok]
    wanted = PLUGINS * result.published
    print(f"reloads: {len(good)} good, {len(result.reports) - len(good)} rolled back, {result.wrong} not as should be")
    print(f"events: {result.published} ({result.published / result.seconds:.0f}/s), {wanted} deliveries")
    print(f"lost {result.lost}, doubled {result.doubled}; state {result.counted} of {wanted} increments")
    print(f"pause under load: {_percentiles([one.pause_ms for one in good])} (handlers of up to {LONGEST_MS} ms)")
    print(
        f"pause beyond the longest handler that was running: {_percentiles(result.beyond_ms)} (aim: p99 at most 5 ms)"
    )
    print(f"reload under load, with drain: {_percentiles([one.took_ms for one in good])}")
    print("journal: " + ", ".join(f"{number} {how}" for how, number in result.deliveries.items()))


async def plan_jobs(stage: Stage) -> None:
    """Let each plugin have many jobs that wait."""
    due = stage.clock.now() + timedelta(days=1)
    columns = ("plugin", "method", "key", "data", "due_at", "state")
    names = [f"plugin_{number}" for number in range(PLUGINS)]
    rows = [(name, "again", "", "1", due, "waiting") for name in names for _ in range(JOBS)]
    async with stage.db.transaction() as transaction:
        await transaction.insert(PluginJob, columns, rows)


async def reload_idle(stage: Stage, folder: Path, reloads: int) -> Idle:
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
    grown = {name: after[name] - before[name] for name in before if name != "generations"}
    return Idle(took, grown, after["generations"], len(stage.discord.requests) - calls)


def tell_idle(idle: Idle) -> None:
    """Print what came of the reloads without events."""
    grown = ", ".join(f"{name} {more:+}" for name, more in idle.grown.items())
    print(f"reload idle: {_percentiles(idle.took_ms)} (aim: p50 10 ms, p99 50 ms)")
    print(
        f"after {len(idle.took_ms)} idle reloads: {grown}; generations {idle.generations} of {PLUGINS} plugins "
        "(aim: at most 200 objects and 1,024 KiB more, else none)"
    )
    print(f"calls to Discord: {idle.calls}")


def _fill_the_table_of_names() -> None:
    """Let Python's table of names reach its size: it takes a megabyte more once in a while, whoever makes new names."""
    for number in range(100_000):
        sys.intern(f"a name that is let go of at once {number}")


def _percentiles(values: list[float]) -> str:
    return f"p50 {_at(values, 50):.1f}, p99 {_at(values, 99):.1f}, max {max(values):.1f} ms"


def _at(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


async def measured(reloads: int) -> tuple[Idle, Result]:
    """Reload so often, idle and under load."""
    logging.disable()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "plugins"
        folder.mkdir()
        names = [f"plugin_{number}" for number in range(PLUGINS)]
        for name in names:
            write(folder, name, CODE)
        _load_for_good()
        async with Stage(plugins=names, folders=[folder]) as stage:
            await plan_jobs(stage)
            return await reload_idle(stage, folder, reloads), await reload_under_load(stage, folder, reloads)


def _load_for_good() -> None:
    """Keep what is imported out of the collector, as `roundhook run` does."""
    import core.cli

    if load := getattr(core.cli, "load_for_good", None):
        load("core.discord.bot")
    else:  # an older one
        gc.collect()
        gc.freeze()


def figures(idle: Idle, loaded: Result) -> dict[str, float]:
    """Return what is compared with an older commit."""
    good = [report for report in loaded.reports if report.ok]
    return {
        "idle: p50, µs": 1000 * _at(idle.took_ms, 50),
        "idle: p99, µs": 1000 * _at(idle.took_ms, 99),
        "under load: pause, p99, µs": 1000 * _at([one.pause_ms for one in good], 99),
        "under load: beyond the longest handler, p99, µs": 1000 * _at(loaded.beyond_ms, 99),
        "under load: events a second": loaded.published / loaded.seconds,
        "under load: lost, doubled or wrong": loaded.lost + loaded.doubled + loaded.wrong,
        "idle: objects more": idle.grown["objects"],
        "idle: KiB more": idle.grown["KiB"],
    }


def main(reloads: int = 0) -> None:
    """Print then and now, or the table of so many reloads."""
    from benchmarks.before import compare

    if not reloads:
        compare("reload.py", BEFORE)
        return
    idle, loaded = asyncio.run(measured(reloads))
    tell_idle(idle)
    tell(loaded)


if __name__ == "__main__":
    if __package__:
        main(*map(int, sys.argv[1:]))
    else:
        print(json.dumps(figures(*asyncio.run(measured(RELOADS)))))
