"""``roundhook lua deploy``: puts the script and its settings on a game server, or takes them away again."""

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core import webhooks
from core.cli import add_common
from core.cli.setup import config_of
from core.config import Config, Secret
from core.db import open_database
from core.db.migrate import CORE, migrate
from core.deploy import Deployment, Plan
from core.errors import ConfigError, PeerUnavailableError, RoundhookError
from core.ssh import Server

if TYPE_CHECKING:
    import hikari


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("action", choices=("deploy",), help="what to do")
    parser.add_argument("--server", metavar="K", help="the game server's key (default: the only one configured)")
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    parser.add_argument("--remove", action="store_true", help="undo an earlier deployment")
    parser.add_argument("--yes", "-y", action="store_true", help="write the server's cfg without asking")
    parser.add_argument("--folder", default="", metavar="DIR", help="the game folder, if it does not hold stats_dir")
    parser.add_argument(
        "--cfg", action="append", default=[], metavar="FILE", help="a cfg that sets lua_modules, if none is found"
    )
    add_common(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Show the plan, ask, carry it out; 1 if the answer was no."""
    config = config_of(arguments)
    server = _server(config, arguments.server)
    deployment = Deployment(server, now=datetime.now(UTC), folder=arguments.folder, cfgs=arguments.cfg)
    try:
        if arguments.remove:
            return await _remove(deployment, arguments)
        return await _install(config, deployment, server.key, arguments)
    finally:
        await server.close()


async def _install(config: Config, deployment: Deployment, key: str, arguments: argparse.Namespace) -> int:
    url = await _known_url(config, key)
    plan = await deployment.plan_install(url)
    print(plan.text)
    if url is None:
        print(f"A webhook named '{webhooks.name_of(key)}' is made in channel {config.discord.control_channel}.")
    if plan.changes and not arguments.dry_run:
        if not await _is_wanted(plan, arguments):
            return 1
        if url is None:
            url = await _new_url(config, key)
            plan = await deployment.plan_install(url)
        await deployment.carry_out(plan)
        print("Done.")
    if url is not None and not arguments.dry_run:
        await _accept(config, key, url)
    return 0


async def _remove(deployment: Deployment, arguments: argparse.Namespace) -> int:
    plan = await deployment.plan_remove()
    print(plan.text)
    if not plan.changes or arguments.dry_run:
        return 0
    if not await _is_wanted(plan, arguments):
        return 1
    await deployment.carry_out(plan)
    print("Done. The game server's Lua state goes on until the next map load.")
    return 0


async def _is_wanted(plan: Plan, arguments: argparse.Namespace) -> bool:
    """Ask before a cfg is written; without an answer it is a no."""
    if not plan.asks or arguments.yes:
        return True
    try:
        answer = await asyncio.to_thread(input, "Write this? [y/N] ")
    except EOFError:
        answer = ""
        print()
    if answer.strip().lower() in ("y", "yes"):
        return True
    print("Nothing was changed. Answer y, or say --yes.")
    return False


def _server(config: Config, key: str | None) -> Server:
    known = ", ".join(sorted(config.servers)) or "none"
    if key is None and len(config.servers) != 1:
        raise ConfigError(f"Which game server? Name it with --server (configured: {known}).")
    name = key or next(iter(config.servers))
    if name not in config.servers:
        raise ConfigError(f"No game server '{name}' is configured (known: {known}). Add [servers.{name}] first.")
    return Server(name, config.servers[name])


async def _known_url(config: Config, key: str) -> Secret | None:
    """Return the webhook's address: from the settings, else of the one that was made before; None: none yet."""
    url = webhooks.configured_url(config, key, Path(config.folder))
    if url is not None:
        return url
    async with _rest(config, key) as rest:
        found = await webhooks.find(rest, config.discord.control_channel, key)
    return webhooks.address(config, found) if found else None


async def _new_url(config: Config, key: str) -> Secret:
    async with _rest(config, key) as rest:
        return webhooks.address(config, await webhooks.make(rest, config.discord.control_channel, key))


@contextlib.asynccontextmanager
async def _rest(config: Config, key: str) -> AsyncIterator["hikari.api.RESTClient"]:
    """Open Discord's REST API with the bot's token.

    Raises:
        ConfigError: token or control channel is missing, and the settings name no address either.
        PeerUnavailableError: Discord does not answer.
    """
    import hikari

    if not config.discord.control_channel:
        raise ConfigError(
            f"Where shall the script post? Set discord.control_channel, or servers.{key}.webhook_url to a webhook's "
            'address ("env:NAME" or "file:PATH").'
        )
    app = hikari.RESTApp(url=config.discord.rest_url)
    await app.start()
    try:
        async with app.acquire(config.token().reveal(), hikari.TokenType.BOT) as rest:
            yield rest
    except hikari.UnauthorizedError as error:
        raise ConfigError(
            "Discord refuses the token. Copy it anew: Developer Portal, Bot, Reset Token; or set "
            f"servers.{key}.webhook_url."
        ) from error
    except (hikari.ForbiddenError, hikari.NotFoundError) as error:
        raise ConfigError(
            f"The bot may not manage webhooks in channel {config.discord.control_channel} (discord.control_channel). "
            f"Give it 'Manage Webhooks' there, or name a webhook's address in servers.{key}.webhook_url."
        ) from error
    except (hikari.HikariError, OSError) as error:
        raise PeerUnavailableError(f"Discord at {config.discord.rest_url} does not answer: {error}") from error
    finally:
        await app.close()


async def _accept(config: Config, key: str, url: Secret) -> None:
    """Let the bot take this webhook's notices: stored beside those in the settings."""
    webhook = webhooks.webhook_id(url)
    if webhook is None or webhook in config.servers[key].webhook_ids:
        return
    try:
        async with open_database(config.database.url) as database:
            await migrate(database, [CORE, webhooks.OWNER], backups=config.storage_dir / "backups")
            await webhooks.accept(database, key, webhook, now=datetime.now(UTC))
    except RoundhookError as error:
        print(f"{error}\nAdd {webhook} to servers.{key}.webhook_ids yourself, so that its notices are accepted.")
        return
    print(f"Notices of webhook {webhook} are accepted as {key}'s.")
