"""``roundhook plugin``: list what is found, make a new one, check one."""

import argparse
import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from core.cli import add_common, add_json
from core.cli.setup import config_of, print_json, print_table
from core.clock import Clock
from core.config import Config
from core.db.on_demand import DatabaseOnDemand
from core.errors import ConfigError, RoundhookError
from core.hookspecs import CONTRACTS
from core.kernel.discovery import discover, first_enabled
from core.kernel.manifest import NAME, read_manifest
from core.kernel.probe import check_contract
from core.kernel.toggles import Toggles

_HEADINGS = ("name", "version", "api", "scope", "summary", "enabled", "folder", "error")
_MANIFEST = """[plugin]
name = "{name}"
version = "0.1.0"
api = 1
summary = "What it does, in one sentence."
"""
_PLUGIN = '''"""What it does, in one sentence."""

from roundhook import ImportedRound, Plugin, hookimpl


class {class_name}(Plugin):
    """Says hello to each round."""

    @hookimpl
    async def on_round_imported(self, round: ImportedRound) -> None:
        """Called when a round is stored."""
        await self.ctx.send_to_guilds(round, f"Round {{round.round_number}} of {{round.map_name}} is over.")
'''
_README = """# {name}

## What
What it does, in one sentence.

## Set up
Nothing to set up.

## Commands
None.

## Config
None.

## How it fails
It says nothing.

## Remove
Delete the folder; no data stays.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    for name, (summary, run) in _ACTIONS.items():
        action = actions.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        add_json(action)
        add_common(action)
        action.set_defaults(run=run)
        if name == "new":
            action.add_argument("name", metavar="NAME", help="a-z, 0-9 and _, beginning with a letter")
        if name == "check":
            action.add_argument("path", type=Path, metavar="PATH", help="the plugin's folder")


async def _list(arguments: argparse.Namespace) -> int:
    config = config_of(arguments)
    catalogue = discover(config.plugins.paths)
    enabled = await _enabled(config)
    rows: list[dict[str, Any]] = [
        {"name": name, "version": one.version, "api": one.api, "scope": one.scope, "summary": one.summary,
         "enabled": enabled.get(name, False), "folder": one.folder, "error": None}
        for name, one in sorted(catalogue.manifests.items())
    ]  # fmt: skip
    broken = sorted(catalogue.errors.items())
    rows += [dict.fromkeys(_HEADINGS) | {"name": name, "enabled": False, "error": error} for name, error in broken]
    if arguments.json:
        print_json(rows)
        return 0
    headings = ("name", "version", "scope", "enabled", "summary")
    print_table(headings, [tuple(row[heading] for heading in headings) for row in rows if row["error"] is None])
    for name, error in broken:
        print(f"{name}: cannot be used: {error}")
    return 0


async def _enabled(config: Config) -> dict[str, bool]:
    """Return which plugins are on everywhere: as switched, where a database says so, else as in the settings."""
    try:
        async with DatabaseOnDemand(config.database.url) as database:
            enabled, _ = await Toggles(database, Clock()).load(first_enabled(config))
    except (RoundhookError, sqlite3.Error):
        return dict.fromkeys(first_enabled(config), True)
    return enabled


async def _new(arguments: argparse.Namespace) -> int:
    config = config_of(arguments)
    folder = await asyncio.to_thread(_make, config, arguments.name)
    if arguments.json:
        print_json({"name": folder.name, "folder": folder})
        return 0
    print(f"made {folder}")
    if not config.plugins.paths:
        print(f'To let the bot find it: [plugins] paths = ["{folder.parent}"], then /plugin enable {folder.name}.')
    return 0


def _make(config: Config, name: str) -> Path:
    if not NAME.fullmatch(name):
        raise ConfigError(f"'{name}' cannot be a plugin's name. Use a-z, 0-9 and _, beginning with a letter.")
    parent = Path(config.plugins.paths[0]) if config.plugins.paths else Path.cwd()
    folder = parent / name
    if folder.exists():
        raise ConfigError(f"{folder} exists already. Choose another name.")
    folder.mkdir(parents=True)
    class_name = "".join(part.capitalize() for part in name.split("_"))
    (folder / "manifest.toml").write_text(_MANIFEST.format(name=name))
    (folder / "plugin.py").write_text(_PLUGIN.format(class_name=class_name))
    (folder / "README.md").write_text(_README.format(name=name))
    return folder


async def _check(arguments: argparse.Namespace) -> int:
    manifest = read_manifest(arguments.path)
    hooks = await check_contract(manifest, CONTRACTS)
    if arguments.json:
        print_json({"name": manifest.name, "version": manifest.version, "hooks": hooks})
        return 0
    print(f"{manifest.name} {manifest.version}: fine; handles {', '.join(hooks) or 'no hook'}.")
    return 0


_ACTIONS = {
    "list": ("list the plugins that are found", _list),
    "new": ("make a new plugin", _new),
    "check": ("load a plugin's code and say what is wrong with it", _check),
}
