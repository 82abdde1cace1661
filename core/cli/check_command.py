"""``roundhook check``: connects to everything once and says what is wrong and how to mend it."""

import argparse
import asyncio
import functools
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli import add_common
from core.cli.run_command import check_complete
from core.cli.screen import say
from core.cli.setup import config_of
from core.config import Config
from core.db import open_database
from core.db.foreign import refuse_foreign
from core.db.migrate import CORE, pending
from core.db.sqlite import SqliteDatabase
from core.errors import ConfigError, PeerUnavailableError, RoundhookError
from core.hookspecs import CONTRACTS
from core.kernel.discovery import discover, first_enabled
from core.kernel.manifest import Manifest
from core.kernel.probe import check_contract
from core.servers.remote_files import RemoteFiles
from core.servers.ssh import Server
from core.shown import one_line

if TYPE_CHECKING:
    pass

CONTENT_FLAGS = (1 << 18) | (1 << 19)
"""Discord's application flags: message content granted, or granted to a small bot."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found."""

    what: str
    ok: bool = True


_wrong = functools.partial(Finding, ok=False)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_common(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Look at everything; 1 if anything is wrong."""
    try:
        config = config_of(arguments)
        check_complete(config)
    except ConfigError as error:
        say(f"✗ settings: {error}")
        return 1
    say(f"✓ settings: {len(config.guilds)} guilds, {len(config.servers)} game servers")
    wrong = 0
    for check in (_machine, _plugins, _discord, _servers, _of_plugins):
        async for finding in check(config):
            say(f"{'✓' if finding.ok else '✗'} {one_line(finding.what)}")
            wrong += not finding.ok
    say("Everything is fine." if not wrong else f"{wrong} to mend.")
    return 1 if wrong else 0


async def _machine(config: Config) -> AsyncIterator[Finding]:
    yield await _tried("database", _look_at_database, config.database.url)
    yield await _tried("storage", asyncio.to_thread, _look_at_storage, config.storage_dir)


async def _look_at_database(url: str) -> str:
    async with open_database(url) as database:
        if isinstance(database, SqliteDatabase) and not await asyncio.to_thread(database.path.exists):
            return f"database: the first start will make {database.path}"
        waiting = await pending(database, [CORE])
    return "database: answers" + (", the next start will bring its tables up to date" if waiting else "")


def _look_at_storage(folder: Path) -> str:
    refuse_foreign(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".check").touch()
        (folder / ".check").unlink()
    except OSError as error:
        raise ConfigError(f"storage.dir {folder} cannot be written ({error.strerror}).") from error
    return f"storage: {folder} can be written"


async def _plugins(config: Config) -> AsyncIterator[Finding]:
    catalogue = discover(config.plugins.paths)
    for name, error in catalogue.errors.items():
        yield _wrong(f"plugin {name}: {error}")
    for name in first_enabled(config):
        if name not in catalogue.manifests:
            if name not in catalogue.errors:
                yield _wrong(f"plugin {name}: not found. Correct plugins.enabled, or add its folder to plugins.paths.")
            continue
        yield await _tried(f"plugin {name}", _look_at_plugin, config, catalogue.manifests[name])
    for name in [one for one in config.plugin if one not in catalogue.manifests]:
        yield _wrong(f"[plugin.{name}] has settings for a plugin that was not found. Remove it or correct its name.")


async def _look_at_plugin(config: Config, manifest: Manifest) -> str:
    manifest.settings(config.plugin.get(manifest.name, {}))
    await check_contract(manifest, CONTRACTS)
    return f"plugin {manifest.name} {manifest.version}"


async def _discord(config: Config) -> AsyncIterator[Finding]:
    import hikari

    rest = hikari.RESTApp(url=config.discord.rest_url, max_retries=0)
    await rest.start()
    try:
        token = config.token().reveal()
        async with rest.acquire(token, hikari.TokenType.BOT) as client:
            application = await client.fetch_application()
            yield Finding(f"Discord: the token is {application.name}'s")
            granted = bool(int(application.flags) & CONTENT_FLAGS)
            remedy = "" if granted else " is off. Switch it on: Developer Portal, Bot, Message Content Intent."
            yield Finding(f"Discord: Message Content intent{remedy}", granted)
            from core.cli.check_channels import look_at_channels

            async for place, remedy in look_at_channels(client, config):
                yield Finding(f"{place}{remedy}", ok=not remedy)
    except ConfigError as error:
        yield _wrong(f"Discord: {error}")
    except hikari.UnauthorizedError:
        yield _wrong("Discord refuses the token. Copy it anew: Developer Portal, Bot, Reset Token.")
    except (hikari.HikariError, OSError) as error:
        yield _wrong(f"Discord at {config.discord.rest_url} does not answer: {error}")
    finally:
        await rest.close()


async def _servers(config: Config) -> AsyncIterator[Finding]:
    for key, settings in config.servers.items():
        if not settings.webhook_ids:
            yield _wrong(f"servers.{key}.webhook_ids is empty: its notices are not accepted. Add the webhook's id.")
        if settings.ssh is None:
            yield _wrong(f"servers.{key}.ssh is missing: its files are not fetched. Add host, user, key_file, …")
            continue
        yield await _tried(f"server {key}", _look_at_server, Server(key, settings), settings.ssh.stats_dir)


async def _of_plugins(config: Config) -> AsyncIterator[Finding]:
    from core.cli.plugin_checks import findings

    known = discover(config.plugins.paths).manifests
    async for ok, what in findings(config, [known[name] for name in first_enabled(config) if name in known]):
        yield Finding(what, ok)


async def _look_at_server(server: Server, folder: str) -> str:
    try:
        listing = await RemoteFiles(server).scan(folder)
        return f"server {server.key}: {listing.count} entries in {folder}"
    except PeerUnavailableError as error:
        raise PeerUnavailableError(f"{error} Is its SSH server running, and are host and port right?") from error
    finally:
        await server.close()


async def _tried(name: str, look: Callable[..., Awaitable[str]], *args: object) -> Finding:
    try:
        return Finding(await look(*args))
    except RoundhookError as error:
        return _wrong(f"{name}: {error}")
    except sqlite3.Error as error:
        return _wrong(f"{name}: no SQLite database ({error}). Correct database.url.")
