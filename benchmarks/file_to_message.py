"""From the file that is there to the message that stands, in parts: ``python -m benchmarks.file_to_message``.

One real SSH server (in a process of its own) ends round after round; the file comes some 3 s after its notice, give or
take 20 ms. All plugins run, on the loopback Discord and SQLite. An older version is measured in turns with this one.
The medians of the parts do not add up to the median of the whole.
"""

import asyncio
import random
import statistics
import tempfile
from collections import defaultdict
from datetime import datetime
from pathlib import Path

from benchmarks.fleet import Fleet, Played, versions

RUNS, BEFORE_THAT, DELAY_SECONDS, VARIES_SECONDS = 12, 2, 3.0, 0.02
PLUGINS = ["lua_webhook", "ssh_poller", "stats_import", "timing_override", "team_capture", "stats_commands"]
PARTS = ("wait", "SFTP", "file, journal", "import", "timing, teams", "drawing", "post")
"""What ends when: the look that sees the file, its bytes, its event, its round, the plugins before the card, the card
(with what it reads), the message."""


async def measure() -> dict[str, list[Played]]:
    """Play rounds with each version in turn."""
    played: dict[str, list[Played]] = defaultdict(list)
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder, versions() as trees:
        fleets = {
            name: await Fleet.start(Path(folder) / name, 1, at, PLUGINS, halves=(1,)) for name, at in trees.items()
        }
        for number in range(BEFORE_THAT + RUNS):
            delay = DELAY_SECONDS + chance.uniform(-VARIES_SECONDS, VARIES_SECONDS)
            for name, fleet in fleets.items():
                one = await fleet.play(delay, posts=number + 1)
                if number >= BEFORE_THAT:
                    played[name].append(one)
        for fleet in fleets.values():
            await fleet.end()
    return played


def moments(played: Played) -> list[float]:
    """Return when the file was there and when each part ended."""
    there, bot = played.there, played.bot["parts"]
    seen = min(at for _, kind, at in played.games["requests"] if kind == "stat" and at >= there)
    posted = datetime.fromisoformat(played.bot["posted"]).timestamp()
    return [there, seen, bot["fetched"], bot["published"], bot["imported"], bot["amended"], bot["drawn"], posted]


def line_of(name: str, played: list[Played]) -> str:
    """Return the medians, in milliseconds."""
    all_moments = [moments(one) for one in played]
    whole = [1000 * (one[-1] - one[0]) for one in all_moments]
    fetched = [1000 * (one[2] - one[0]) for one in all_moments]
    parts = [
        f"{part} {statistics.median(1000 * (one[at + 1] - one[at]) for one in all_moments):.0f}"
        for at, part in enumerate(PARTS)
    ]
    looks = statistics.median(len(one.looks) for one in played)
    cpu = 1000 * statistics.median(one.bot["cpu"] for one in played)
    return (
        f"  {name:6}  file there → message {statistics.median(whole):4.0f} ms, → fetched "
        f"{statistics.median(fetched):3.0f} ({', '.join(parts)}); {looks:.0f} looks, {cpu:.0f} ms of CPU in all"
    )


async def main() -> None:
    """Measure and print."""
    for name, played in (await measure()).items():
        print(line_of(name, played), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
