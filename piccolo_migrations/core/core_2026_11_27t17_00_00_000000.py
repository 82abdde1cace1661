"""What plugins keep (plugin_store), what they do later (plugin_jobs), and whose tables are whose (plugin_tables)."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_27t17_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "plugin_store, plugin_jobs, plugin_tables"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(
        statements(
            """CREATE TABLE IF NOT EXISTS plugin_store (
            plugin TEXT NOT NULL, guild_id BIGINT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (plugin, guild_id, key))""",
            """CREATE TABLE IF NOT EXISTS plugin_jobs (
            id {id}, plugin TEXT NOT NULL, method TEXT NOT NULL, key TEXT NOT NULL, data TEXT NOT NULL,
            due_at {moment} NOT NULL, state TEXT NOT NULL, cron TEXT NOT NULL DEFAULT '',
            attempts BIGINT NOT NULL DEFAULT 0, next_at {moment}, error TEXT, revision BIGINT NOT NULL DEFAULT 0)""",
            # the first one of each method is one look away, however many wait
            "CREATE INDEX IF NOT EXISTS plugin_jobs_due ON plugin_jobs (plugin, method, due_at, id) "
            "WHERE state = 'waiting'",
            "CREATE UNIQUE INDEX IF NOT EXISTS plugin_jobs_once ON plugin_jobs (plugin, method, cron, key) "
            "WHERE state = 'waiting' AND (key <> '' OR cron <> '')",
            "CREATE INDEX IF NOT EXISTS plugin_jobs_failed ON plugin_jobs (plugin, method) WHERE error IS NOT NULL",
            "CREATE TABLE IF NOT EXISTS plugin_tables (name TEXT PRIMARY KEY, plugin TEXT NOT NULL)",
            # made before there was a record of it
            "INSERT INTO plugin_tables (name, plugin) SELECT DISTINCT 'lua_round_teams', app_name FROM migration "
            "WHERE app_name = 'team_capture' AND 'lua_round_teams' NOT IN (SELECT name FROM plugin_tables)",
        )
    )
    return manager
