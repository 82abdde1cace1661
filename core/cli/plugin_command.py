"""``roundhook plugin``: list what is found, make a new one, check one; get, update and remove them."""

import argparse
import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from core.cli import add_action, plugin_install, plugin_purge, plugin_remove
from core.cli.new_plugin import make
from core.cli.plugin_check import try_out
from core.cli.screen import complain
from core.cli.setup import answer, config_of, table
from core.clock import Clock
from core.config import Config
from core.db.on_demand import DatabaseOnDemand
from core.errors import RoundhookError
from core.kernel.discovery import discover, first_enabled
from core.kernel.manifest import read_manifest
from core.kernel.toggles import Toggles

_HEADINGS = ("name", "version", "api", "scope", "summary", "requires", "enabled", "folder", "error")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    add_action(actions, "list", "list the plugins that are found", _list)
    new = add_action(actions, "new", "make a new plugin", _new)
    new.add_argument("name", metavar="NAME", help="a-z, 0-9 and _, beginning with a letter")
    check = add_action(actions, "check", "load a plugin (which runs its code) and say what is wrong with it", _check)
    check.add_argument("path", type=Path, metavar="PATH", help="the plugin's folder")
    install, update = plugin_install.install, plugin_install.update
    plugin_install.configure_install(add_action(actions, "install", "get a plugin, and switch it on", install))
    plugin_install.configure_update(add_action(actions, "update", "get an installed plugin anew", update))
    remove = "remove an installed plugin, and leave what it has stored"
    plugin_remove.configure(add_action(actions, "remove", remove, plugin_remove.run))
    plugin_purge.configure(add_action(actions, "purge", "remove what a plugin has stored", plugin_purge.run))


async def _list(arguments: argparse.Namespace) -> None:
    config = config_of(arguments)
    catalogue = discover(config.plugin_places)
    enabled = await _enabled(config)
    rows: list[dict[str, Any]] = [
        {"name": name, "version": one.version, "api": one.api, "scope": one.scope, "summary": one.summary,
         "requires": [str(need) for need in one.requires],
         "enabled": enabled.get(name, False), "folder": one.folder, "error": None}
        for name, one in sorted(catalogue.manifests.items())
    ]  # fmt: skip
    broken = sorted(catalogue.errors.items())
    rows += [dict.fromkeys(_HEADINGS) | {"name": name, "enabled": False, "error": error} for name, error in broken]
    headings = ("name", "version", "scope", "enabled", "requires", "summary")
    shown = [{**row, "requires": ", ".join(row["requires"])} for row in rows if row["error"] is None]
    usable = table(headings, [tuple(row[heading] for heading in headings) for row in shown])
    answer(arguments, rows, "\n".join([usable, *(f"{name}: cannot be used: {error}" for name, error in broken)]))


async def _enabled(config: Config) -> dict[str, bool]:
    """Return which plugins are on everywhere: as switched, where a database says so, else as in the settings."""
    try:
        async with DatabaseOnDemand(config.database.url) as database:
            enabled, _ = await Toggles(database, Clock()).load(first_enabled(config))
    except (RoundhookError, sqlite3.Error):
        return dict.fromkeys(first_enabled(config), True)
    return enabled


async def _new(arguments: argparse.Namespace) -> None:
    config = config_of(arguments)
    folder = await asyncio.to_thread(make, config, arguments.name)
    hint = f'\nTo let the bot find it: [plugins] paths = ["{folder.parent}"], then /plugin enable {folder.name}.'
    answer(arguments, {"name": folder.name, "folder": folder}, f"made {folder}{'' if config.plugins.paths else hint}")


async def _check(arguments: argparse.Namespace) -> None:
    manifest = read_manifest(arguments.path)
    complain(f"{manifest.name}: its code is run now, setup() too. Check only what you would run.")
    config = config_of(arguments)
    found, enabled = await asyncio.to_thread(discover, config.plugin_places), await _enabled(config)
    hooks = await try_out(manifest, config, found, enabled)
    text = f"{manifest.name} {manifest.version}: fine; handles {', '.join(hooks) or 'no hook'}."
    answer(arguments, {"name": manifest.name, "version": manifest.version, "hooks": hooks}, text)
