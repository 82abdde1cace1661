"""``roundhook db``: migrations, status, a copy."""

import argparse
import asyncio
from pathlib import Path

from core.cli import add_common
from core.cli.setup import config_of
from core.config import Config
from core.db import open_database
from core.db.migrate import CORE, ROOT, Owner, migrate, pending
from core.db.sqlite import SqliteDatabase
from core.errors import ConfigError

_COUNTED = ("stats_files", "rounds", "players", "player_rounds", "round_notices", "events", "deliveries")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("action", choices=("upgrade", "status", "backup"), help="what to do")
    parser.add_argument("path", nargs="?", type=Path, metavar="PATH", help="where the copy goes (backup)")
    add_common(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    config = config_of(arguments)
    if arguments.action == "upgrade":
        return await _upgrade(config)
    if arguments.action == "status":
        return await _status(config)
    return await _backup(config, arguments.path)


async def _upgrade(config: Config) -> int:
    async with open_database(config.database.url) as database:
        done = await migrate(database, _owners(), backups=config.storage_dir / "backups")
    print("\n".join(done) if done else "The database is up to date.")
    return 0


async def _status(config: Config) -> int:
    async with open_database(config.database.url, read_only=True) as database:
        waiting = await pending(database, _owners())
        for owner, ids in waiting.items():
            print(f"{owner.name}: {len(ids)} migrations to run: {', '.join(ids)}")
        if CORE not in waiting:
            for table in _COUNTED:
                print(f"{table}: {(await database.fetch(f'SELECT count(*) AS n FROM {table}'))[0]['n']}")
    return 1 if waiting else 0


async def _backup(config: Config, path: Path | None) -> int:
    if path is None:
        raise ConfigError("Say where the copy goes: roundhook db backup PATH.")
    if await asyncio.to_thread(path.exists):
        raise ConfigError(f"{path} exists already; a backup does not overwrite. Name a new file.")
    async with open_database(config.database.url) as database:
        if not isinstance(database, SqliteDatabase):
            raise ConfigError("This copies SQLite files. For PostgreSQL use pg_dump.")
        await database.backup(path)
    print(f"copied to {path}")
    return 0


def _owners() -> list[Owner]:
    others = sorted(
        folder for folder in ROOT.iterdir() if folder.is_dir() and folder.name not in ("core", "__pycache__")
    )
    return [CORE, *(Owner(folder.name, folder) for folder in others)]
