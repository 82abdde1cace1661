"""The application: database, journal, kernel and (in the bot) Discord, put together and closed in reverse."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from core.clock import Clock
from core.config import Config
from core.context import Context
from core.db import Database, open_database
from core.db import tables as core_tables
from core.db.foreign import make_folder
from core.db.migrate import CORE, migrate
from core.db.owners import Owners
from core.db.presence import BEAT_SECONDS, Presence
from core.discord.port import NoDiscord
from core.discord.troubles import Troubles
from core.heap import share_heap, tidy
from core.hookspecs import CONTRACTS
from core.journal import Journal
from core.kernel.asides import tell_asides
from core.kernel.discovery import discover
from core.kernel.failures import tell_failures, tell_jobs
from core.kernel.generation import Generation
from core.kernel.host import Host
from core.kernel.kernel import Kernel
from core.kernel.manifest import Manifest
from core.kernel.options import Settings
from core.kernel.report import Report
from core.kernel.requests import answer_requests
from core.kernel.watch import watch as watch_files
from core.kernel.watchdog import Watchdog
from core.left_out import later
from core.rounds import tables as round_tables
from core.rounds.files import Files
from core.servers import webhooks
from core.servers.ssh import Server
from core.services import Services

if TYPE_CHECKING:
    from core.discord.bot import Discord

log = logging.getLogger(__name__)

TAKE_OVER_SECONDS = 30.0
THIN_SECONDS, KEEP_EVENTS = 3600.0, timedelta(days=30)


class Application(Struct, frozen=True):
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
    register: bool = False,
) -> AsyncIterator[Application]:
    """Run the bot: connect to Discord, load the plugins (by toggles, or exactly *plugins*), deliver what is left.

    With *watch*, or the setting of that name, a plugin is reloaded when one of its files is saved. With *register* all
    commands are registered anew, whatever was before.

    Raises:
        ConfigError: a setting, the token or an intent is wrong.
        PeerUnavailableError: Discord or PostgreSQL does not answer.
    """
    with later("aiohttp.web"), later("aiohttp.web_runner"):  # hikari's server, for bots that Discord calls: 2 MB
        from core.discord.bot import Discord  # heavy, and only the bot needs it

    share_heap()
    tidy()
    discord, clock = Discord(config), clock or Clock()
    async with _services(config, clock, discord) as services:
        kernel = services.kernel
        discord.attach(kernel, services.database, clock, services.troubles)
        discord.sync.anew = register
        reports: list[Report] = []

        async def start_plugins() -> None:
            reports.extend(await kernel.start(plugins, without=without))

        presence = Presence(services.database, clock)
        async with presence.held(), discord.running(start_plugins), contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(kernel.close)  # before Discord is closed
            stack.callback(discord.sync.stop)
            await stack.enter_async_context(_background(_look_after(services)))
            await stack.enter_async_context(_background(kernel.jobs.run()))
            await stack.enter_async_context(_background(_beat(presence, discord, clock)))
            await stack.enter_async_context(_background(answer_requests(kernel, services.database, clock)))
            stack.callback(Watchdog(kernel).close)
            if watch or config.plugins.watch:
                await stack.enter_async_context(_background(watch_files(kernel)))
            tidy()
            yield Application(config, services, kernel, reports, discord)


@contextlib.asynccontextmanager
async def offline_application(config: Config, database: Database | None = None) -> AsyncIterator[Application]:
    """Run the plugins that need no Discord (``offline = true``) without one; may run beside the bot.

    Of a *database* that is given the tables are up to date.

    Raises:
        ConfigError: a setting is wrong.
    """
    found = discover(config.plugin_places).manifests.values()
    offline = [one.name for one in sorted(found, key=Manifest.order) if one.offline]
    async with _services(config, Clock(), NoDiscord(), database) as services:
        yield Application(config, services, services.kernel, await services.kernel.start(offline))


@contextlib.asynccontextmanager
async def _services(
    config: Config, clock: Clock, discord: "Discord | NoDiscord", database: Database | None = None
) -> AsyncIterator[Services]:
    storage = config.storage_dir
    for folder in (storage, storage / "processes"):
        await asyncio.to_thread(make_folder, folder)
    owners = Owners(storage / "processes")
    servers = {key: Server(key, settings) for key, settings in config.servers.items()}
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(owners.present())
        if database is None:
            database = await stack.enter_async_context(open_database(config.database.url))
            await migrate(database, [CORE], backups=storage / "backups")
        database.bind(*core_tables.TABLES, *round_tables.TABLES)
        for server in servers.values():
            stack.push_async_callback(server.close)
        await webhooks.load(database, servers)
        contracts = CONTRACTS.fresh()
        journal = Journal(database, owners, clock, contracts)
        writing = asyncio.get_running_loop().create_task(journal.run())
        stack.push_async_callback(lambda: writing)
        stack.callback(journal.close)
        files = Files(storage / "files", database, clock)
        troubles = Troubles(config, database, clock)
        services = Services(config, clock, database, files, servers, journal, discord, troubles, contracts)
        services.kernel = kernel = Kernel(_host(services))
        kernel.logbook.attach()
        stack.callback(kernel.logbook.detach)
        stack.push_async_callback(kernel.close)
        yield services


def _host(services: Services) -> Host:
    config, database = services.config, services.database

    def context(generation: Generation, settings: Settings) -> Context:
        return Context(generation, services, settings)

    clock, journal, discord = services.clock, services.journal, services.discord
    return Host(config, clock, database, journal, services.contracts, discord, context)


@contextlib.asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _beat(presence: Presence, discord: "Discord", clock: Clock) -> None:
    """Let other processes know, again and again, that the bot runs and how it is."""
    while True:
        try:
            await presence.beat(discord.status.document)
        except Exception:
            log.exception("how the bot is could not be noted; tried again in %g s", BEAT_SECONDS)
        await clock.sleep(BEAT_SECONDS)


async def _look_for_database(services: Services) -> None:
    """Notice a database whose file is gone while it is open; it is written anew where that can be."""
    if await services.database.is_there():
        await services.troubles.well("roundhook", "database")
        return
    await services.troubles.trouble(
        "roundhook", "database", "Another file lies where the database was when the bot was started.",
        "What the bot stores now is lost when it stops. Move that file away (the bot then writes its own there), or "
        "restart the bot to use it.",
    )  # fmt: skip


async def _look_after(services: Services) -> None:
    """Take over what ended processes have left and others have accepted, and thin what is old."""
    thinned = -THIN_SECONDS
    while True:
        await services.clock.sleep(TAKE_OVER_SECONDS)
        try:
            await _look_for_database(services)
            await webhooks.load(services.database, services.servers)
            await services.kernel.take_over()
            await tell_failures(services.journal, services.contracts, services.troubles)
            await tell_jobs(services.kernel.jobs, services.troubles)
            await tell_asides(services.kernel.slots.values(), services.kernel.settings, services.troubles)
            await services.troubles.tell_untold()
            await services.discord.look_at_clock()
            if (now := services.clock.monotonic()) - thinned >= THIN_SECONDS:
                await services.journal.thin(KEEP_EVENTS, services.kernel.slots)
                await services.discord.thin()
                await services.kernel.jobs.schedule.thin(KEEP_EVENTS, services.clock.now())
                thinned = now
        except Exception:
            log.exception("the journal could not be looked through; tried again in %g s", TAKE_OVER_SECONDS)
