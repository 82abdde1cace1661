"""What a plugin keeps is found by how its key begins, also where PostgreSQL sorts texts as a language does."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import either

ID = "core_2026_11_28t23_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "plugin_store by the beginning of a key"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    index = 'CREATE INDEX IF NOT EXISTS plugin_store_beginning ON plugin_store (plugin, guild_id, key COLLATE "C")'
    manager.add_raw(either(sqlite=[], postgres=[index]))  # SQLite's primary key is sorted so
    return manager
