"""The application: database, journal, kernel and (in the bot) Discord, put together and closed in reverse."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core.clock import Clock
from core.config import Config
from core.db import Database, open_database
from core.db.migrate import CORE, ROOT, Owner, migrate
from core.db.tables import SHARED_TABLES
from core.discord.port import NoDiscord
from core.files import Files
from core.journal import Journal
from core.kernel.kernel import Kernel
from core.kernel.manifest import Manifest
from core.kernel.report import Report
from core.kernel.watch import watch as watch_files
from core.kernel.watchdog import Watchdog
from core.owners import Owners
from core.services import Services
from core.ssh import Server

if TYPE_CHECKING:
    from core.bot import Discord

log = logging.getLogger(__name__)

IMPORT_PLUGINS = ("stats_import", "timing_override", "team_capture")
"""What ``roundhook import`` runs."""
TAKE_OVER_SECONDS = 30.0
THIN_SECONDS, KEEP_EVENTS = 3600.0, timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Application:
    """A running roundhook."""

    config: Config
    services: Services
    kernel: Kernel
    reports: list[Report]
    """How the start of each plugin went."""
    discord: "Discord | None" = None


@contextlib.asynccontextmanager
async def bot_application(
    config: Config,
    *,
    clock: Clock | None = None,
    plugins: Iterable[str] | None = None,
    without: Iterable[str] = (),
    watch: bool = False,
) -> AsyncIterator[Application]:
    """Run the bot: connect to Discord, load the plugins (by toggles, or exactly *plugins*), deliver what is left.

    With *watch* a plugin is reloaded when one of its files is saved.

    Raises:
        ConfigError: a setting, the token or an intent is wrong.
        PeerUnavailableError: Discord or PostgreSQL does not answer.
    """
    from core.bot import Discord  # heavy, and only the bot needs it

    discord = Discord(config)
    async with _services(config, clock or Clock(), discord) as (services, kernel):
        discord.attach(services)
        reports: list[Report] = []

        async def start_plugins() -> None:
            reports.extend(await kernel.start(plugins, without=without))

        async with discord.running(start_plugins), contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(kernel.close)  # before Discord is closed
            await stack.enter_async_context(_background(_watch_journal(services, kernel)))
            stack.callback(Watchdog(kernel).close)
            if watch:
                await stack.enter_async_context(_background(watch_files(kernel)))
            yield Application(config, services, kernel, reports, discord)


@contextlib.asynccontextmanager
async def import_application(config: Config) -> AsyncIterator[Application]:
    """Run the importing plugins without Discord (``roundhook import``); may run beside the bot.

    Raises:
        ConfigError: a setting is wrong.
    """
    async with _services(config, Clock(), NoDiscord()) as (services, kernel):
        reports = await kernel.start(IMPORT_PLUGINS)
        yield Application(config, services, kernel, reports)


@contextlib.asynccontextmanager
async def _services(
    config: Config, clock: Clock, discord: "Discord | NoDiscord"
) -> AsyncIterator[tuple[Services, Kernel]]:
    storage = config.storage_dir
    await asyncio.to_thread(storage.mkdir, parents=True, exist_ok=True)
    owners = Owners(storage / "processes")
    servers = {key: Server(key, settings) for key, settings in config.servers.items()}
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(owners.present())
        database = await stack.enter_async_context(open_database(config.database.url))
        await migrate(database, [CORE], backups=storage / "backups")
        database.bind(*SHARED_TABLES)
        for server in servers.values():
            stack.push_async_callback(server.close)
        journal = Journal(database, owners, clock)
        await stack.enter_async_context(_writing(journal))
        files = Files(storage / "files", database, clock)
        services = Services(config, clock, database, files, servers, journal, discord)
        kernel = Kernel(services, migrate=_migrator(database, config))
        kernel.logbook.attach()
        stack.callback(kernel.logbook.detach)
        stack.push_async_callback(kernel.close)
        yield services, kernel


def _migrator(database: Database, config: Config) -> Any:
    async def run(manifest: Manifest) -> None:
        """Run the migrations of a plugin: built-ins keep theirs in the repository's folder."""
        for folder in (ROOT / manifest.name, manifest.folder / "piccolo_migrations"):
            if folder.is_dir():
                await migrate(database, [Owner(manifest.name, folder)], backups=config.storage_dir / "backups")

    return run


@contextlib.asynccontextmanager
async def _writing(journal: Journal) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(journal.run())
    try:
        yield
    finally:
        journal.close()
        await task


@contextlib.asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _watch_journal(services: Services, kernel: Kernel) -> None:
    """Take over what ended processes have left, and thin what is old."""
    thinned = -THIN_SECONDS
    while True:
        await services.clock.sleep(TAKE_OVER_SECONDS)
        try:
            await kernel.take_over()
            if (now := services.clock.monotonic()) - thinned >= THIN_SECONDS:
                await services.journal.thin(KEEP_EVENTS, kernel.slots)
                thinned = now
        except Exception:
            log.exception("the journal could not be looked through; tried again in %g s", TAKE_OVER_SECONDS)
