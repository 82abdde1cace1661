"""``roundhook db``: migrations, status, a copy."""

import argparse
import asyncio
from pathlib import Path
from typing import Any

from core.cli import add_action
from core.cli.setup import answer, config_of
from core.config import Config
from core.db import open_database
from core.db.foreign import refuse_foreign
from core.db.migrate import CORE, ROOT, Owner, migrate, pending, table_names
from core.db.on_demand import DatabaseOnDemand
from core.db.sqlite import SqliteDatabase
from core.errors import ConfigError


def configure(parser: argparse.ArgumentParser) -> Any:
    """Declare the options; return where further actions go."""
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    add_action(actions, "upgrade", "run the migrations that are due (a start does it too)", _upgrade)
    add_action(actions, "status", "migrations that are due, and how much is stored", _status)
    backup = add_action(actions, "backup", "copy a SQLite database, also while the bot runs", _backup)
    backup.add_argument("path", type=Path, metavar="PATH", help="where the copy goes")
    return actions


async def _upgrade(arguments: argparse.Namespace) -> None:
    config = config_of(arguments)
    async with open_database(config.database.url) as database:
        done = await migrate(database, _owners(), backups=config.storage_dir / "backups")
    answer(arguments, {"done": done}, "\n".join(done) or "The database is up to date.")


async def _status(arguments: argparse.Namespace) -> None:
    async with open_database(config_of(arguments).database.url, read_only=True) as database:
        waiting = await pending(database, _owners())
        tables = sorted(await table_names(database) - {"migration"})
        rows = {table: (await database.fetch(f"SELECT count(*) AS n FROM {table}"))[0]["n"] for table in tables}
    due = {owner.name: ids for owner, ids in waiting.items()}
    hint = "(or `roundhook db upgrade`, now)"
    lines = [f"{name}: the next start will run {', '.join(ids)} {hint}" for name, ids in due.items()]
    lines += [f"{table}: {count}" for table, count in rows.items()]
    answer(arguments, {"pending": due, "rows": rows}, "\n".join(lines))


async def _backup(arguments: argparse.Namespace) -> None:
    path: Path = arguments.path
    config = config_of(arguments)
    await asyncio.to_thread(_check_target, path, config)
    url = config.database.url
    async with DatabaseOnDemand(url) as found, open_database(url, read_only=True) as database:
        await found.check()
        if not isinstance(database, SqliteDatabase):
            raise ConfigError("This copies SQLite files. For PostgreSQL use pg_dump.")
        await database.backup(path)
    answer(arguments, {"copied_to": path}, f"copied to {path}")


def _check_target(path: Path, config: Config) -> None:
    if path.exists():
        raise ConfigError(f"{path} exists already; a backup does not overwrite. Name a new file.")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"{path} would be in a folder that does not exist. Create it, or name another file.")
    home = Path(config.database.url.removeprefix("sqlite:///")).parent
    if any(path.absolute().is_relative_to(folder) for folder in (home, config.storage_dir)):
        refuse_foreign(path.absolute())


def _owners() -> list[Owner]:
    folders = sorted(one for one in ROOT.iterdir() if one.is_dir() and one.name not in ("core", "__pycache__"))
    return [CORE, *(Owner(folder.name, folder) for folder in folders)]
