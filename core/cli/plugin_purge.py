"""``roundhook plugin purge``: takes away what a plugin has stored, after asking."""

import argparse
from collections.abc import Mapping, Sequence

from core.cli.screen import complain, say_yes
from core.cli.setup import answer, config_of
from core.clock import Clock
from core.config import Config
from core.db import Database
from core.db.on_demand import DatabaseOnDemand
from core.db.presence import running
from core.db.purge import CORES, purge, stored_by, unrecorded
from core.errors import ConfigError
from core.kernel.discovery import first_enabled
from core.kernel.document import NAME
from core.kernel.toggles import Toggles


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME", help="the plugin; its folder need not be there any more")
    parser.add_argument("--yes", action="store_true", help="do not ask")


async def run(arguments: argparse.Namespace) -> int:
    """Say what is stored, ask, and take it away."""
    config, name = config_of(arguments), arguments.name
    if not NAME.fullmatch(name) or name in CORES:
        raise ConfigError(f"'{name}' is no plugin's name. `roundhook plugin list` shows those that are found.")
    async with DatabaseOnDemand(config.database.url, config.storage_dir / "backups") as database:
        await _refuse_running(config, database, name)
        counts, tables = await stored_by(database, name)
        what, document = _told(counts, tables), {"name": name, "rows": counts, "tables": tables}
        if old := await unrecorded(database, name):
            complain(f"Which tables {', '.join(old)} made is not recorded: drop those by hand, if there are any.")
        if not (counts or tables or old):
            answer(arguments, document, f"Nothing of {name} is stored.")
            return 0
        if not arguments.yes and not say_yes(f"{name} has stored {what}. Remove it for good?"):
            complain("Nothing was removed.")
            return 1
        await purge(database, name)
        detail = f"removed {what}"
        await Toggles(database, Clock()).record(name, "purge", guild=None, user=None, ok=True, detail=detail)
        answer(arguments, document, f"{name}: {detail}.")
        return 0


async def _refuse_running(config: Config, database: Database, name: str) -> None:
    """Refuse (``ConfigError``) while a bot may run the plugin."""
    if await running(database, Clock()) is None:
        return
    enabled, _ = await Toggles(database, Clock()).load(first_enabled(config))
    if enabled.get(name):
        remedy = f"Type `/plugin disable name:{name} everywhere:True` on Discord, or stop the bot."
        raise ConfigError(f"The bot runs, and {name} is on: it would go on storing. {remedy}")


def _told(counts: Mapping[str, int], tables: Sequence[str]) -> str:
    rows = [f"{count} rows of {table}" for table, count in counts.items()]
    return ", ".join([*rows, *(f"the table {table}" for table in tables)]) or "nothing but its migrations"
