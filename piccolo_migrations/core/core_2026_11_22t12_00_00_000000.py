"""Which notices wait for their file and have been told of, and which senders were said to be old."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_22t12_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "what admins were told about notices"

_TABLES = (
    """CREATE TABLE IF NOT EXISTS notice_alarms (
        notice_id BIGINT PRIMARY KEY REFERENCES round_notices (id) ON DELETE CASCADE,
        due_at {moment} NOT NULL, told_at {moment})""",
    "CREATE INDEX IF NOT EXISTS notice_alarms_open ON notice_alarms (due_at) WHERE told_at IS NULL",
    """CREATE TABLE IF NOT EXISTS old_senders (
        server TEXT NOT NULL, sender TEXT NOT NULL, told_at {moment} NOT NULL, PRIMARY KEY (server, sender))""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(statements(*_TABLES))
    return manager
