"""Runs migrations in one transaction, all of them or none, and judges by what is in the database what they have done.

What each may do is Piccolo's manager's; it is slow to import, so it is imported only when something is to be done.
"""

import asyncio
import contextlib
import importlib
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.db.alteration import TablesInUseError, Written, altering, in_use
from core.db.database import Database, Transaction
from core.db.kept_schema import kept_schema
from core.db.migration_files import CORE_NAME, Migration, error_about
from core.db.shape import shape_of
from core.errors import RoundhookError
from core.left_out import later

TRIES, PAUSE_SECONDS = 20, 0.05
"""How often a change of tables that others hold is tried, and what those have for themselves between."""
BESIDE_SECONDS = 30.0
"""How long migrations may take while a version of the plugin runs: its events are held meanwhile."""
_RECORD_TABLE = (
    "INSERT INTO plugin_tables (name, plugin) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET plugin = excluded.plugin"
)
RECORD_RUN = (
    "INSERT INTO plugin_migrations (name, plugin, sha256, widens) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, widens = excluded.widens"
)
_IN_TWO_STEPS = (
    "Nothing was changed. In two steps: keep the old beside the new (new columns may be NULL or have a default), and "
    "let a later version take the old away, when nobody uses it any more. Or at once: disable and enable the plugin, "
    "or restart the bot."
)


async def run_all(
    database: Database, migrations: Sequence[Migration], *, beside: str = "", copy: Path | None = None
) -> None:
    """Run them; *beside* a version that runs, nothing may take less than before, and not long.

    Raises:
        ConfigError: one of the core failed; the text names it and the *copy*.
        PluginError: one of a plugin failed or may not be run; nothing was changed.
    """
    owner = migrations[0].owner
    for tries_left in reversed(range(TRIES)):
        try:
            async with asyncio.timeout(BESIDE_SECONDS if beside else None):
                return await _Run(database, owner, beside, copy).do(migrations)
        except TablesInUseError as error:
            if not tries_left:
                remedy = "Nothing was changed. Try again when what uses them has ended."
                raise error_about(owner, f"its tables are in use ({error}). {remedy}") from error
            await asyncio.sleep(PAUSE_SECONDS)
        except TimeoutError as error:
            problem = f"its migrations take longer than {BESIDE_SECONDS:g} s. Nothing was changed."
            raise error_about(owner, f"{problem} Restart the bot: at a start they may take their time.") from error


def _import_manager() -> None:
    """Import what migrations are run with: heavy."""
    with later("black"):  # Piccolo writes migrations with it; to run them takes a fifth of a second less without
        for name in ("piccolo.apps.migrations.tables", "piccolo.conf.apps"):
            importlib.import_module(name)
    module = importlib.import_module("piccolo.apps.migrations.auto.migration_manager")
    vars(module)["print"] = lambda *_, **__: None  # it tells each step on stdout


