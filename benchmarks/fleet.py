"""Runs the two processes that the poller's benchmarks need: the game servers, and bots of this version and another."""

import asyncio
import bisect
import contextlib
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from benchmarks.before import HERE, tree_of
from benchmarks.corpus import corpus
from core.rounds.filenames import parse_stats_filename

BEFORE = "3d51f84"
"""Looked at every server ten times a second."""


@contextlib.contextmanager
def versions() -> Iterator[dict[str, Path]]:
    """Give where the versions lie that are measured in turns, for as long as the block runs."""
    with tree_of(BEFORE) as before:
        yield {"before": before, "now": HERE}


class Child:
    """A Python process that answers each line of JSON by one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, *arguments: str, version: Path = HERE) -> Self:
        """Start it with the code of *version*."""
        environment = {**os.environ, "PYTHONPATH": str(version), "PYTHONSAFEPATH": "1"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, cwd=version, env=environment, limit=2**26,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=None,
        )  # fmt: skip
        return cls(process)

    async def ask(self, question: Any) -> Any:
        """Send a line, return the answer."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        await self._process.stdin.drain()
        return await self.answer()

    async def answer(self) -> Any:
        """Return the next line that it prints."""
        assert self._process.stdout
        if not (line := await self._process.stdout.readline()):
            raise SystemExit(f"the process ended with {await self._process.wait()}")
        return json.loads(line)

    async def end(self) -> None:
        """Let it end: there is nothing more to ask."""
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()


@dataclass(frozen=True, slots=True)
class Played:
    """One round on each of the servers at once: what the bot and what the game servers say of it."""

    bot: dict[str, Any]
    games: dict[str, Any]

    @property
    def there(self) -> float:
        """When the last file was there."""
        return max(map(float, self.games["there"].values()))

    @property
    def seconds(self) -> float:
        """From then until all rounds were stored."""
        return float(self.bot["stored"] - self.there)

    @property
    def looks(self) -> list[float]:
        """When a folder's time was asked for: each file that was fetched was asked for once, too."""
        stats = [(number, at) for number, kind, at in self.games["requests"] if kind == "stat"]
        again = {number: at for number, kind, at in self.games["requests"] if kind == "read"}
        looks = [at for number, at in stats if at < again.get(number, float("inf"))]
        return sorted(looks)

    @property
    def most_looks(self) -> int:
        """How many there were in one second at most."""
        return _most_in_a_second(self.looks)

    @property
    def most_requests(self) -> int:
        """How many requests of the kinds that are counted there were in one second at most."""
        return _most_in_a_second(sorted(at for *_, at in self.games["requests"]))


class Fleet:
    """Game servers, and a bot of one version that fetches from them."""

    def __init__(self, bot: Child, games: Child, count: int, halves: Sequence[int]) -> None:
        self._bot, self._games, self._count = bot, games, count
        self._files = (file for file in _files() if file[1] in halves)
        self._rounds = 0

    @classmethod
    async def start(
        cls, folder: Path, count: int, version: Path, plugins: Sequence[str], *, halves: Sequence[int] = (1, 2)
    ) -> Self:
        """Start both, and wait until the bot is connected to all; only *halves* of maps are played."""
        await asyncio.to_thread(folder.mkdir)
        games = await Child.start("-m", "benchmarks.game_servers", str(folder / "games"), str(count))
        asked = {"plugins": plugins, "servers": await games.answer()}
        await asyncio.to_thread((folder / "bot.json").write_text, json.dumps(asked))
        bot = await Child.start(str(HERE / "benchmarks" / "polling_bot.py"), str(folder), version=version)
        await bot.answer()
        return cls(bot, games, count, halves)

    async def play(self, delay: float, *, posts: int = 0) -> Played:
        """End a round on all servers now; their files come after *delay* seconds."""
        end = time.time()
        map_name, number, text = next(self._files)
        name = f"{datetime.fromtimestamp(end + delay, UTC):%Y-%m-%d-%H%M%S}-{map_name}-round-{number}.txt"
        self._rounds += self._count
        await self._games.ask({"at": 0, "files": []})  # what was asked before is of no interest
        notices = [
            {"server": f"s{one}", "map_name": map_name, "round_number": number, "round_end_unix": round(end),
             "actual_duration_seconds": 400.0, "end_reason": "objective", "sender": "roundhook 9"}
            for one in range(self._count)
        ]  # fmt: skip
        files = [[one, name, text] for one in range(self._count)]
        bot, games = await asyncio.gather(
            self._bot.ask({"notices": notices, "rounds": self._rounds, "posts": posts}),
            self._games.ask({"at": end + delay, "files": files}),
        )
        games["requests"] += (await self._games.ask({"at": 0, "files": []}))["requests"]
        return Played(bot, games)

    async def end(self) -> None:
        """End both."""
        await self._bot.end()
        await self._games.end()


def _files() -> Iterator[tuple[str, int, str]]:
    """Give maps, numbers and contents of rounds, one after another."""
    for seed in itertools.count(1):
        for filename, data in corpus(40, seed=seed):
            if name := parse_stats_filename(filename):
                yield name.map_name, name.round_number, data.decode()


def _most_in_a_second(moments: Sequence[float]) -> int:
    return max((bisect.bisect(moments, at + 1) - number for number, at in enumerate(moments)), default=0)
