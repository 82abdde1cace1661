"""The webhooks accepted while the bot runs are the core's: what server_admin has kept of them is taken over."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_27t10_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "server_webhooks"

_COLUMNS = "webhook_id BIGINT PRIMARY KEY, server TEXT NOT NULL, created_by BIGINT, created_at {moment}"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(
        statements(
            f"CREATE TABLE IF NOT EXISTS server_webhooks ({_COLUMNS})",
            f"CREATE TABLE IF NOT EXISTS server_admin_webhooks ({_COLUMNS})",  # a new database has none
            "INSERT INTO server_webhooks SELECT webhook_id, server, created_by, created_at FROM server_admin_webhooks "
            "WHERE webhook_id NOT IN (SELECT webhook_id FROM server_webhooks)",
            "DROP TABLE server_admin_webhooks",
        )
    )
    return manager
