"""An evening that a real bot process lives through: two game servers, two guilds, faults, and what is left of it."""

import asyncio
import contextlib
import json
import os
import random
import re
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from core.kernel.folders import built_in
from devkit.discord import DiscordServer
from devkit.game import GameServer
from tests.plugin_maker import write_plugin

REPOSITORY = Path(__file__).parents[2]
GUILDS = (1, 2)
SERVERS = {"alpha": (), "beta": (2,)}
"""The game servers, with the guilds that see them (all without any)."""
MAPS = ("supply", "radar", "adlernest", "sw_goldrush_te", "te_escape2")
APART_SECONDS = 25
"""Between the ends of two rounds of a server: all are news until the evening is over."""

_CONFIG = """
[discord]
token = "env:ROUNDHOOK_TEST_TOKEN"
rest_url = "{rest_url}"
control_channel = {control}
{guilds}
[storage]
dir = "data"
[plugins]
enabled = {enabled}
paths = ["mine"]
[plugin.ssh_poller]
poll_seconds = 2
look_seconds = 0.2
[plugin.stats_commands]
posts = "rounds"
{servers}
"""
_GUILD = "[guilds.{id}]\nstats_channel = {stats}\nadmin_channel = {admin}"
_SERVER = """[servers.{key}]
timezone = "UTC"
webhook_ids = [{webhook}]
guilds = {guilds}
ssh = {ssh}
"""
_SHOWN = {
    "rounds": "SELECT server, map_name, round_number, file_sha256, winner_side, defender_side, status, end_reason, "
    "actual_duration_seconds, pause_count, total_pause_seconds, duration_source, time_limit_seconds FROM rounds",
    "matches": "SELECT server, map_name, result, round1_id IS NULL AS no1, round2_id IS NULL AS no2 FROM matches",
    "players": "SELECT r.server, r.map_name, r.round_number, p.guid, p.side, p.kills, p.damage_given, "
    "p.time_played_seconds FROM player_rounds p JOIN rounds r ON r.id = p.round_id",
    "notices": "SELECT n.server, n.map_name, n.round_number, r.map_name AS its_map, r.round_number AS its_number "
    "FROM round_notices n LEFT JOIN rounds r ON r.id = n.round_id",
    "teams": "SELECT server, round_number, axis_players, allies_players, winner_team, end_reason FROM lua_round_teams",
    "files": "SELECT server, sha256, state FROM stats_files",
    "failed": "SELECT d.plugin, d.state, d.error FROM deliveries d WHERE d.state <> 'done'",
    "refused": "SELECT reason FROM refused_messages",
    "jobs": "SELECT DISTINCT plugin, method, cron, key, state FROM plugin_jobs",
    "kept": "SELECT plugin, key, value FROM plugin_store",
}
"""What is compared, by natural keys: neither ids nor times of receipt."""

LATER = """
from datetime import timedelta
from roundhook import Plugin, hookimpl

class Later(Plugin):
    async def setup(self):
        self.ctx.cron("0 0 1 1 *", self.at_new_year)

    async def at_new_year(self):
        pass

    @hookimpl
    async def on_round_imported(self, round):
        data = [round.server, round.map_name, round.round_number, round.filename.partition("-round")[2]]
        await self.ctx.at(self.ctx.clock.now() + timedelta(seconds=0.2), self.keep, data, key=f"{data}")

    async def keep(self, data):
        await self.ctx.store.set(f"{data}", {"played": data})
"""
"""Each round has a job, and what that keeps; a job that was done may be done again, never not at all."""


@dataclass
class Conditions:
    """What is wrong all evening, and what may happen at any moment."""

    history_seconds: float = 0.0
    rest_seconds: float = 0.0
    nonces_forgotten: bool = False
    kills: int = 0
    discord_faults: int = 0
    ssh_outages: int = 0
    refusing_guild: bool = False

    @classmethod
    def mixed(cls, seed: int, kills: int) -> Self:
        """Return a mixture that follows from *seed*."""
        dice = random.Random(f"conditions {seed}")  # noqa: S311
        return cls(
            dice.choice((0.0, 2.0)), dice.choice((0.0, 0.3)), dice.random() < 0.7, kills, dice.randint(2, 8),
            dice.randint(0, 2), dice.random() < 0.5,
        )  # fmt: skip


