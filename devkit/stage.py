"""Stage: the real bot between a Discord and a game server on loopback, for tests, the demo and plugin authors."""

import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.app import Application, bot_application
from core.clock import MovableClock
from core.config import Config, parse_config
from core.db import Database
from core.errors import PluginError
from core.kernel.folders import built_in
from core.kernel.report import Report, Status
from devkit.discord import DiscordServer, Message
from devkit.fresh import fresh_database
from devkit.game import GameServer

LOCAL = "local"
"""The game server that is always there, in UTC."""


class Stage:
    """A stage to try plugins on. Use it as ``async with Stage(plugins=[…]) as stage``.

    Args:
        plugins: exactly these run; by default all built-in ones.
        folders: where further plugins lie (folders of plugin folders, or plugin folders themselves).
        config: tables of roundhook.toml that are put over the stage's own, such as
            ``{"plugin": {"ssh_poller": {"poll_seconds": 1}}}``; None takes a key away.
        database: a URL; None is a fresh SQLite file.
        guilds: ids of the guilds that the bot is in.
        folder: where database, storage and the game server's folder go; a temporary one by default.
        discord: options for the loopback Discord; with ``now`` it has a time of its own.
        begins: the time when the stage is set up, aware; now by default. From there the time goes on.
        broken: let plugins be that do not load, for tests of just that; ``stage.plugins.status`` says why.

    Raises:
        PluginError: one of *plugins* does not load, or does not exist.

    Resource handling:
        Everything is closed at the end of the block, in reverse; the temporary folder is removed.
    """

    def __init__(
        self,
        plugins: Sequence[str] | None = None,
        *,
        folders: Sequence[str | Path] = (),
        config: Mapping[str, Any] | None = None,
        database: str | None = None,
        guilds: Sequence[int] = (1,),
        folder: Path | None = None,
        discord: Mapping[str, Any] | None = None,
        begins: datetime | None = None,
        broken: bool = False,
    ) -> None:
        self.clock = MovableClock(begins)
        """The time that the bot reads: ``await stage.clock.advance(30)`` moves it by 30 s."""
        options = {"guilds": tuple(guilds), "now": lambda: self.clock.now().timestamp(), **(discord or {})}
        self.discord = StageDiscord(**options)
        """The Discord that the bot is connected to."""
        self.games: dict[str, GameServer] = {}
        """The game servers by key: there is ``local``."""
        self._plugin_names = list(built_in()) if plugins is None else list(plugins)
        self._folders = [str(Path(one).resolve()) for one in folders]
        self._overrides = dict(config or {})
        self._database_url = database
        self._guilds = guilds
        self._given_folder = folder
        self._broken = broken
        self._stack = contextlib.AsyncExitStack()
        self._app: Application | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._set_up()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def app(self) -> Application:
        """The running application."""
        if self._app is None:
            raise RuntimeError("the stage is not set up; use `async with Stage(...) as stage`")
        return self._app

    @property
    def db(self) -> Database:
        """The database that the bot uses."""
        return self.app.services.database

    @property
    def plugins(self) -> "StagePlugins":
        """Reload, enable and disable plugins, and ask how they stand."""
        return StagePlugins(self.app)

    async def publish(self, event: object) -> None:
        """Publish *event* as a plugin would; returns when it is in the journal."""
        await self.app.services.publish(event)

    async def call(self, offer: str, /, **arguments: Any) -> Any:
        """Call what a plugin offers (``"mvp_shout.best_of"``) as another plugin would.

        Raises:
            CallError: it went wrong; ``PluginUnavailableError``: nobody was there to answer.
        """
        return await self.app.services.call("", offer, arguments)

    async def settled(self, timeout: float = 10) -> None:
        """Return when every delivery recorded before this call and every job that is due has ended, and all is said.

        So has what follows from it, and what plugins have spawned and timers have begun just now. What waits for its
        retry has not ended; a delivery of a plugin that is off is not counted. A message is posted, edited, deleted,
        or refused by Discord.

        Raises:
            TimeoutError: after *timeout* seconds; names what is left.
        """
        began = asyncio.get_running_loop().time()
        await self.app.kernel.settled(timeout)
        if self.app.discord is not None:
            sender, left = self.app.discord.speech.sender, timeout + began - asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(max(left, 0.0)):
                    await sender.settled()
            except TimeoutError:
                raise TimeoutError(f"not settled after {timeout:g} s: {', '.join(sender.left())}") from None

    async def until(self, condition: Callable[[], Awaitable[bool]], timeout: float = 10) -> None:
        """Return when *condition* holds; it is asked again whenever a delivery has ended.

        Raises:
            TimeoutError: it does not hold after *timeout* seconds.
        """
        dispatcher = self.app.kernel.dispatcher
        async with asyncio.timeout(timeout):
            while True:
                changes = dispatcher.changes
                if await condition():
                    return
                await dispatcher.change_after(changes)

    async def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return int((await self.db.fetch(f"SELECT count(*) AS n FROM {table}"))[0]["n"])

    async def _set_up(self) -> None:
        folder = self._given_folder or Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="roundhook-")))
        self._database_url = self._database_url or await fresh_database(folder)
        await self._stack.enter_async_context(self.discord)
        webhook = self.discord.add_webhook(LOCAL)
        game = GameServer(LOCAL, folder / "game", webhook.url, clock=lambda: self.clock.now().timestamp())
        self.games[LOCAL] = await self._stack.enter_async_context(game)
        config = self._config(folder)
        self._app = await self._stack.enter_async_context(
            bot_application(config, clock=self.clock, plugins=self._plugin_names, register=True)  # this Discord is new
        )
        refused = [report.error for report in self._app.reports if not report.ok]
        if refused and not self._broken:
            raise PluginError("\n".join(refused))
        self.discord.attach(self._app)
        await self.discord.begun()

    def _config(self, folder: Path) -> Config:
        token = folder / "token"
        token.write_text(self.discord.token)
        tables = _merged(self._own_tables(folder, token), self._overrides)
        return parse_config(tables, folder)

    def _own_tables(self, folder: Path, token: Path) -> dict[str, Any]:
        return {
            "discord": {
                "token": f"file:{token}",
                "rest_url": self.discord.rest_url,
                "control_channel": self.discord.control_channel,
            },
            "guilds": {str(guild): self._guild_table(guild) for guild in self._guilds},
            "database": {"url": self._database_url},
            "storage": {"dir": str(folder / "data")},
            "plugins": {"enabled": self._plugin_names, "paths": self._folders},
            "servers": {
                LOCAL: {
                    "timezone": "UTC",
                    "webhook_ids": [int(self.discord.webhooks[LOCAL].id)],
                    "ssh": dict(self.games[LOCAL].ssh),
                }
            },
        }

    def _guild_table(self, guild: int) -> dict[str, int]:
        channels = self.discord.guild_channels(guild)
        return {"stats_channel": channels.stats, "admin_channel": channels.admin}


