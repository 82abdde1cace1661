"""Which hooks each plugin handles, so that a plugin that cannot be loaded still gets its events later."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_25t22_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "plugin_hooks"

_TABLE = "CREATE TABLE IF NOT EXISTS plugin_hooks (plugin TEXT PRIMARY KEY, hooks TEXT NOT NULL)"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(statements(_TABLE))
    return manager
