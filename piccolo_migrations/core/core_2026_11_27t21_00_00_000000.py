"""What the bot has registered as commands, so that a restart need not ask Discord."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_27t21_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "command_scopes"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(
        statements(
            """CREATE TABLE IF NOT EXISTS command_scopes (
            scope BIGINT PRIMARY KEY, digest TEXT NOT NULL, names TEXT NOT NULL, at {moment} NOT NULL)"""
        )
    )
    return manager