class StagePlugins:
    """The kernel, as a test of a plugin needs it."""

    def __init__(self, app: Application) -> None:
        self._kernel = app.kernel

    async def reload(self, name: str) -> Report:
        """Replace a plugin by what its folder holds now; never raises for a broken plugin."""
        return await self._kernel.reload(name)

    async def enable(self, name: str, guild: int | None = None) -> Report:
        """Switch a plugin on; everywhere without *guild*."""
        return await self._kernel.enable(name, guild)

    async def disable(self, name: str, guild: int | None = None) -> Report:
        """Switch a plugin off; everywhere without *guild*."""
        return await self._kernel.disable(name, guild)

    def status(self, name: str) -> Status:
        """Return how a plugin stands."""
        return self._kernel.status(name)


class StageDiscord(DiscordServer):
    """The loopback Discord, on which commands are up to date whenever a user looks."""

    _app: Application | None = None

    def attach(self, app: Application) -> None:
        """Take the bot whose commands are to be up to date."""
        self._app = app

    async def invoke(self, *args: Any, **kwargs: Any) -> Message:
        """Use a command as a user does: ``invoke("stats", user=7, guild=1, options={…})``; return the answer."""
        await self.up_to_date()
        return await super().invoke(*args, **kwargs)

    async def use_menu(self, *args: Any, **kwargs: Any) -> Message:
        """Use a command of the menu of a message or a user."""
        await self.up_to_date()
        return await super().use_menu(*args, **kwargs)

    async def autocomplete(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """Type into an option that autocompletes; return what is offered."""
        await self.up_to_date()
        return await super().autocomplete(*args, **kwargs)

    async def begun(self) -> None:
        """Return when the commands were registered for the first time, or could not be."""
        if self._app is not None and self._app.discord is not None:
            await self._app.discord.sync.begun.wait()

    async def up_to_date(self) -> None:
        """Return when the commands of all plugins that run are registered."""
        if self._app is not None and self._app.discord is not None:
            await self._app.discord.sync.flush()


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return *base* with the tables of *over* put over it, key by key; None takes a key away."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
        if value is None:
            del merged[key]
    return merged
