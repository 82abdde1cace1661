"""What should stand in channels, before and after it is posted; and what a person has to mend."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_27t12_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "announcements: wanted, parts, files; troubles"

_COLUMNS = "plugin, subject, round_id, guild_id, channel_id, revision, message_id"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(
        statements(
            "ALTER TABLE announcements RENAME TO announcements_before",
            """CREATE TABLE announcements (
            id {id}, plugin TEXT NOT NULL, subject TEXT NOT NULL, round_id BIGINT, guild_id BIGINT NOT NULL,
            channel_id BIGINT NOT NULL, part BIGINT NOT NULL DEFAULT 0, content TEXT, files {bytes},
            tried TEXT NOT NULL DEFAULT '', wanted BIGINT NOT NULL, revision BIGINT NOT NULL DEFAULT 0,
            message_id BIGINT, attempts BIGINT NOT NULL DEFAULT 0, next_at {moment}, error TEXT, created_at {moment},
            UNIQUE (plugin, subject, channel_id, part))""",
            f"""INSERT INTO announcements ({_COLUMNS}, wanted)
            SELECT {_COLUMNS.replace("revision", "COALESCE(revision, 1)")}, COALESCE(revision, 1)
            FROM announcements_before ORDER BY id""",
            "DROP TABLE announcements_before",
            "CREATE INDEX IF NOT EXISTS announcements_round ON announcements (round_id)",
            "CREATE INDEX IF NOT EXISTS announcements_waiting ON announcements (channel_id, id) "
            "WHERE wanted > revision",
            """CREATE TABLE IF NOT EXISTS troubles (
            plugin TEXT NOT NULL, key TEXT NOT NULL, server TEXT NOT NULL DEFAULT '',
            guild_id BIGINT NOT NULL DEFAULT 0, text TEXT NOT NULL, remedy TEXT NOT NULL DEFAULT '',
            since {moment} NOT NULL, told_at {moment}, over_at {moment}, times BIGINT NOT NULL DEFAULT 1,
            PRIMARY KEY (plugin, key, server, guild_id))""",
        )
    )
    return manager
