"""What a command in the terminal asks of the running bot."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_27t20_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "plugin_requests"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(
        statements(
            """CREATE TABLE IF NOT EXISTS plugin_requests (
            id TEXT PRIMARY KEY, plugin TEXT NOT NULL, action TEXT NOT NULL, asked_at {moment} NOT NULL,
            answer TEXT NOT NULL)"""
        )
    )
    return manager
