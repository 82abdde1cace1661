"""plugin_migrations: what plugins' migrations were when they ran, and whether they only added."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_27t19_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "plugin_migrations"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(
        statements(
            "CREATE TABLE IF NOT EXISTS plugin_migrations (name TEXT PRIMARY KEY, plugin TEXT NOT NULL, "
            "sha256 TEXT NOT NULL, widens BOOLEAN NOT NULL)"
        )
    )
    return manager
