"""Terminal: what a plugin's commands in the terminal are given. What is opened through it is closed with it."""

import asyncio
import contextlib
import gc
import importlib
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from core.cli import screen, setup
from core.clock import Clock
from core.config import Config, ServerSection, parse_config
from core.db.foreign import make_folder, refuse_foreign
from core.db.on_demand import DatabaseOnDemand
from core.errors import ConfigError, PeerUnavailableError, RoundhookError
from core.kernel.gate import uncollected
from core.kernel.options import Settings
from core.likeness import did_you_mean
from core.rounds.files import Files
from core.servers.ssh import Server
from core.shown import one_line

if TYPE_CHECKING:
    from core.app import Application

SETTLE_SECONDS = 600.0
BAR = 32


class Terminal:
    """The door of a command: settings, database and game servers, and words to whoever typed it.

    Args:
        config: all settings.
        settings: the plugin's own, as its manifest declares them.
    """

    def __init__(self, config: Config, settings: Settings) -> None:
        self.config = config
        """All settings."""
        self.settings = settings
        """The plugin's own, as its manifest declares them: ``settings.poll_seconds``."""
        self.clock = Clock()
        """Real time."""
        self.db = DatabaseOnDemand(config.database.url, config.storage_dir / "backups")
        """Opened when it is used: to be read it must be there, and reading never writes."""
        self.files = Files(config.storage_dir / "files", self.db, self.clock)
        """``in_place`` gives the event of a file that stays where it is; ``put`` keeps one until it is imported."""
        self.servers: dict[str, Server] = {key: Server(key, one) for key, one in config.servers.items()}
        """The game servers by key; each connects when it is used."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self.servers.values():
            await server.close()
        await self.db.close()

    def check_owner(self) -> None:
        """Return if what is written into the storage folder and the database file belongs to who owns them.

        Raises:
            ConfigError: they are another user's; names who, and how to run it instead.
        """
        refuse_foreign(self.config.storage_dir)
        if self.db.dialect == "sqlite":
            refuse_foreign(Path(self.config.database.url.removeprefix("sqlite:///")))

    def print(self, text: str = "") -> None:
        """Print one line, or several, on stdout; control characters in it are shown, not obeyed.

        Foreign text that may hold a line end goes through ``roundhook.one_line``; a table's cells do by themselves.
        """
        screen.say(text)

    def print_json(self, document: Any) -> None:
        """Print one JSON document on stdout: times as ISO 8601 text, PostgreSQL's sums as numbers."""
        setup.print_json(document)

    def print_table(self, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Print rows below headings; numbers are right-aligned, unknown (None) is a dash."""
        setup.print_table(headings, rows)

    def ask(self, question: str) -> bool:
        """Ask for a yes; without an answer (no terminal) it is a no."""
        return screen.say_yes(question)

    def progress(self, total: int, *, hidden: bool = False) -> "Progress":
        """Return a bar on stderr for *total* steps; none where stderr is no terminal, or *hidden*."""
        return Progress(total, shown=sys.stderr.isatty() and not hidden)

    def server(self, key: str | None) -> Server:
        """Return a configured game server; without *key* the only one.

        Raises:
            ConfigError: there is none of that key, or there are several to choose from.
        """
        known = ", ".join(sorted(self.servers)) or "none"
        if key is None and len(self.servers) != 1:
            raise ConfigError(f"Which game server? Name it with --server (configured: {known}).")
        name = key or next(iter(self.servers))
        if name not in self.servers:
            hint = did_you_mean(name, self.servers)
            raise ConfigError(
                f"No game server '{name}' is configured (known: {known}). {hint}Add [servers.{name}] first."
            )
        return self.servers[name]

    def use_server(self, key: str | None, timezone: str | None = None) -> Server:
        """Return the game server that is meant, configured or not; without *key* the only one, else ``local``.

        From now on the settings have it, in *timezone* if one is given.

        Raises:
            ConfigError: *key* cannot be one, or *timezone* is none.
        """
        key = key or (next(iter(self.servers)) if len(self.servers) == 1 else "local")
        settings = self.config.servers.get(key, ServerSection())
        table = {"timezone": timezone or settings.timezone}
        checked = parse_config({"servers": {key: table}}, self.config.storage_dir).servers[key]
        settings = msgspec.structs.replace(settings, timezone=checked.timezone)
        self.config = msgspec.structs.replace(self.config, servers={**self.config.servers, key: settings})
        self.servers[key] = server = Server(key, settings)
        return server

    @contextlib.asynccontextmanager
    async def offline(self) -> AsyncIterator["Offline"]:
        """Run the plugins with ``offline = true``, without Discord; give what publishes to them.

        Returns when all that was published has been handled. It may run beside the bot.

        Raises:
            RoundhookError: one of those plugins does not load.
        """
        from core.cli.waiting import Waiting

        self.check_owner()
        make_folder(self.config.storage_dir)
        async with contextlib.AsyncExitStack() as stack:
            with uncollected():
                app = await stack.enter_async_context(await self._application())
                gc.freeze()  # the plugins stay: see load_for_good
            failed = [report.error for report in app.reports if not report.ok]
            if failed:
                raise RoundhookError(f"The plugins cannot run: {' '.join(failed)}")
            offline, waiting = Offline(app), Waiting(app.services.journal, app.kernel.slots.values())
            telling = asyncio.create_task(waiting.run())
            try:
                yield offline
                await offline.settled()
                await waiting.look(again=True)
            finally:
                telling.cancel()

    async def _application(self) -> "contextlib.AbstractAsyncContextManager[Application]":
        """Return what runs the plugins; it is heavy, and imported while the database makes its tables."""
        importing = asyncio.to_thread(importlib.import_module, "core.app")
        core_app, database = await asyncio.gather(importing, self.db.written())
        application: contextlib.AbstractAsyncContextManager[Application] = core_app.offline_application(
            self.config, database
        )
        return application


class Offline:
    """Publishes to the plugins that run without Discord: ``await publish(event)``."""

    def __init__(self, app: "Application") -> None:
        self._app = app

    async def __call__(self, event: object) -> None:
        """Commit *event* to the journal; the plugins get it."""
        await self._app.services.publish(event)

    async def settled(self) -> None:
        """Return when all that was published before this call has been handled.

        Raises:
            PeerUnavailableError: something waits for too long; says what is left, which stays in the journal.
        """
        try:
            await self._app.kernel.dispatcher.settled(SETTLE_SECONDS)
        except TimeoutError as error:
            kept = "It stays in the journal: the bot or the next import goes on with it."
            raise PeerUnavailableError(f"Not all was handled ({one_line(str(error))[:500]}). {kept}") from error


class Progress:
    """A bar on stderr; ends its line at the end of its block."""

    def __init__(self, total: int, *, shown: bool) -> None:
        self._total, self._shown = total, shown

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            screen.draw("")

    def show(self, done: int) -> None:
        """Draw the bar with *done* steps."""
        if self._shown:
            full = BAR * done // max(self._total, 1)
            screen.draw(f"{'█' * full}{'░' * (BAR - full)} {done}/{self._total}")
