"""Reloads, idle and under load: ``python -m benchmarks reload``; a table with what is aimed at.

The real bot on the loopback Discord, a SQLite journal, six plugins with handlers of 0 to 20 ms, about 1,000 events a
second; every fifth reload is broken in one of seven ways. Each plugin has a cron, 5,000 jobs that wait, and one for
each thousandth event that keeps a value.
"""

import asyncio
import gc
import logging
import statistics
import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path

from benchmarks.under_load import CODE, LONGEST_MS, PLUGINS, Result, reload_under_load, write
from core.cli import load_for_good
from core.db.tables import PluginJob
from core.kernel import loader
from core.kernel.generation import Generation
from roundhook.testing import Stage

JOBS = 5000


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
        load_for_good("core.discord.bot")  # as `roundhook run` does
        async with Stage(plugins=names, folders=[folder]) as stage:
            await plan_jobs(stage)
            await reload_idle(stage, folder, reloads)
            tell(await reload_under_load(stage, folder, reloads))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
