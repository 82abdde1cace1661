"""Looks at this machine: may the bot write its storage and its database, and does the database fit this version."""

import asyncio
import contextlib
import functools
import logging
import os
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from core.cli.looks import LOOK_SECONDS, Look
from core.clock import Clock
from core.config import Config
from core.db import Database, open_database
from core.db import tables as core_tables
from core.db.foreign import make_folder, unwritable
from core.db.migrate import CORE, pending
from core.db.migration_run import table_names
from core.db.sqlite import SqliteDatabase
from core.discord.scopes import registered
from core.errors import ConfigError, PeerUnavailableError
from core.kernel.discovery import first_enabled
from core.kernel.toggles import Toggles

log = logging.getLogger(__name__)

PROBE_BYTES = 64 * 1024
_NO_RIGHTS = """
    SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND NOT (
        has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')
        AND has_table_privilege(format('%I.%I', schemaname, tablename), 'INSERT')
        AND has_table_privilege(format('%I.%I', schemaname, tablename), 'UPDATE')
        AND has_table_privilege(format('%I.%I', schemaname, tablename), 'DELETE'))"""


async def looks_at_machine(config: Config) -> AsyncIterator[Look]:
    """Give what there is to look at on this machine, and in the database wherever it is."""
    yield "storage", functools.partial(asyncio.to_thread, _look_at_storage, config.storage_dir)
    yield "database", functools.partial(_look_at_database, config.database.url)


def _look_at_storage(folder: Path) -> str:
    make_folder(folder)
    try:
        _write_into(folder)
    except OSError as error:
        raise ConfigError(unwritable(folder, error)) from error
    return f"{folder} can be written"


def _write_into(folder: Path) -> None:
    """Put a file there, on the disk, and take it away again (``OSError``)."""
    probe = folder / f".check-{os.getpid()}"
    try:
        with probe.open("wb") as file:
            file.write(bytes(PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)


async def _look_at_database(url: str) -> str:
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and path.parent.is_dir() and not path.exists():  # noqa: ASYNC240
        await asyncio.to_thread(_look_for_room, path)
        return f"the first start will make {path}"
    if url.startswith("sqlite:///") and path.is_file():  # noqa: ASYNC240
        await asyncio.to_thread(_write_to_sqlite, path)
    async with open_database(url, read_only=True) as database:
        if not isinstance(database, SqliteDatabase):
            await _write_to_postgres(database)
        await _refuse_newer(database)
        waiting = await pending(database, [CORE])
    return "it can be written" + (", the next start will bring its tables up to date" if waiting else "")


def _look_for_room(path: Path) -> None:
    try:
        _write_into(path.parent)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be made ({error.strerror}). Give the bot's user the right to write into {path.parent}, or "
            "correct database.url."
        ) from error


def _write_to_sqlite(path: Path) -> None:
    """Write into the file and undo it: only that tells whether the bot can."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=5, isolation_level=None)
        ) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE roundhook_check (x)")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise ConfigError(f"{path} {_about_sqlite(str(error), path)}") from error


def _about_sqlite(error: str, path: Path) -> str:
    if "locked" in error:
        return f"is held by another program ({error}). End it, or let it end: a copy, an open sqlite3, another bot."
    if "not a database" in error or "malformed" in error:
        return f"is no SQLite database ({error}). Correct database.url, or put a copy back from storage.dir/backups."
    if "full" in error:
        return f"cannot be written ({error}). Free some space on its disk."
    user = (
        f"Give the bot's user the right to write that file, those beside it (-wal, -shm) and the folder {path.parent}"
    )
    return f"cannot be written ({error}). {user}, or correct database.url."


async def _write_to_postgres(database: Database) -> None:
    import asyncpg

    try:
        with contextlib.suppress(_UndoneError):
            async with database.transaction() as transaction:
                await transaction.execute("CREATE TABLE roundhook_check (x INTEGER)")
                raise _UndoneError
        closed = {row["tablename"] for row in await database.fetch(_NO_RIGHTS)}
    except (asyncpg.PostgresError, PeerUnavailableError) as error:
        refused = error.__cause__ if isinstance(error, PeerUnavailableError) else error
        if not isinstance(refused, asyncpg.PostgresError) or isinstance(refused, asyncpg.PostgresConnectionError):
            raise
        raise ConfigError(
            f"it answers, and cannot be written ({refused}). Give the bot's user the right (GRANT CREATE ON SCHEMA "
            "public TO …), and name a server that takes writes."
        ) from error
    if ours := sorted(closed & {table._meta.tablename for table in core_tables.TABLES}):
        raise ConfigError(
            f"the bot's user may not read and write all tables ({', '.join(ours)}). Make it their owner, "
            "each: ALTER TABLE … OWNER TO …"
        )


class _UndoneError(Exception):
    """Rolls a transaction back."""


async def _refuse_newer(database: Database) -> None:
    if "migration" not in await table_names(database):
        return
    rows = await database.fetch("SELECT name FROM migration WHERE app_name = ?", (CORE.name,))
    if unknown := sorted({row["name"] for row in rows} - set(CORE.migrations())):
        raise ConfigError(
            f"a newer roundhook has changed it ({unknown[-1]}). Update roundhook, or name the copy in "
            "storage.dir/backups that was made before."
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database knows beyond the settings."""

    on: dict[str, bool]
    """Whether a plugin is on everywhere: as it was switched, else as a first start has it."""
    webhooks: dict[int, str] = field(default_factory=dict)
    """The servers' keys by the webhooks that were accepted for them."""
    commands: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    """The names of the commands that the bot has registered, by application and guild (0: in all)."""


async def stored_in(config: Config) -> Stored:
    """Return what the database knows; of one that cannot be read nothing, which its own look explains."""
    first = Stored(dict.fromkeys(first_enabled(config), True))
    try:
        async with asyncio.timeout(LOOK_SECONDS), open_database(config.database.url, read_only=True) as database:
            tables = await table_names(database)
            if not {"plugin_states", "server_webhooks"} <= tables:
                return first
            on, _ = await Toggles(database, Clock()).load(first.on)
            rows = await database.fetch("SELECT webhook_id, server FROM server_webhooks")
            commands = await registered(database) if "command_scopes" in tables else {}
    except Exception as error:
        log.info("the database could not be read", exc_info=error)
        return first
    return Stored(on, {int(row["webhook_id"]): str(row["server"]) for row in rows}, commands)