class _Run:
    """One try."""

    def __init__(self, database: Database, owner: str, beside: str, copy: Path | None) -> None:
        self._database, self._owner, self._beside, self._copy = database, owner, beside, copy
        self._own: set[str] = set()

    async def do(self, migrations: Sequence[Migration]) -> None:
        schema = kept_schema(migrations, self._database.dialect)
        if not (schema and await self._at_once(migrations[0], schema)):
            await asyncio.to_thread(_import_manager)
            await self._one_by_one(migrations)

    async def _at_once(self, first: Migration, schema: Sequence[str]) -> bool:
        """Make all that the owner's migrations make; False: nothing was done, as a table of theirs is there."""
        made = {words[2].strip('"') for one in schema if (words := one.split())[:2] == ["CREATE", "TABLE"]}
        async with altering(self._database) as (transaction, _):
            if made & await table_names(self._database):
                return False
            with self._told_of(first):
                if self._database.dialect == "sqlite":
                    await transaction.together([(one, ()) for one in schema])
                else:
                    await transaction.execute("; ".join(schema))
        return True

    async def _one_by_one(self, migrations: Sequence[Migration]) -> None:
        from piccolo.apps.migrations.tables import Migration as Run

        self._database.bind(Run)
        if self._owner != CORE_NAME:
            self._own = await own_tables(self._database, self._owner)
        async with altering(self._database) as (transaction, written):
            await Run.create_table(if_not_exists=True)
            run = {row["name"] for row in await transaction.fetch("SELECT name FROM migration")}
            for migration in [one for one in migrations if one.name not in run]:  # of another process, meanwhile
                await self._judged(transaction, written, migration)
                await Run.insert(Run(name=migration.name, app_name=self._owner))

    async def _judged(self, transaction: Transaction, written: Written, migration: Migration) -> None:
        if self._owner == CORE_NAME:
            await self._forwards(migration)
            return
        before, wrote = await shape_of(transaction, self._database.dialect), await written()
        await self._forwards(migration)
        after = await shape_of(transaction, self._database.dialect)
        made = sorted(after.tables.keys() - before.tables.keys())
        self._own.update(made)
        self._refuse_foreign(migration, after.changed(before) | (await written() - wrote) & before.tables.keys())
        narrowed = after.narrowed(before, self._own)
        if narrowed and self._beside:
            problem = f"{'; '.join(narrowed)}. Version {self._beside} runs, and was written for what was there."
            raise migration.error(f"{problem} {_IN_TWO_STEPS}")
        await transaction.execute_many(_RECORD_TABLE, [(name, self._owner) for name in made])
        await transaction.execute(RECORD_RUN, (migration.name, self._owner, migration.sha256, not narrowed))

    def _refuse_foreign(self, migration: Migration, changed: set[str]) -> None:
        if foreign := sorted(changed - self._own):
            problem = f"it changes {', '.join(foreign)}, which {self._owner}'s migrations have not made."
            raise migration.error(f"{problem} Nothing was changed. Let it change only the plugin's own tables.")

    async def _forwards(self, migration: Migration) -> None:
        from piccolo.apps.migrations.auto.migration_manager import MigrationManager

        with self._told_of(migration), _piccolo_conf(self._database):
            manager = await migration.forwards()()
            if isinstance(manager, MigrationManager):
                await manager.run()

    @contextlib.contextmanager
    def _told_of(self, migration: Migration) -> Iterator[None]:
        try:
            yield
        except (RoundhookError, TablesInUseError):
            raise
        except (Exception, SystemExit) as error:
            if in_use(error):
                raise
            raise migration.failed(error, self._copy) from (error if isinstance(error, Exception) else None)


async def own_tables(database: Database, plugin: str) -> set[str]:
    """Return the tables that *plugin*'s migrations have made; before that was recorded, they began with its name."""
    there = await table_names(database)
    owners = {row["name"]: row["plugin"] for row in await database.fetch("SELECT name, plugin FROM plugin_tables")}
    recorded = {name for name, owner in owners.items() if owner == plugin} & there
    if recorded or not await database.fetch(
        "SELECT name FROM migration WHERE app_name = ? AND name NOT IN (SELECT name FROM plugin_migrations)", (plugin,)
    ):
        return recorded
    return {name for name in there - owners.keys() if name.startswith(f"{plugin}_")}


async def table_names(database: Database) -> set[str]:
    """Return the names of all tables that there are."""
    if database.dialect == "sqlite":
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    else:
        sql = "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
    return {row["name"] for row in await database.fetch(sql)}


@contextlib.contextmanager
def _piccolo_conf(database: Database) -> Iterator[None]:
    """Be the configuration module that Piccolo's manager looks for, and undo that."""
    module = types.ModuleType("piccolo_conf")
    module.DB = database.engine  # type: ignore[attr-defined]
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        del sys.modules[module.__name__]
        if before is not None:
            sys.modules[module.__name__] = before