@dataclass
class Left:
    """What is left of an evening."""

    tables: dict[str, list[str]]
    channels: dict[int, list[str]]
    """What stands in each guild's stats channel, by guild, without numbers that differ from run to run."""


@dataclass
class Evening:
    """The world of one evening. Use it as ``async with Evening(folder, seed) as evening``."""

    folder: Path
    seed: int
    rounds: int = 20
    conditions: Conditions = field(default_factory=Conditions)
    wrapper: Sequence[str] = ("-m", "roundhook")
    """How the bot is started, by the Python interpreter."""
    log: list[str] = field(default_factory=list)
    """What happened, in order, for a failure's message."""

    async def __aenter__(self) -> Self:
        self._dice = random.Random(self.seed)  # noqa: S311
        self._stack = contextlib.AsyncExitStack()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.discord = await self._stack.enter_async_context(DiscordServer(guilds=GUILDS))
        self.discord.enforce_rate_limits = False
        self.games = {}
        for key in SERVERS:
            game = GameServer(key, self.folder / key, self.discord.add_webhook(key).url)
            self.games[key] = await self._stack.enter_async_context(game)
        self._write_config()
        self._bot: asyncio.subprocess.Process | None = None
        self._began = time.time()
        self.played = self.noticed = 0
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
        await self._stack.aclose()

    async def live_through(self) -> Left:
        """Play all rounds while everything goes wrong that is to; then let all be well and return what is left."""
        self._make_slow()
        await self.start()
        plan = [(number, key) for number in range(self.rounds // len(SERVERS)) for key in SERVERS]
        disasters = self._disasters(len(plan))
        for place, (number, key) in enumerate(plan):
            await self._play(key, number)
            for disaster in disasters[place]:
                await disaster()
        await self.be_well()
        return self.left()

    async def start(self) -> None:
        """Start the bot; returns at once."""
        environment = {
            **os.environ, "PYTHONPATH": str(REPOSITORY), "ROUNDHOOK_TEST_TOKEN": self.discord.token
        }  # fmt: skip
        with (self.folder / "bot.log").open("ab") as out:
            self._bot = await asyncio.create_subprocess_exec(
                sys.executable, *self.wrapper, "run", cwd=self.folder, stdout=out, stderr=out, env=environment
            )

    async def kill(self) -> None:
        """End the bot without a warning."""
        if self._bot is not None and self._bot.returncode is None:
            self._bot.send_signal(signal.SIGKILL)
        if self._bot is not None:
            await self._bot.wait()

    @property
    def bot(self) -> asyncio.subprocess.Process:
        """The bot's process."""
        assert self._bot is not None
        return self._bot

    async def be_well(self) -> None:
        """End every trouble, and return when the bot has caught up with everything."""
        self.discord.hurry()
        for game in self.games.values():
            await game.back()
        for guild in GUILDS:
            self.discord.allow(self.discord.guild_channels(guild).stats, "SEND_MESSAGES")
        await self.until_quiet()

    async def until_quiet(self) -> None:
        """Return when all that was played is stored, nothing is to be delivered, and nothing to be said."""
        deadline = time.monotonic() + 90
        while (left := self._not_done()) is not None:
            if time.monotonic() > deadline:
                raise AssertionError(f"seed {self.seed}: {left} after 90 s.\n" + "\n".join(self.log))
            await self.keep_alive()
            await asyncio.sleep(0.1)

    async def keep_alive(self) -> None:
        """Start the bot again if it has ended, as a service manager does where that can help."""
        if (code := self.bot.returncode) is None:
            return
        if code not in (-signal.SIGKILL, os.EX_TEMPFAIL):
            raise AssertionError(f"the bot has ended with {code}: {(self.folder / 'bot.log').read_text()[-2000:]}")
        self.log.append(f"started again after {code}")
        await self.start()

    def left(self) -> Left:
        """Return what is left of the evening, comparable with that of another run."""
        with contextlib.closing(self._connect()) as database:
            tables = {name: sorted(map(_plain, database.execute(sql))) for name, sql in _SHOWN.items()}
        channels = {guild: self.discord.guild_channels(guild).stats for guild in GUILDS}
        said = {guild: sorted(map(_said, self.discord.messages(channel))) for guild, channel in channels.items()}
        return Left(tables, said)

    async def _play(self, key: str, number: int) -> None:
        """Play one round of the evening; every fifth has no notice, every seventh was given up."""
        ended = self._began - APART_SECONDS * (self.rounds // len(SERVERS) - number)
        surrender = 240.0 + number if number % 7 == 3 else None
        self.log.append(f"{key} plays {MAPS[number // 2 % len(MAPS)]} R{number % 2 + 1}")
        await self.play(
            key, map_name=MAPS[number // 2 % len(MAPS)], round_number=number % 2 + 1, seed=1000 + number,
            surrender_at=surrender, duration=None if surrender else 300.0 + 7 * number, ended_at=ended,
            send_notice=number % 5 != 4,
        )  # fmt: skip

    async def play(self, key: str, *, send_notice: bool = True, **how: Any) -> None:
        """Play a round on a server (see ``GameServer.play_round``)."""
        await self.games[key].play_round(send_notice=send_notice, **how)
        self.played += 1
        self.noticed += send_notice

    def _make_slow(self) -> None:
        if self.conditions.history_seconds:
            self.discord.slow_down("GET", "/channels/*/messages", self.conditions.history_seconds)
        if self.conditions.rest_seconds:
            self.discord.slow_down("*", "*", self.conditions.rest_seconds)
        if self.conditions.nonces_forgotten:
            self.discord.nonce_seconds = 0

    def _disasters(self, places: int) -> list[list[Any]]:
        """Return what happens after each round."""
        found: list[list[Any]] = [[] for _ in range(places)]
        wanted = [self._die] * self.conditions.kills + [self._fail_discord] * self.conditions.discord_faults
        wanted += [self._lose_ssh] * self.conditions.ssh_outages + [self._refuse] * self.conditions.refusing_guild
        for disaster in wanted:
            found[self._dice.randrange(places)].append(disaster)
        return found

    async def _die(self) -> None:
        """Kill the bot, at some moment after its start or its last look; start it again."""
        seconds = self._dice.uniform(0.0, 2.5)
        await asyncio.sleep(seconds)
        self.log.append(f"killed after {seconds:.2f} s")
        await self.kill()
        await self.start()

    async def _fail_discord(self) -> None:
        post, everything = ("POST", "/channels/*/messages"), ("*", "/[!w]*")  # the game servers' webhooks aside
        kind = self._dice.choice(("lost", "dropped", "502", "429", "gateway", "session"))
        self.log.append(f"Discord: {kind}")
        if kind == "lost":
            self.discord.fail_next(*post, status=None, after_work=True, count=self._dice.randint(1, 3))
        elif kind == "dropped":
            self.discord.fail_next(*everything, status=None, count=self._dice.randint(1, 3))
        elif kind == "502":
            self.discord.fail_next(*everything, status=502, count=self._dice.randint(1, 3))
        elif kind == "429":
            self.discord.rate_limit_next(*post, retry_after=0.3, count=self._dice.randint(1, 3))
        else:
            await self.discord.drop_gateway()
            if kind == "session":
                self.discord.forget_sessions()

    async def _lose_ssh(self) -> None:
        key = self._dice.choice(list(SERVERS))
        self.log.append(f"{key} is away")
        await self.games[key].outage()
        await asyncio.sleep(self._dice.uniform(0.2, 1.0))
        await self.games[key].back()

    async def _refuse(self) -> None:
        self.log.append("guild 1 refuses")
        self.discord.deny(self.discord.guild_channels(1).stats, "SEND_MESSAGES")

    def _not_done(self) -> str | None:
        if not (self.folder / "roundhook.db").exists():
            return "no database"
        with contextlib.closing(self._connect()) as database:
            try:
                for what, wanted, sql in (
                    ("rounds", self.played, "SELECT count(*) FROM rounds"),
                    ("notices", self.noticed, "SELECT count(*) FROM round_notices WHERE round_id IS NOT NULL"),
                    ("open deliveries", 0, "SELECT count(*) FROM deliveries WHERE state = 'pending'"),
                    ("jobs", 0, "SELECT count(*) FROM plugin_jobs WHERE state <> 'done' AND cron = '' "
                     "AND plugin <> 'stats_commands'"),  # whose evening is not over yet,
                    ("messages to be sent", 0, "SELECT count(*) FROM announcements WHERE wanted > revision"),
                    ("rounds without a message", 0, "SELECT count(*) FROM rounds r WHERE NOT EXISTS "
                     "(SELECT 1 FROM announcements a WHERE a.round_id = r.id)"),
                ):  # fmt: skip
                    (found,) = database.execute(sql).fetchone()
                    if found != wanted:
                        return f"{what}: {found} instead of {wanted}"
            except sqlite3.Error as error:
                return str(error)
        return None

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.folder / 'roundhook.db'}?mode=ro", uri=True)

    def _write_config(self) -> None:
        write_plugin(self.folder / "mine", "later", LATER)
        guilds = "\n".join(_GUILD.format(id=guild, **self.discord.guild_channels(guild)._asdict()) for guild in GUILDS)
        servers = "\n".join(
            _SERVER.format(key=key, webhook=self.discord.webhooks[key].id, guilds=list(seen), ssh=_inline(game.ssh))
            for (key, game), seen in zip(self.games.items(), SERVERS.values(), strict=True)
        )
        text = _CONFIG.format(
            rest_url=self.discord.rest_url, control=self.discord.control_channel, guilds=guilds, servers=servers,
            enabled=json.dumps([*built_in(), "later"]),
        )  # fmt: skip
        (self.folder / "roundhook.toml").write_text(text, "utf-8")


@contextlib.asynccontextmanager
async def undisturbed(folder: Path, rounds: int = 20) -> AsyncIterator[Left]:
    """The evening as it is when nothing goes wrong."""
    async with Evening(folder, 0, rounds) as evening:
        yield await evening.live_through()


def differences(expected: Left, found: Left) -> list[str]:
    """Return what differs, a line each."""
    lines = []
    for name, rows in expected.tables.items():
        lines += [f"{name}: missing {one}" for one in rows if one not in found.tables[name]]
        lines += [f"{name}: too much {one}" for one in found.tables[name] if one not in rows]
        if len(rows) != len(found.tables[name]):
            lines.append(f"{name}: {len(found.tables[name])} rows instead of {len(rows)}")
    for guild, texts in expected.channels.items():
        if texts != found.channels[guild]:
            lines.append(f"guild {guild}: {found.channels[guild]}\ninstead of {texts}")
    return lines


def _plain(row: Sequence[Any]) -> str:
    return json.dumps([value.hex() if isinstance(value, bytes) else value for value in row], default=str)


def _said(message: Any) -> str:
    """Return a message's text and how many pictures it has, without the round's number and time."""
    text = re.sub(r"<t:[0-9]+", "<t:…", re.sub(r"round [0-9]+ ·", "round … ·", message.text))
    text = text.removeprefix("corrected: ")  # whether it is one depends on what was known when it was first said
    return f"{text} [{len(message.files)}]"


def _inline(table: dict[str, Any]) -> str:
    return "{ " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in table.items()) + " }"
