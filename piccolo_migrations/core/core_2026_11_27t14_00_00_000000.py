"""Which bot uses this database, and how it says it is."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_27t14_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "bots"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(
        statements(
            """CREATE TABLE IF NOT EXISTS bots (
            id BIGINT PRIMARY KEY, owner TEXT NOT NULL, host TEXT NOT NULL, pid BIGINT NOT NULL,
            since {moment} NOT NULL, beat_at {moment} NOT NULL, status TEXT NOT NULL)"""
        )
    )
    return manager
