"""What a bot holds after more and more rounds in one process: ``python -m benchmarks.memory [rounds] [trace]``.

The real bot runs in a process of its own, so that only what is its own is counted, between the loopback Discord and
SSH server. Evening after evening is played, its clock is moved along: each round has a notice, a file, and a card.
With *trace* the bot says on stderr which lines of code hold more (slow).
"""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.corpus import corpus
from core.rounds.filenames import parse_stats_filename
from devkit.discord import DiscordServer
from devkit.game import GameServer

ROUNDS, STEP = 2000, 500
AIM_MIB = 5
NOTICE_LEAD = 3.0
"""Seconds from a round's end to its file."""
_CONFIG = """
[discord]
token = "file:token"
rest_url = "{rest_url}"
control_channel = {control}
[guilds.1]
stats_channel = {stats}
admin_channel = {admin}
[servers.local]
timezone = "UTC"
webhook_ids = [{webhook}]
[servers.local.ssh]
{ssh}
"""


class World:
    """A Discord and a game server here, and the bot's process between them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._now = time.time()
        self.discord = DiscordServer(now=lambda: self._now)
        self.discord.enforce_rate_limits = False
        self._shift: timedelta | None = None
        self._played = 0

    @contextlib.asynccontextmanager
    async def running(self, *, trace: bool) -> AsyncIterator[None]:
        """Run all of it; the bot ends with the block."""
        async with self.discord, GameServer("local", self._folder / "game", self._webhook()) as game:
            self._root = game.root
            self._write_config(game)
            environment = {**os.environ, "PYTHONTRACEMALLOC": "1" if trace else ""}
            self._bot = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "benchmarks.measured_bot", str(self._folder), env=environment,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                yield
            finally:
                self._pipe(self._bot.stdin).close()
                await self._bot.wait()

    async def play(self, name: str, data: bytes, *, trace: bool) -> dict[str, float]:
        """Play one round; return what the bot holds when all is said."""
        parsed = parse_stats_filename(name)
        assert parsed is not None
        ended = parsed.local_time.replace(tzinfo=UTC)
        self._shift = self._shift or timedelta(days=(datetime.now(UTC) - ended).days + 1)
        ended += self._shift
        self._now = max(self._now + 1, ended.timestamp())
        await self._send_notice(parsed.map_name, parsed.round_number)
        path = self._root / f"{ended:%Y-%m-%d-%H%M%S}{name[17:]}"
        path.write_bytes(data)
        os.utime(path, (self._now, self._now))
        self._played += 1
        return await self._ask({"to": self._now, "rounds": self._played, "trace": trace})

    async def _send_notice(self, map_name: str, number: int) -> None:
        values = {"Map": map_name, "Round": str(number), "End Unix": str(self._now - NOTICE_LEAD)}
        fields = [{"name": key, "value": value} for key, value in values.items()]
        embed = {"title": "Round Complete", "fields": fields, "footer": {"text": "roundhook 1.0.0"}}
        await self.discord.post_webhook("local", content="STATS_READY", embeds=[embed])

    async def _ask(self, question: dict[str, object]) -> dict[str, float]:
        stdin, stdout = self._pipe(self._bot.stdin), self._bot.stdout
        assert stdout is not None
        stdin.write(json.dumps(question).encode() + b"\n")
        answer = await stdout.readline()
        if not answer:
            raise RuntimeError("the bot has ended; it says why above")
        held: dict[str, float] = json.loads(answer)
        return held

    @staticmethod
    def _pipe(writer: asyncio.StreamWriter | None) -> asyncio.StreamWriter:
        assert writer is not None
        return writer

    def _webhook(self) -> str:
        return self.discord.add_webhook("local").url

    def _write_config(self, game: GameServer) -> None:
        channels = self.discord.guild_channels(1)
        (self._folder / "token").write_text(self.discord.token)
        (self._folder / "token").chmod(0o600)
        ssh = "\n".join(f"{key} = {json.dumps(value)}" for key, value in game.ssh.items())
        text = _CONFIG.format(
            rest_url=self.discord.rest_url, control=self.discord.control_channel, stats=channels.stats,
            admin=channels.admin, webhook=self.discord.webhooks["local"].id, ssh=ssh,
        )  # fmt: skip
        (self._folder / "roundhook.toml").write_text(text, "utf-8")


async def measure(rounds: int, step: int, *, trace: bool = False) -> list[dict[str, float]]:
    """Play; return what the bot held after each *step* rounds, printed as it comes."""
    found, began = [], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="roundhook-") as folder:
        world = World(Path(folder))
        async with world.running(trace=trace):
            for number, (name, data) in enumerate(corpus(rounds), 1):
                held = await world.play(name, data, trace=trace and number % step == 0)
                if number % step == 0:
                    found.append(held)
                    print(_line(number, held, time.monotonic() - began), flush=True)
    return found


def _line(number: int, held: dict[str, float], seconds: float) -> str:
    return (
        f"after {number:5} rounds: {held['rss_mib']:6.1f} MiB, {held['threads']:.0f} threads, "
        f"{held['files']:.0f} files open, WAL {held['wal_mib']:.1f} MiB ({seconds:.0f} s)"
    )


async def main(rounds: int = ROUNDS, *, trace: bool = False) -> None:
    """Print the figures."""
    found = await measure(rounds, rounds * STEP // ROUNDS, trace=trace)
    grown = found[-1]["rss_mib"] - found[0]["rss_mib"]
    print(f"grown since the first of these by {grown:.1f} MiB (aim: at most {AIM_MIB})")


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:2]), trace="trace" in sys.argv))
