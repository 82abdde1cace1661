"""Who played together in a session, and which team has won a map."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import add_column, statements

ID = "core_2026_11_27t18_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "session_teams, session_players, matches.winner_team"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(add_column("matches", "winner_team", "BIGINT"))
    manager.add_raw(
        statements(
            """CREATE TABLE IF NOT EXISTS session_teams (
            session_id BIGINT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE, team BIGINT NOT NULL,
            name TEXT NOT NULL, PRIMARY KEY (session_id, team))""",
            """CREATE TABLE IF NOT EXISTS session_players (
            session_id BIGINT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE, guid TEXT NOT NULL,
            team BIGINT NOT NULL, rounds BIGINT NOT NULL, PRIMARY KEY (session_id, guid))""",
        )
    )
    return manager
