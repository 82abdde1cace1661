"""Questions that wait for a *Yes*."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_27t13_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "confirmations"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(
        statements(
            """CREATE TABLE IF NOT EXISTS confirmations (
            token TEXT PRIMARY KEY, plugin TEXT NOT NULL, method TEXT NOT NULL, data TEXT NOT NULL,
            needed TEXT NOT NULL DEFAULT '', user_id BIGINT NOT NULL, guild_id BIGINT NOT NULL,
            good_until {moment} NOT NULL)"""
        )
    )
    return manager
