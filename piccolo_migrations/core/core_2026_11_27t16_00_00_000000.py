"""What people have set of plugins while the bot runs, for all and for one guild."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_27t16_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "plugin_settings"

_TABLE = """CREATE TABLE IF NOT EXISTS plugin_settings (
    plugin TEXT NOT NULL, guild_id BIGINT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, user_id BIGINT,
    at {moment} NOT NULL, PRIMARY KEY (plugin, guild_id, key))"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(statements(_TABLE))
    return manager
