"""``roundhook plugin remove``: takes away what ``install`` has put there, after asking; what it has stored stays."""

import argparse

from core.cli.plugin_loading import opened
from core.cli.screen import complain, say_yes
from core.cli.setup import answer, config_of
from core.errors import ConfigError
from core.installing.looks import check_name, requirers
from core.installing.places import Place
from core.kernel.discovery import discover
from core.likeness import did_you_mean


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME", help="a plugin that was installed by `roundhook plugin install`")
    parser.add_argument("--yes", action="store_true", help="do not ask")


async def run(arguments: argparse.Namespace) -> int:
    """Switch it off, and take its folder away."""
    config, name = config_of(arguments), arguments.name
    check_name(name)
    place = Place(config.storage_dir)
    folder = place.root / name
    if not folder.is_dir():
        remedy = "One that [plugins] paths names is removed there; `roundhook plugin list --json` shows each folder."
        raise ConfigError(f"{name} is not installed in {place.root}. {did_you_mean(name, place.names())}{remedy}")
    if others := requirers(name, discover(config.plugin_places)):
        raise ConfigError(f"{', '.join(others)} requires {name}. Remove that first.")
    if not arguments.yes and not say_yes(f"Remove {name} ({folder})? What it has stored stays."):
        complain("Nothing was removed.")
        return 1
    with place.alone() as made:
        async with opened(config) as loading:
            await loading.stop(name)
            place.take_away(name, made)
            await loading.look(name)
            await loading.record(name, "remove", f"removed {folder}")
    stays = f"What it has stored stays: `roundhook plugin purge {name}` takes that away."
    answer(arguments, {"name": name, "folder": folder}, f"{name} is removed. {stays}")
    return 0
