"""What a plugin has stored, and how that is taken away: its rows in the core's tables, and the tables that it made."""

from core.db.database import Database
from core.db.migrate import CORE
from core.db.migration_run import table_names

CORES = (CORE.name, "roundhook")
"""What is no plugin's: the core's own names."""
_SHARED = (
    "plugin_store", "plugin_jobs", "plugin_settings", "announcements", "reading_marks", "confirmations", "troubles",
    "deliveries", "plugin_hooks",
)  # fmt: skip
"""Tables of the core that have rows of plugins. Who switched it, and whether it is on, are no plugin's own."""


async def stored_by(database: Database, plugin: str) -> tuple[dict[str, int], list[str]]:
    """Return how many rows of which of the core's tables are *plugin*'s, and which tables its migrations have made."""
    there = await table_names(database)
    counts = {
        table: int((await database.fetch(f"SELECT count(*) AS n FROM {table} WHERE plugin = ?", (plugin,)))[0]["n"])
        for table in _SHARED
        if table in there
    }
    made = await database.fetch("SELECT name FROM plugin_tables WHERE plugin = ? ORDER BY name", (plugin,))
    own = [row["name"] for row in made if row["name"] in there]
    return {table: count for table, count in counts.items() if count}, own


async def unrecorded(database: Database, plugin: str) -> list[str]:
    """Return the migrations of *plugin* that ran before it was recorded which tables they make."""
    sql = (
        "SELECT name FROM migration WHERE app_name = ? AND NOT EXISTS (SELECT 1 FROM plugin_tables WHERE plugin = ?) "
        "ORDER BY name"
    )
    return [row["name"] for row in await database.fetch(sql, (plugin, plugin))]


async def purge(database: Database, plugin: str) -> None:
    """Take away all of it in one transaction; the migrations run again when the plugin comes back."""
    counts, own = await stored_by(database, plugin)
    async with database.transaction() as transaction:
        if database.dialect == "sqlite":  # tables may refer to each other: what is wrong in between does not count
            await transaction.execute("PRAGMA defer_foreign_keys = ON")
            for table in own:
                await transaction.execute(f'DROP TABLE "{table}"')
        elif own:
            await transaction.execute("DROP TABLE " + ", ".join(f'"{table}"' for table in own))
        for table in counts:
            await transaction.execute(f"DELETE FROM {table} WHERE plugin = ?", (plugin,))
        await transaction.execute("DELETE FROM plugin_tables WHERE plugin = ?", (plugin,))
        await transaction.execute("DELETE FROM plugin_migrations WHERE plugin = ?", (plugin,))
        await transaction.execute("DELETE FROM migration WHERE app_name = ?", (plugin,))
