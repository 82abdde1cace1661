"""The real bot in a process of its own, asked over stdin what it holds: ``python -m benchmarks.measured_bot FOLDER``.

A line ``{"to": 1700000000, "rounds": 20}`` moves its clock there (never back) and is answered, when that many rounds
are stored and everything about them is said, by what the process holds.
"""

import asyncio
import json
import os
import sys
import threading
import tracemalloc
from pathlib import Path
from typing import Any

from core.app import Application, bot_application
from core.cli import log_from
from core.clock import MovableClock
from core.config import load_config

PATIENCE = 60.0
SHOWN = 25


async def serve(folder: Path) -> None:
    """Run the bot of *folder* and answer until stdin ends."""
    clock, traced = MovableClock(), tracemalloc.is_tracing()
    async with bot_application(load_config(folder / "roundhook.toml"), clock=clock) as app:
        before = None
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            await clock.advance(max(0.0, asked["to"] - clock.now().timestamp()))
            await _stored(app, asked["rounds"])
            if traced and asked.get("trace"):
                before = _print_growth(before)
            print(json.dumps(held(folder)), flush=True)


def held(folder: Path) -> dict[str, float]:
    """Return what this process holds."""
    status = Path("/proc/self/status").read_text()
    rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    wal = folder / "roundhook.db-wal"
    return {
        "rss_mib": rss / 1024,
        "threads": threading.active_count(),
        "files": len(os.listdir("/proc/self/fd")),
        "wal_mib": wal.stat().st_size / 2**20 if wal.exists() else 0.0,
    }


async def _stored(app: Application, rounds: int) -> None:
    """Return when *rounds* are stored and nothing is left to be delivered or said."""
    dispatcher, sql = app.kernel.dispatcher, "SELECT count(*) AS n FROM rounds"
    async with asyncio.timeout(PATIENCE):
        while True:
            changes = dispatcher.changes
            if (await app.services.database.fetch(sql))[0]["n"] >= rounds:
                break
            await dispatcher.change_after(changes)
        await dispatcher.settled(PATIENCE)
        if app.discord is not None:
            await app.discord.speech.sender.settled()


def _print_growth(before: Any) -> Any:
    """Print on stderr which lines of code hold more than at the last time."""
    now = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, tracemalloc.__file__)])
    for one in now.compare_to(before, "lineno")[:SHOWN] if before else ():
        print(one, file=sys.stderr)
    return now


if __name__ == "__main__":
    log_from(30)
    asyncio.run(serve(Path(sys.argv[1])))
