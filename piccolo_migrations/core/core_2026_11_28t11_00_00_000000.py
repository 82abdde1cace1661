"""Whose commands were registered: another token may be another application's."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import add_column

ID = "core_2026_11_28t11_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "command_scopes.application"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(add_column("command_scopes", "application", "BIGINT"))
    return manager
