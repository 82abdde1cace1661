"""``roundhook check``: connects to everything once and says what is wrong and how to mend it."""

import argparse
import functools
import logging
from collections.abc import AsyncIterator

from core.cli import add_common
from core.cli.check_machine import Stored, looks_at_machine, stored_in
from core.cli.check_plugins import looks_at_plugins, looks_of_plugins
from core.cli.looks import Finding, Look, found_by
from core.cli.run_command import check_complete
from core.cli.screen import say
from core.cli.setup import config_of
from core.config import Config
from core.errors import ConfigError
from core.shown import one_line, without_tokens


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_common(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Look at everything; 1 if anything is wrong."""
    for noisy in ("asyncssh", "hikari"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)  # what they meet is told in a finding
    wrong = 0
    async for finding in _findings(arguments):
        say(f"{'✓' if finding.ok else '✗'} {one_line(without_tokens(finding.what))}", flush=True)
        wrong += not finding.ok
    say("Everything is fine." if not wrong else f"{wrong} to mend.")
    return 1 if wrong else 0


async def _findings(arguments: argparse.Namespace) -> AsyncIterator[Finding]:
    try:
        config = config_of(arguments)
    except ConfigError as error:
        yield Finding(f"settings: {error}", ok=False)
        return
    stored = await stored_in(config)
    async for part, looks in _parts(config, stored):
        async for finding in found_by(part, looks):
            yield finding


async def _parts(config: Config, stored: Stored) -> AsyncIterator[tuple[str, AsyncIterator[Look]]]:
    from core.cli.check_discord import looks_at_discord  # brings hikari, which is slow to import

    yield "settings", _looks_at_settings(config)
    yield "this machine", looks_at_machine(config)
    yield "plugins", looks_at_plugins(config, stored.on)
    yield "Discord", looks_at_discord(config, stored)
    async for plugin in looks_of_plugins(config, stored.on, stored.webhooks):
        yield plugin


async def _looks_at_settings(config: Config) -> AsyncIterator[Look]:
    yield "settings", functools.partial(_look_at_settings, config)
    for key, server in config.servers.items():
        if unknown := [str(guild) for guild in server.guilds if guild not in config.guilds]:
            yield f"servers.{key}.guilds", functools.partial(_refuse_guilds, unknown)


async def _look_at_settings(config: Config) -> str:
    check_complete(config)
    return f"{len(config.guilds)} guilds, {len(config.servers)} game servers"


async def _refuse_guilds(unknown: list[str]) -> str:
    remedy = "Add that table, or correct the id."
    raise ConfigError(f"names {', '.join(unknown)}, and there is no [guilds.{unknown[0]}]. {remedy}")
