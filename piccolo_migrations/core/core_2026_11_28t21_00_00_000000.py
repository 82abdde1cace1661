"""The index of weapons by player goes: since there is ``weapon_days`` nothing is read by it, and each row cost it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_28t21_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "weapon_rounds without an index by player"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(statements("DROP INDEX IF EXISTS weapon_rounds_guid"))
    return manager
