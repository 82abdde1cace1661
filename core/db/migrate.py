"""Migrations: each owner of tables has a folder of them; they run at start, at load and at reload, in order, once."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from core.db.database import Database, Row
from core.db.migration_files import CORE_NAME, Migration, error_about, read_migrations
from core.db.migration_run import RECORD_RUN, run_all, table_names

log = logging.getLogger(__name__)

_BOOKS = {"migration", "bots", "plugin_hooks", "plugin_migrations", "plugin_tables"}
"""What a start writes about itself, before anything has happened."""
ROOT = Path(__file__).parents[2] / "piccolo_migrations"


class Owner(Struct, frozen=True):
    """An owner of tables (``core`` or a plugin) and the folder that holds its migrations."""

    name: str
    folder: Path

    def migrations(self) -> list[str]:
        """Return the ids of its migrations (``core_2026_11_22t10_00_00_000000``), oldest first."""
        return sorted(file.stem for file in self.folder.glob(f"{self.name}_*.py"))


class Due(Struct, frozen=True):
    """What is to be run of an owner, and what should be known of what has run."""

    owner: Owner
    waiting: Sequence[Migration]
    notes: tuple[str, ...]
    unrecorded: Sequence[Migration]
    """Those that ran before their hashes were kept."""


CORE = Owner(CORE_NAME, ROOT / CORE_NAME)


def owner_of(name: str, folder: Path) -> Owner:
    """Return a plugin in *folder* as an owner: a built-in one keeps its migrations in the repository's folder."""
    own = folder / ROOT.name
    return Owner(name, own if own.is_dir() else ROOT / name)


async def pending(database: Database, owners: Sequence[Owner]) -> dict[Owner, list[str]]:
    """Return what is still to be run, by owner; owners with nothing to run are left out."""
    run = await _run_of(database)
    waiting = {owner: [one for one in owner.migrations() if one not in run[owner.name]] for owner in owners}
    return {owner: ids for owner, ids in waiting.items() if ids}


async def migrate(database: Database, owners: Sequence[Owner] = (CORE,), *, backups: Path | None = None) -> list[str]:
    """Run what is pending and return its ids.

    A filled SQLite file is copied into *backups* before.

    Raises:
        ConfigError: one of the core failed, or a newer version has run others; the text names it and the copy.
        PluginError: the same of a plugin's.
    """
    dues = [await look(database, owner) for owner in dict.fromkeys(owners)]
    copy = await back_up(database, backups) if any(due.waiting for due in dues) else None
    for due in dues:
        await run(database, due, copy=copy)
    return [one.name for due in dues for one in due.waiting]


async def look(database: Database, owner: Owner) -> Due:
    """Read what *owner* has, and what of it has run; refuse what does not fit (``ConfigError``, ``PluginError``)."""
    run = await _noted(database, owner)
    records = {name: row for name, row in run.items() if row["sha256"]}
    found = await asyncio.to_thread(read_migrations, owner.name, owner.folder, run)
    unknown = sorted(set(run) - {one.name for one in found})
    notes = (*_newer(owner, unknown, records), *_edited(found, records))
    waiting = [one for one in found if one.name not in run]
    unrecorded = [one for one in found if one.name in run and one.name not in records]
    return Due(owner, waiting, notes, [] if owner.name == CORE_NAME else unrecorded)


async def run(database: Database, due: Due, *, beside: str = "", copy: Path | None = None) -> None:
    """Run what is *due* in one transaction; *beside* a version that runs, nothing may take less than before."""
    if due.unrecorded:
        async with database.transaction() as transaction:
            rows = [(one.name, one.owner, one.sha256, False) for one in due.unrecorded]
            await transaction.execute_many(RECORD_RUN, rows)
    if due.waiting:
        await run_all(database, due.waiting, beside=beside, copy=copy)
        log.info("database migrated: %s", ", ".join(one.name for one in due.waiting))


async def check_age(database: Database, owners: Sequence[Owner]) -> None:
    """Refuse (``ConfigError``) a database whose tables a newer version has changed."""
    run = await _run_of(database)
    for owner in owners:
        known = owner.migrations()
        _newer(owner, [one for one in run[owner.name] if one not in known], {})


async def back_up(database: Database, folder: Path | None) -> Path | None:
    """Copy a filled SQLite file into *folder*, and return the copy."""
    from core.db.sqlite import SqliteDatabase

    if folder is None or not isinstance(database, SqliteDatabase) or not await _is_filled(database):
        return None
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - seldom
    copy = folder / f"before-migration-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.db"
    await database.backup(copy)
    return copy


def _newer(owner: Owner, unknown: Sequence[str], records: Mapping[str, Row]) -> tuple[str, ...]:
    """Look at what was run and is not there: what only added is told, anything else refused."""
    if not unknown:
        return ()
    if all(one in records and records[one]["widens"] for one in unknown):
        return (f"A newer version of {owner.name} ran {', '.join(unknown)}, which only added: this one works, too.",)
    what = "roundhook and its plugins" if owner.name == CORE_NAME else f"{owner.name}, or put its file back"
    raise error_about(
        owner.name,
        f"the database is of a newer version ({unknown[-1]} was run on it). Update {what}, or set database.url to a "
        "copy from before; storage.dir/backups has those that were made before migrations.",
    )


def _edited(found: Sequence[Migration], records: Mapping[str, Row]) -> Iterator[str]:
    for one in found:
        if one.name in records and records[one.name]["sha256"] != one.sha256:
            remedy = "Put it back as it was, and what is to change into a new one."
            yield f"{one.path.parent.name}/{one.path.name} was edited after it had run; that does nothing. {remedy}"


async def _run_of(database: Database) -> defaultdict[str, list[str]]:
    """Return the names of the migrations that have run, by owner, in their order."""
    run: defaultdict[str, list[str]] = defaultdict(list)
    if "migration" in await table_names(database):
        for row in await database.fetch("SELECT name, app_name FROM migration ORDER BY id"):
            run[row["app_name"]].append(row["name"])
    return run


async def _noted(database: Database, owner: Owner) -> dict[str, Row]:
    """Return what is known of those of *owner* that have run; of some nothing but that."""
    there = await table_names(database)
    known = "plugin_migrations" if "plugin_migrations" in there else "(SELECT '' AS name, '' AS sha256, TRUE AS widens)"
    sql = (
        f"SELECT m.name, p.sha256, p.widens FROM migration m LEFT JOIN {known} AS p ON p.name = m.name "
        "WHERE m.app_name = ? ORDER BY m.id"
    )
    rows = await database.fetch(sql, (owner.name,)) if "migration" in there else []
    return {row["name"]: row for row in rows}


async def _is_filled(database: Database) -> bool:
    """Tell whether there is anything that would be a pity to lose."""
    for table in await table_names(database) - _BOOKS:
        if await database.fetch(f"SELECT 1 AS one FROM {table} LIMIT 1"):
            return True
    return False
