"""Game servers in a process of their own, so that their work is not the bot's: ``python -m benchmarks.game_servers``.

Started with a folder and a number; prints the ``ssh`` table of each server. A line ``{"at": 1700000000.5, "files":
[[0, "…-round-1.txt", "…"]]}`` writes those files at that moment and is answered by when each was there, and by the
SFTP requests since the line before: the number of each server's folder, the kind, the time.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from devkit.game.ssh import Behaviour, SshServer

Request = tuple[int, str, float]


class Noting(Behaviour):
    """A good server that keeps what it was asked."""

    def __init__(self, number: int, requests: list[Request]) -> None:
        super().__init__()
        self.gate.set()
        self._number, self._requests = number, requests

    async def answers(self, request: str) -> None:
        self._requests.append((self._number, request, time.time()))
        await super().answers(request)


async def serve(folder: Path, count: int) -> None:
    """Run *count* servers below *folder* until stdin ends."""
    requests: list[Request] = []
    servers = [await _started(folder / str(number), number, requests) for number in range(count)]
    _say([server.settings for server in servers])
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        await asyncio.sleep(max(asked["at"] - time.time(), 0.0))
        there = {number: _written(folder / str(number) / "stats" / name, text) for number, name, text in asked["files"]}
        _say({"there": there, "requests": requests, "cpu": time.process_time()})
        requests.clear()
    for server in servers:
        await server.close()


async def _started(folder: Path, number: int, requests: list[Request]) -> SshServer:
    stats, private = folder / "stats", folder / "private"
    stats.mkdir(parents=True)
    private.mkdir()
    server = SshServer(stats, private)
    server.behaviour = Noting(number, requests)
    await server.start()
    return server


def _written(path: Path, text: str) -> float:
    path.write_text(text, encoding="utf-8")
    return time.time()


def _say(what: Any) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
