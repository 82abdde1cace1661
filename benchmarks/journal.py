"""Events that many publishers commit for many plugins: ``python -m benchmarks journal``, beside an older commit.

The journal alone: each event is committed with a delivery for each plugin, then each delivery's outcome is recorded.
"""

import asyncio
import json
import tempfile
import time
from pathlib import Path

from core.clock import Clock
from core.db import open_database
from core.db.migrate import migrate
from core.db.owners import Owners
from core.hookspecs import CONTRACTS
from core.journal import Journal
from core.rounds.events import ImportedRound

BEFORE = "3d51f84"
EVENTS, PUBLISHERS = 2_000, 64


async def journal_rate(folder: Path, plugins: int, publishers: int) -> tuple[float, float]:
    """Return events a second, and microseconds of CPU for each, of the real journal without a dispatcher."""
    async with open_database(f"sqlite:///{folder}/journal-{plugins}-{publishers}.db") as database:
        await migrate(database)
        journal = Journal(database, Owners(folder / "processes"), Clock(), CONTRACTS)
        writing = asyncio.create_task(journal.run())
        names = [f"plugin_{number}" for number in range(plugins)]

        async def publish(start: int) -> None:
            for number in range(start, EVENTS, publishers):
                event_id = await journal.append(ImportedRound(round_id=number, file_sha256="a"), names, lambda *_: None)
                for name in names:
                    journal.record(event_id or 0, name, "done", 1)

        started, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(publish(start) for start in range(publishers)))
        await journal.flush()
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        journal.close()
        await writing
    return EVENTS / seconds, cpu / EVENTS * 1e6


async def figures() -> dict[str, float]:
    """Return what ``main`` prints."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for plugins in (10, 50):
            rate, cost = await journal_rate(Path(folder), plugins, PUBLISHERS)
            which = f"{plugins} plugins, {PUBLISHERS} publishers"
            found |= {f"{which}: events a second": rate, f"{which}: µs of CPU for an event": cost}
    return found


def main() -> None:
    """Print the figures of then and now."""
    from benchmarks.before import compare

    compare("journal.py", BEFORE)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(figures())))
