"""What many guilds cost, before and after: ``python -m benchmarks.guilds [RUNS]`` (some minutes for each run).

A bot of a thousand guilds is started twice on the loopback Discord, which answers each request after 5 ms and limits
as Discord does: measured is when the first event is handled and when all commands are registered, and counted what
Discord was asked until then. Then a round is announced to a hundred guilds, the first of that process. An older commit
and this one take turns. Requests count; of the times a part is the loopback Discord's, which runs in this process too.
"""

import asyncio
import json
import resource
import sys
import tempfile
import time
import types
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import core.discord.bot  # noqa: F401 - slow to import, which is no part of what is measured
from core.app import Application, bot_application
from core.config import Config, parse_config
from core.rounds.events import ImportedRound
from devkit.discord import DiscordServer

BEFORE, GUILDS, TOLD = "3d51f84", 1_000, 100
LATENCY_SECONDS = 0.005
MOST_SECONDS = 300
PLUGIN = """
import heard
import hikari
from roundhook import Plugin, hookimpl

class Tells(Plugin):
    async def setup(self):
        self.ctx.listen(hikari.GuildMessageCreateEvent, self.hear)

    async def hear(self, event):
        heard.one.set()

    @hookimpl
    async def on_round_imported(self, round):
        await self.ctx.send_to_guilds(round, "a round")
"""


HEARD: Any = types.ModuleType("heard")
"""What the plugin tells this program."""


class World:
    """A Discord with many guilds, and the settings of a bot in all of them."""

    def __init__(self, folder: Path, discord: DiscordServer, guilds: int) -> None:
        self.discord, self._folder, self._guilds = discord, folder, range(1, guilds + 1)

    def config(self) -> Config:
        """Return the settings."""
        token = self._folder / "token"
        token.write_text(self.discord.token)
        place = self._folder / "plugins" / "tells"
        place.mkdir(parents=True, exist_ok=True)
        manifest = '[plugin]\nname = "tells"\nversion = "1"\napi = 1\n'
        (place / "manifest.toml").write_text(manifest)
        (place / "plugin.py").write_text(PLUGIN)
        channels = {one: self.discord.guild_channels(one).stats for one in self._guilds}
        tables: dict[str, Any] = {
            "discord": {"token": f"file:{token}", "rest_url": self.discord.rest_url},
            "guilds": {str(guild): {"stats_channel": channel} for guild, channel in channels.items()},
            "plugins": {"paths": [str(self._folder / "plugins")]},
        }
        return parse_config(tables, self._folder)

    async def start(self, config: Config, name: str) -> dict[str, float]:
        """Start the bot, use it as soon as that can be, and count until its commands are registered."""
        before, began, found = len(self.discord.requests), time.monotonic(), dict[str, float]()
        HEARD.one = asyncio.Event()
        used = asyncio.get_running_loop().create_task(self._first_event(began))
        async with bot_application(config, plugins=["tells", "stats_commands", "server_admin"]) as app:
            await _registered(app)
            found[f"{name}: all registered, ms"] = (time.monotonic() - began) * 1000
            found[f"{name}: first event, ms"] = await used
            found[f"{name}: requests"] = len(self.discord.requests) - before
        return found

    async def _first_event(self, began: float) -> float:
        """Write a message as soon as the bot is on the gateway; return after how many milliseconds it was handled."""
        await self.discord.wait_for_gateway(MOST_SECONDS)
        await self.discord.post_message("hello")
        await HEARD.one.wait()
        return (time.monotonic() - began) * 1000

    async def tell(self, config: Config) -> dict[str, float]:
        """Announce a round in each guild, for the first time in this process."""
        async with bot_application(config, plugins=["tells"]) as app:
            await _registered(app)
            posts = [self.discord.guild_channels(one).stats for one in self._guilds]
            began, cpu = time.monotonic(), _cpu()
            await app.services.publish(ImportedRound(round_id=1, file_sha256="a", server="local"))
            await self.discord.until(lambda: all(self.discord.messages(one) for one in posts), MOST_SECONDS)
            took, used = (time.monotonic() - began) * 1000, (_cpu() - cpu) * 1000
        return {f"a round in {TOLD} guilds: ms": took, f"a round in {TOLD} guilds: CPU, ms": used}


@asynccontextmanager
async def world(guilds: int) -> AsyncIterator[World]:
    """Give a Discord that takes its time."""
    with tempfile.TemporaryDirectory(prefix="roundhook-") as folder:
        async with DiscordServer(guilds=range(1, guilds + 1)) as discord:
            discord.slow_down("*", "*", LATENCY_SECONDS)
            yield World(Path(folder), discord, guilds)


async def measured() -> dict[str, float]:
    """Return all figures of this process's code."""
    sys.modules["heard"], found = HEARD, dict[str, float]()
    async with world(GUILDS) as many:
        config = many.config()
        for name in ("first start", "restart"):
            found |= await many.start(config, f"{GUILDS:,} guilds, {name}")
    async with world(TOLD) as some:
        found |= await some.tell(some.config())
    return found


async def _registered(app: Application) -> None:
    """Return when all commands are registered: before the bot has started, in older versions."""
    if app.discord is not None and (begun := getattr(app.discord.sync, "begun", None)) is not None:
        await begun.wait()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(runs: int = 5) -> None:
    """Print the figures of an older commit and of ours, taken in turns."""
    from benchmarks.before import compare

    compare("guilds.py", BEFORE, runs)


if __name__ == "__main__":
    if __package__:
        main(*map(int, sys.argv[1:]))
    else:
        sys.stdout.write(json.dumps(asyncio.run(measured())))
