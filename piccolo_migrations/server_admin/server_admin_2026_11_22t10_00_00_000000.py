"""server_admin_webhooks, first version."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "server_admin_2026_11_22t10_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "server_admin_webhooks"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="server_admin", description=DESCRIPTION)
    manager.add_raw(
        statements(
            """CREATE TABLE IF NOT EXISTS server_admin_webhooks (
                webhook_id BIGINT PRIMARY KEY, server TEXT NOT NULL, created_by BIGINT, created_at {moment})"""
        )
    )
    return manager
