"""``roundhook db``: migrations, status, a copy."""

import argparse
import asyncio
from pathlib import Path
from typing import Any

from core.cli import add_common, add_json
from core.cli.setup import config_of, print_json
from core.db import open_database
from core.db.migrate import CORE, ROOT, Owner, migrate, pending, table_names
from core.db.on_demand import DatabaseOnDemand
from core.db.sqlite import SqliteDatabase
from core.errors import ConfigError


def configure(parser: argparse.ArgumentParser) -> Any:
    """Declare the options; return where further actions go."""
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    for name, (summary, run) in _ACTIONS.items():
        action = actions.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name == "backup":
            action.add_argument("path", type=Path, metavar="PATH", help="where the copy goes")
        add_json(action)
        add_common(action)
        action.set_defaults(run=run)
    return actions


async def _upgrade(arguments: argparse.Namespace) -> int:
    config = config_of(arguments)
    async with open_database(config.database.url) as database:
        done = await migrate(database, _owners(), backups=config.storage_dir / "backups")
    if arguments.json:
        print_json({"done": done})
    else:
        print("\n".join(done) if done else "The database is up to date.")
    return 0


async def _status(arguments: argparse.Namespace) -> int:
    async with open_database(config_of(arguments).database.url, read_only=True) as database:
        waiting = await pending(database, _owners())
        tables = sorted(await table_names(database) - {"migration"})
        rows = {table: (await database.fetch(f"SELECT count(*) AS n FROM {table}"))[0]["n"] for table in tables}
    if arguments.json:
        print_json({"pending": {owner.name: ids for owner, ids in waiting.items()}, "rows": rows})
        return 0
    for owner, ids in waiting.items():
        print(f"{owner.name}: the next start will run {', '.join(ids)} (or `roundhook db upgrade`, now)")
    for table, count in rows.items():
        print(f"{table}: {count}")
    return 0


async def _backup(arguments: argparse.Namespace) -> int:
    path: Path = arguments.path
    await asyncio.to_thread(_check_target, path)
    url = config_of(arguments).database.url
    async with DatabaseOnDemand(url) as found, open_database(url, read_only=True) as database:
        await found.check()
        if not isinstance(database, SqliteDatabase):
            raise ConfigError("This copies SQLite files. For PostgreSQL use pg_dump.")
        await database.backup(path)
    if arguments.json:
        print_json({"copied_to": path})
    else:
        print(f"copied to {path}")
    return 0


def _check_target(path: Path) -> None:
    if path.exists():
        raise ConfigError(f"{path} exists already; a backup does not overwrite. Name a new file.")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"{path} would be in a folder that does not exist. Create it, or name another file.")


def _owners() -> list[Owner]:
    others = sorted(
        folder for folder in ROOT.iterdir() if folder.is_dir() and folder.name not in ("core", "__pycache__")
    )
    return [CORE, *(Owner(folder.name, folder) for folder in others)]


_ACTIONS = {
    "upgrade": ("run the migrations that are due (a start does it too)", _upgrade),
    "status": ("migrations that are due, and how much is stored", _status),
    "backup": ("copy a SQLite database, also while the bot runs", _backup),
}
