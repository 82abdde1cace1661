"""What a bot holds that has nothing to do: ``python -m benchmarks idle``, beside an older commit, all plugins, SQLite.

Once without a game server and once with one, to which it keeps an SSH connection; at its first start, which makes the
tables, and at the next one. With a server it is to hold at most 90 MiB.
"""

import asyncio
import json
import tempfile
from pathlib import Path

from benchmarks.memory import World
from devkit.game import GameServer

BEFORE = "3d51f84"
REST_SECONDS = 3.0
IDLE: dict[str, object] = {"to": 0, "rounds": 0}


class Alone(World):
    """A bot without a game server."""

    def _write_config(self, game: GameServer) -> None:
        super()._write_config(game)
        config = self._folder / "roundhook.toml"
        config.write_text(config.read_text("utf-8").partition("[servers")[0], "utf-8")


async def figures() -> dict[str, float]:
    """Return the resident memory of each in MiB."""
    found: dict[str, float] = {}
    for name, kind in (("without a server", Alone), ("with a server", World)):
        with tempfile.TemporaryDirectory(prefix="roundhook-") as folder:
            for start in ("first start", "next start"):
                world = kind(Path(folder))
                async with world.running(trace=False):
                    await world._ask(IDLE)
                    await asyncio.sleep(REST_SECONDS)
                    found[f"{name}, {start}: MiB"] = (await world._ask(IDLE))["rss_mib"]
    return found


def main() -> None:
    """Print the figures of then and now."""
    from benchmarks.before import compare

    compare("idle.py", BEFORE)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(figures())))
