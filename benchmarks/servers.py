"""How long it takes until all is stored when many game servers end a round at once: ``python -m benchmarks.servers``.

50, 100 and 200 real SSH servers (in a process of their own) end a round in the same second; each one's file comes a
second later. Two rounds before that are not measured. An older version is measured in turns with this one.
"""

import asyncio
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.fleet import Fleet, Played, versions

COUNTS, RUNS, BEFORE_THAT, DELAY_SECONDS = (50, 100, 200), 5, 2, 1.0
PLUGINS = ["ssh_poller", "stats_import", "timing_override", "team_capture"]


async def measure(count: int) -> dict[str, list[Played]]:
    """Play on *count* servers, with each version in turn."""
    played: dict[str, list[Played]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, versions() as trees:
        fleets = {name: await Fleet.start(Path(folder) / name, count, at, PLUGINS) for name, at in trees.items()}
        for number in range(BEFORE_THAT + RUNS):
            for name, fleet in fleets.items():
                one = await fleet.play(DELAY_SECONDS)
                if number >= BEFORE_THAT:
                    played[name].append(one)
        for fleet in fleets.values():
            await fleet.end()
    return played


def line_of(name: str, count: int, played: list[Played]) -> str:
    """Return what came of it."""
    seconds, cpu = [one.seconds for one in played], statistics.median(one.bot["cpu"] for one in played)
    looks = statistics.median(len(one.looks) for one in played) / count
    return (
        f"  {count:4} servers {name:6}  all stored after {statistics.median(seconds):5.2f} s "
        f"({min(seconds):.2f} to {max(seconds):.2f}), {cpu:5.2f} s of CPU, {looks:4.1f} looks at each, "
        f"in a second at most {max(one.most_looks for one in played):4} and "
        f"{max(one.most_requests for one in played):4} requests of all kinds"
    )


async def main() -> None:
    """Measure and print."""
    for count in COUNTS:
        for name, played in (await measure(count)).items():
            print(line_of(name, count, played), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
