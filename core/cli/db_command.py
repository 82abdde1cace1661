"""``roundhook db``: migrations, status, a copy."""

import argparse
import asyncio
from pathlib import Path
from typing import Any

from core.cli import add_action
from core.cli.screen import complain
from core.cli.setup import answer, config_of
from core.config import Config
from core.db import open_database
from core.db.foreign import refuse_foreign
from core.db.migrate import CORE, Owner, look, migrate, owner_of, pending
from core.db.migration_run import table_names
from core.db.sqlite import SqliteDatabase
from core.errors import ConfigError, PluginError, RoundhookError
from core.kernel.discovery import discover

_UP_TO_DATE = "The database is up to date."


def configure(parser: argparse.ArgumentParser) -> Any:
    """Declare the options; return where further actions go."""
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    add_action(actions, "upgrade", "run the migrations that are due (a start does it too)", _upgrade)
    add_action(actions, "status", "migrations that are due, and how much is stored", _status)
    backup = add_action(actions, "backup", "copy a SQLite database, also while the bot runs", _backup)
    backup.add_argument("path", type=Path, metavar="PATH", help="where the copy goes")
    return actions


async def _upgrade(arguments: argparse.Namespace) -> int:
    config = config_of(arguments)
    owners, backups, problems = await _owners(config), config.storage_dir / "backups", list[str]()
    async with open_database(config.database.url) as database:
        done = await migrate(database, [CORE], backups=backups)
        for owner in owners[1:]:
            try:
                done += await migrate(database, [owner], backups=backups)
            except PluginError as error:
                problems.append(str(error))
    for problem in problems:
        complain(problem)
    answer(arguments, {"done": done, "problems": problems}, "\n".join(done) or ("" if problems else _UP_TO_DATE))
    return 1 if problems else 0


async def _status(arguments: argparse.Namespace) -> int:
    config = config_of(arguments)
    async with open_database(config.database.url, read_only=True) as database:
        owners = await _owners(config)
        waiting = await pending(database, owners)
        problems, notes = list[str](), list[str]()
        for owner in owners:
            try:
                notes += (await look(database, owner)).notes
            except RoundhookError as error:
                problems.append(str(error))
        tables = sorted(await table_names(database) - {"migration"})
        rows = {table: (await database.fetch(f"SELECT count(*) AS n FROM {table}"))[0]["n"] for table in tables}
    due = {owner.name: ids for owner, ids in waiting.items()}
    hint = "(or `roundhook db upgrade`, now)"
    lines = [f"{name}: the next start will run {', '.join(ids)} {hint}" for name, ids in due.items()]
    lines += [*problems, *notes, *(f"{table}: {count}" for table, count in rows.items())]
    answer(arguments, {"pending": due, "problems": problems, "notes": notes, "rows": rows}, "\n".join(lines))
    return 1 if due or problems else 0


async def _backup(arguments: argparse.Namespace) -> None:
    path: Path = arguments.path
    config = config_of(arguments)
    await asyncio.to_thread(_check_target, path, config)
    async with open_database(config.database.url, read_only=True) as database:
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


async def _owners(config: Config) -> list[Owner]:
    """Return the core, and every plugin that is found and has migrations."""
    found = await asyncio.to_thread(discover, config.plugin_places)
    plugins = [owner_of(name, one.folder) for name, one in sorted(found.manifests.items())]
    return [CORE, *(owner for owner in plugins if owner.folder.is_dir())]
