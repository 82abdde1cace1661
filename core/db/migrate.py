"""Migrations: each owner of tables has a folder of them; they run at start, in order, once.

Piccolo's migration manager does the work; it is slow to import, so it is imported only when something is to be done.
"""

import asyncio
import contextlib
import dataclasses
import importlib
import io
import logging
import sys
import types
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from core.db.database import Database
from core.errors import ConfigError

log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2] / "piccolo_migrations"

_RECORD = (
    "INSERT INTO plugin_tables (name, plugin) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET plugin = excluded.plugin"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Owner:
    """An owner of tables (``core`` or a plugin) and the folder that holds its migrations."""

    name: str
    folder: Path

    def migrations(self) -> list[str]:
        """Return the ids of its migrations (``core_2026_11_22t10_00_00_000000``), oldest first."""
        return sorted(file.stem for file in self.folder.glob(f"{self.name}_*.py"))


CORE = Owner("core", ROOT / "core")


async def pending(database: Database, owners: Sequence[Owner]) -> dict[Owner, list[str]]:
    """Return what is still to be run, by owner; owners with nothing to run are left out."""
    applied: set[str] = set()
    if "migration" in await table_names(database):
        applied = {row["name"] for row in await database.fetch("SELECT name FROM migration")}
    waiting = {owner: [one for one in owner.migrations() if one not in applied] for owner in owners}
    return {owner: ids for owner, ids in waiting.items() if ids}


async def migrate(database: Database, owners: Sequence[Owner] = (CORE,), *, backups: Path | None = None) -> list[str]:
    """Run what is pending and return its ids.

    A filled SQLite file is copied into *backups* before.

    Raises:
        ConfigError: a migration failed; the text names it and the copy.
    """
    await check_age(database, owners)
    waiting = await pending(database, owners)
    if not waiting:
        return []
    copy = await _back_up(database, backups)
    done = []
    for owner, ids in waiting.items():
        try:
            await _run_recorded(database, owner)
        except Exception as error:
            hint = f" The database before it is kept in {copy}." if copy else ""
            raise ConfigError(f"A migration of {owner.name} ({', '.join(ids)}) failed: {error}.{hint}") from error
        done += ids
    log.info("database migrated: %s", ", ".join(done))
    return done


async def check_age(database: Database, owners: Sequence[Owner]) -> None:
    """Refuse (``ConfigError``) a database whose tables a newer version has changed."""
    if "migration" not in await table_names(database):
        return
    known = {owner.name: set(owner.migrations()) for owner in owners}
    rows = await database.fetch("SELECT name, app_name FROM migration ORDER BY id")
    newer = [row["name"] for row in rows if row["name"] not in known.get(row["app_name"], {row["name"]})]
    if newer:
        raise ConfigError(
            f"The database is of a newer version ({newer[-1]} was run on it). Update roundhook and its plugins, or set "
            "database.url to a copy from before; storage.dir/backups has those that were made before migrations."
        )


async def table_names(database: Database) -> set[str]:
    """Return the names of all tables that there are."""
    if database.dialect == "sqlite":
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    else:
        sql = "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
    return {row["name"] for row in await database.fetch(sql)}


async def _back_up(database: Database, folder: Path | None) -> Path | None:
    from core.db.sqlite import SqliteDatabase

    if folder is None or not isinstance(database, SqliteDatabase) or not await _is_filled(database):
        return None
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - once, at start
    copy = folder / f"before-migration-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.db"
    await database.backup(copy)
    return copy


async def _is_filled(database: Database) -> bool:
    """Tell whether there is anything that would be a pity to lose."""
    for table in await table_names(database) - {"migration"}:
        if await database.fetch(f"SELECT 1 AS one FROM {table} LIMIT 1"):
            return True
    return False


async def _run_recorded(database: Database, owner: Owner) -> None:
    """Run what is pending of *owner*, and record which tables that has made: they are its own, whatever their names."""
    if owner.name == CORE.name:
        await _run(database, owner)
        return
    async with database.transaction() as transaction:
        before = await table_names(database)
        await _run(database, owner)
        made = await table_names(database) - before - {"migration"}
        await transaction.execute_many(_RECORD, [(name, owner.name) for name in sorted(made)])


async def _run(database: Database, owner: Owner) -> None:
    await asyncio.to_thread(importlib.import_module, "piccolo.apps.migrations.commands.forwards")  # not on the loop
    from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
    from piccolo.apps.migrations.tables import Migration
    from piccolo.conf.apps import AppConfig

    database.bind(Migration)
    with _piccolo_conf(database, owner), contextlib.redirect_stdout(io.StringIO()):
        manager = ForwardsMigrationManager(app_name=owner.name)
        await manager.create_migration_table()
        await manager.run_migrations(AppConfig(app_name=owner.name, migrations_folder_path=str(owner.folder)))


@contextlib.contextmanager
def _piccolo_conf(database: Database, owner: Owner) -> Iterator[None]:
    """Be the configuration module that Piccolo's manager looks for; undo that and what it left in ``sys``."""
    module = types.ModuleType("piccolo_conf")
    module.DB = database.engine  # type: ignore[attr-defined]
    path, before = sys.path[:], {name: one for name, one in sys.modules.items() if name == module.__name__}
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        sys.path[:] = path
        for name in (module.__name__, *owner.migrations()):
            sys.modules.pop(name, None)
        sys.modules.update(before)
