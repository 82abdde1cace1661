"""``roundhook plugin``: list what is found, make a new one, check one."""

import argparse
import asyncio
from pathlib import Path

from core.cli import add_common, add_json
from core.cli.setup import config_of, print_json, print_table
from core.config import Config
from core.errors import ConfigError
from core.kernel.discovery import discover
from core.kernel.generation import check_contract
from core.kernel.manifest import NAME, read_manifest

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
    parser.add_argument("action", choices=("list", "new", "check"), help="what to do")
    parser.add_argument("target", nargs="?", metavar="NAME or PATH", help="the new plugin's name, or a plugin's folder")
    add_json(parser)
    add_common(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    if arguments.action == "list":
        return _list(config_of(arguments), as_json=arguments.json)
    if not arguments.target:
        raise ConfigError(
            f"Say which: roundhook plugin {arguments.action} {'NAME' if arguments.action == 'new' else 'PATH'}."
        )
    if arguments.action == "new":
        return await asyncio.to_thread(_new, config_of(arguments), arguments.target)
    return await _check(Path(arguments.target))


def _list(config: Config, *, as_json: bool) -> int:
    catalogue = discover(config.plugins.paths)
    rows = [
        {"name": name, "version": one.version, "api": one.api, "scope": one.scope, "summary": one.summary,
         "enabled": name in config.plugins.enabled, "folder": str(one.folder), "error": ""}
        for name, one in sorted(catalogue.manifests.items())
    ]  # fmt: skip
    rows += [{"name": name, "error": error} for name, error in sorted(catalogue.errors.items())]
    if as_json:
        print_json(rows)
        return 0
    headings = ("name", "version", "scope", "enabled", "summary")
    print_table(headings, [tuple(row.get(heading) for heading in headings) for row in rows if not row["error"]])
    for row in rows:
        if row["error"]:
            print(f"{row['name']}: {row['error']}")
    return 1 if catalogue.errors else 0


def _new(config: Config, name: str) -> int:
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
    print(f"made {folder}")
    if not config.plugins.paths:
        print(f'To let the bot find it: [plugins] paths = ["{parent}"], then /plugin enable {name}.')
    return 0


async def _check(folder: Path) -> int:
    manifest = read_manifest(folder)
    hooks = await check_contract(manifest)
    print(f"{manifest.name} {manifest.version}: fine; handles {', '.join(hooks) or 'no hook'}.")
    return 0
