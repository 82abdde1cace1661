"""``roundhook lua deploy``: puts the script and its settings on a game server, or takes them away again."""

import argparse
import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from roundhook import ConfigError, NotAllowedError, RoundhookError, Secret, Server, accept_webhook
from roundhook.cli import Terminal

from . import webhooks
from .by_hand import what_is_left, who_may_only_read
from .deploy import Deployment, Plan
from .rest import places_of, rest_of


def add_lua_deploy(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--server", metavar="K", help="the game server's key (default: the only one configured)")
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    parser.add_argument("--remove", action="store_true", help="undo an earlier deployment")
    parser.add_argument("--yes", "-y", action="store_true", help="do it without asking")
    parser.add_argument("--folder", default="", metavar="DIR", help="the game folder, if it does not hold stats_dir")
    parser.add_argument(
        "--cfg", action="append", default=[], metavar="FILE", help="a cfg that sets lua_modules, if none is found"
    )


async def lua_deploy(terminal: Terminal, arguments: argparse.Namespace) -> int:
    """Show the plan, ask, carry it out; 1 if the answer was no."""
    server = terminal.server(arguments.server)
    if not arguments.dry_run:
        terminal.check_owner()
    deployment = Deployment(server, now=datetime.now(UTC), folder=arguments.folder, cfgs=arguments.cfg)
    if arguments.remove:
        return await _remove(terminal, deployment, arguments)
    return await _install(terminal, deployment, server, arguments)


async def _install(terminal: Terminal, deployment: Deployment, server: Server, arguments: argparse.Namespace) -> int:
    url = await _known_url(terminal, server.key)
    plan = await deployment.plan_install(url)
    terminal.print(plan.text)
    if url is None:
        terminal.print(f"A webhook named '{webhooks.name_of(server.key)}' is made in {places_of(terminal.config)}.")
    if plan.changes and not arguments.dry_run:
        may_write = await deployment.may_write(plan)
        if may_write and not _is_wanted(terminal, plan, arguments):
            return 1
        if url is None:
            url = await _new_url(terminal, server.key)
            plan = await deployment.plan_install(url)
        if may_write:
            may_write = await _carry_out(terminal, deployment, plan)
        if not may_write:
            await _hand_over(terminal, server, await deployment.plan_install(url))
    if url is not None and not arguments.dry_run:
        await _accept(terminal, server, url)
    return 0


async def _carry_out(terminal: Terminal, deployment: Deployment, plan: Plan) -> bool:
    try:
        await deployment.carry_out(plan)
    except NotAllowedError as error:
        terminal.print(str(error))
        return False
    terminal.print("Done.")
    return True


async def _hand_over(terminal: Terminal, server: Server, plan: Plan) -> None:
    """Say what is left to be done by hand, and lay the files for it into the storage folder."""
    rest = what_is_left(plan)
    terminal.print(f"{who_may_only_read(server)}\n{rest.plain}")
    if rest.files:
        folder = terminal.config.storage_dir / "lua" / server.key
        await asyncio.to_thread(_lay, folder, rest.files)
        terminal.print(f"The files to copy lie in {folder}. Delete that folder when they are on the game server.")


def _lay(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write *files*, for their owner alone: one of them holds the webhook's address."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)


async def _remove(terminal: Terminal, deployment: Deployment, arguments: argparse.Namespace) -> int:
    plan = await deployment.plan_remove()
    terminal.print(plan.text)
    if not plan.changes or arguments.dry_run:
        return 0
    if not _is_wanted(terminal, plan, arguments):
        return 1
    await deployment.carry_out(plan)
    terminal.print("Done. The game server's Lua state goes on until the next map load.")
    return 0


def _is_wanted(terminal: Terminal, plan: Plan, arguments: argparse.Namespace) -> bool:
    """Ask before a cfg is written or anything is taken away."""
    if not plan.asks or arguments.yes or terminal.ask("Do this?"):
        return True
    terminal.print("Nothing was changed. Answer y, or say --yes.")
    return False


async def _known_url(terminal: Terminal, key: str) -> Secret | None:
    """Return the webhook's address: from the settings, else of the one that was made before; None: none yet."""
    url = terminal.config.webhook_url(key)
    if url is not None:
        return url
    return await _address(terminal, key, webhooks.find, {})


async def _new_url(terminal: Terminal, key: str) -> Secret:
    refused: dict[int, Any] = {}
    url = await _address(terminal, key, webhooks.make, refused)
    if url is None:
        said = [webhooks.refusal(channel, error, f"channel {channel}") for channel, error in refused.items()]
        raise ConfigError(" ".join([*said, webhooks.FULL]))
    return url


async def _address(terminal: Terminal, key: str, ask: Any, refused: dict[int, Any]) -> Secret | None:
    """Return the address of the webhook that a control channel gives, None if none does; refused by all, say it.

    What some refuse is noted.
    """
    channels = terminal.config.discord.control_channels
    async with rest_of(terminal.config, key) as rest:
        found = await webhooks.first_of(rest, channels, key, ask, refused)
        if refused and len(refused) == len(channels):
            raise refused[channels[0]]
    return webhooks.address(terminal.config.discord.rest_url, found) if found else None


async def _accept(terminal: Terminal, server: Server, url: Secret) -> None:
    """Let the bot take this webhook's notices: stored beside those in the settings."""
    webhook = webhooks.webhook_id(url)
    if webhook is None or webhook in server.settings.webhook_ids:
        return
    try:
        await accept_webhook(terminal.db, server, webhook, now=datetime.now(UTC))
    except RoundhookError as error:
        text = f"Add {webhook} to servers.{server.key}.webhook_ids yourself, so that its notices are accepted."
        terminal.print(f"{error}\n{text}")
        return
    terminal.print(f"Notices of webhook {webhook} are accepted as {server.key}'s.")
