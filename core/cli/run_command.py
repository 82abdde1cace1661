"""``roundhook run``: the bot, until it is told to stop."""

import argparse
import asyncio
import logging
import os
import signal
from collections.abc import Sequence

from core.app import Application, bot_application
from core.cli import add_common, load_for_good, log_from
from core.cli.refused import DISK, refusal
from core.cli.screen import complain
from core.cli.setup import config_of
from core.config import Config
from core.errors import ConfigError, PeerUnavailableError
from core.kernel.discovery import discover
from core.likeness import did_you_mean

TRY_AGAIN, MEND_FIRST = os.EX_TEMPFAIL, os.EX_CONFIG
"""75 and 78, as service managers know them."""

log = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--watch", action="store_true", help="reload a plugin when one of its files is saved")
    anew = "register all commands with Discord anew, also those that were registered before"
    parser.add_argument("--register", action="store_true", help=anew)
    without = "start without a plugin (repeatable)"
    parser.add_argument("--without", action="append", default=[], metavar="NAME", help=without)
    add_common(parser)
    parser.set_defaults(run=run, load=lambda: load_for_good("core.discord.bot"))


async def run(arguments: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM; return 0 then, 75 where trying again can help, 78 where a person is needed."""
    try:
        await _run(arguments)
    except (PeerUnavailableError, ConfigError) as error:
        complain(f"roundhook: {error}")
        return TRY_AGAIN if isinstance(error, PeerUnavailableError) else MEND_FIRST
    except OSError as error:
        if not (told := refusal(error)):
            raise
        complain(f"roundhook: {told}")
        return TRY_AGAIN if error.errno in DISK else MEND_FIRST
    return 0


async def _run(arguments: argparse.Namespace) -> None:
    log_from(logging.DEBUG if arguments.verbose else logging.INFO)
    for noisy in ("asyncssh", "piccolo", "hikari"):
        logging.getLogger(noisy).setLevel(logging.DEBUG if arguments.verbose else logging.WARNING)
    config = config_of(arguments)
    check_complete(config)
    _check_known(config, arguments.without)
    stop = stop_signal()
    options = {"without": arguments.without, "watch": arguments.watch, "register": arguments.register}
    async with bot_application(config, **options) as app:
        running = sum(report.ok for report in app.reports)
        log.info("roundhook runs: %d plugins in %d guilds; stop it with Ctrl+C", running, len(config.guilds))
        await _until(stop, app)
        log.info("stopping")


async def _until(stop: asyncio.Event, app: Application) -> None:
    """Return when the bot is told to stop; raises why Discord has let go of it, if it has."""
    loop = asyncio.get_running_loop()
    told = loop.create_task(stop.wait())
    ended = loop.create_task(app.discord.ended()) if app.discord else None
    waiting = {told} if ended is None else {told, ended}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if ended is not None and ended.done() and not told.done():
            raise ended.result()
    finally:
        for task in waiting:
            task.cancel()


def check_complete(config: Config) -> None:
    """Refuse settings (``ConfigError``) that lack what the bot cannot do without."""
    if not config.guilds:
        problem = "No [guilds.<id>] is configured: the bot would be nowhere."
        raise ConfigError(f"{problem} Add one table for each Discord server.")
    if config.servers and not config.discord.control_channels:
        remedy = "Set it to the channel that the game servers' webhooks post in."
        raise ConfigError(f"discord.control_channel is missing. {remedy}")


def _check_known(config: Config, names: Sequence[str]) -> None:
    catalogue = discover(config.plugin_places)
    for name in names:
        if name not in catalogue.manifests and name not in catalogue.errors:
            found = ", ".join(sorted(catalogue.manifests))
            hint = did_you_mean(name, catalogue.manifests)
            raise ConfigError(f"--without {name}: there is no such plugin. {hint}Found are: {found}.")


def stop_signal() -> asyncio.Event:
    """Return what is set when the process is told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
