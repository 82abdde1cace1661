"""The command line, called as a user calls it: in this process where that will do, in one of its own where not."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from devkit.discord import DiscordServer
from devkit.game import GameServer
from tests.core.cli.evening import write_evening
from tests.patience import PATIENCE

REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True)
class Said:
    """What a command has left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document that stdout is, and nothing else."""
        return json.loads(self.out)


Command = Callable[..., Said]
Process = Callable[..., Awaitable[Said]]


@pytest.fixture
def roundhook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], level_kept: None
) -> Command:
    """Runs a command in this process, in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> Said:
        try:
            code = main([str(word) for word in words])
        except SystemExit as stop:  # argparse: wrong usage, or --help
            code = int(stop.code or 0)
        return Said(code, *capfd.readouterr())

    return call


@pytest.fixture
def filled(roundhook: Command, tmp_path: Path) -> str:
    """The URL of a database into which an invented evening was imported."""
    url = f"sqlite:///{tmp_path / 'filled.db'}"
    roundhook("import", write_evening(tmp_path / "evening"), "--db", url)
    return url


@contextlib.asynccontextmanager
async def started(
    *words: object, folder: Path, before: Sequence[str] = (), **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command in a process of its own, run by the command *before*; killed if it still runs at the end."""
    process = await asyncio.create_subprocess_exec(
        *before, sys.executable, "-m", "roundhook", *map(str, words), cwd=folder, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def ended(process: asyncio.subprocess.Process) -> Said:
    """Return what a process has said when it has ended."""
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    return Said(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
def separately(tmp_path: Path) -> Process:
    """Runs a command in a process of its own."""

    async def call(*words: object, **environment: str) -> Said:
        async with started(*words, folder=tmp_path, **environment) as process:
            return await ended(process)

    return call


@dataclass
class Outside:
    """What a bot meets: a Discord, a game server, and the settings that lead to both."""

    discord: DiscordServer
    game: GameServer
    config: Path
    folder: Path

    def write_config(self, **changes: Any) -> Path:
        """Write ``roundhook.toml``; *changes* are put over its values."""
        values = {
            "rest_url": self.discord.rest_url, "control": self.discord.control_channel,
            "stats": self.discord.stats_channel, "admin": self.discord.admin_channel,
            "webhook": self.discord.webhooks["puran"].id, "enabled": json.dumps(PLUGINS), "paths": "[]",
            "more": "", **self.game.ssh, **changes,
        }  # fmt: skip
        self.config.write_text(CONFIG.format(**values), "utf-8")
        return self.config


PLUGINS = ["lua_webhook", "ssh_poller", "stats_import", "timing_override", "team_capture", "stats_commands"]
CONFIG = """
[discord]
token = "env:ROUNDHOOK_TEST_TOKEN"
rest_url = "{rest_url}"
control_channel = {control}

[guilds.1]
stats_channel = {stats}
admin_channel = {admin}

[plugins]
enabled = {enabled}
paths = {paths}

[servers.puran]
timezone = "UTC"
webhook_ids = [{webhook}]
ssh = {{ host = "{host}", port = {port}, user = "{user}", key_file = "{key_file}", known_hosts = "{known_hosts}", stats_dir = "{stats_dir}" }}
{more}
"""  # noqa: E501 - a table in one line, as TOML wants it


@pytest.fixture
async def outside(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Outside]:
    """A Discord and a game server on loopback, with the bot's settings in the working directory.

    Parametrized with False, Discord does not grant the Message Content intent.
    """
    async with DiscordServer(guilds=(1, 2), message_content_intent=getattr(request, "param", True)) as discord:
        webhook = discord.add_webhook("puran")
        async with GameServer("puran", tmp_path / "game", webhook.url) as game:
            world = Outside(discord, game, tmp_path / "roundhook.toml", tmp_path)
            world.write_config()
            yield world


TOKEN = "ROUNDHOOK_TEST_TOKEN"


@pytest.fixture
def token(outside: Outside) -> dict[str, str]:
    """The environment that holds the bot's token."""
    return {TOKEN: outside.discord.token}


@pytest.fixture
def check(outside: Outside, roundhook: Command, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Awaitable[Said]]:
    """Runs it beside the loop on which Discord and the game server are."""
    monkeypatch.setenv(TOKEN, outside.discord.token)
    monkeypatch.setitem(globals(), "PLUGINS", ["lua_webhook", "ssh_poller"])  # those that bring looks
    outside.write_config()
    return lambda: asyncio.to_thread(roundhook, "check")
