"""How far channels are read: lua_webhook goes on after the latest of its stored notices."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import either

ID = "core_2026_11_27t11_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "reading_marks, refused_messages"

_TABLES = (
    """CREATE TABLE IF NOT EXISTS reading_marks (
        plugin TEXT NOT NULL, channel_id BIGINT NOT NULL, message_id BIGINT NOT NULL,
        PRIMARY KEY (plugin, channel_id))""",
    """CREATE TABLE IF NOT EXISTS refused_messages (
        channel_id BIGINT NOT NULL, message_id BIGINT NOT NULL, reason TEXT NOT NULL, at {moment} NOT NULL,
        PRIMARY KEY (channel_id, message_id))""",
)


def _mark(message_id: str) -> str:
    return f"""INSERT INTO reading_marks (plugin, channel_id, message_id)
        SELECT 'lua_webhook', 0, max({message_id}) FROM round_notices HAVING max({message_id}) IS NOT NULL
        ON CONFLICT (plugin, channel_id) DO NOTHING"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    sqlite = _mark("CASE WHEN json_valid(notice) THEN CAST(json_extract(notice, '$.message_id') AS BIGINT) END")
    postgres = _mark("CAST(substring(notice from '\"message_id\": ?([0-9]+)') AS BIGINT)")
    manager.add_raw(either(sqlite=(*_TABLES, sqlite), postgres=(*_TABLES, postgres)))
    return manager
