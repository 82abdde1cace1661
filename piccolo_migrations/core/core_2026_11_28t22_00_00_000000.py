"""Indexes of announcements: what is looked for again and again is found beside many as beside few."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_28t22_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "announcements by channel and message, by plugin and time; what waits without its pictures"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(
        statements(
            # which of them is next is said by the index alone: rows have pictures in them
            "DROP INDEX IF EXISTS announcements_waiting",
            "CREATE INDEX announcements_waiting ON announcements "
            "(channel_id, id, subject, message_id, next_at, wanted, revision) WHERE wanted > revision",
            "CREATE INDEX announcements_message ON announcements (channel_id, message_id) WHERE message_id IS NOT NULL",
            "CREATE INDEX announcements_latest ON announcements (plugin, created_at, subject)",
            "CREATE INDEX announcements_single ON announcements (created_at) WHERE subject LIKE 'single:%'",
        )
    )
    return manager
