"""lua_round_teams, first version."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "team_capture_2026_11_22t10_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "lua_round_teams"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="team_capture", description=DESCRIPTION)
    manager.add_raw(
        statements(
            """CREATE TABLE IF NOT EXISTS lua_round_teams (
                id {id}, server TEXT NOT NULL, round_id BIGINT, match_id TEXT NOT NULL, round_number BIGINT NOT NULL,
                axis_players TEXT NOT NULL, allies_players TEXT NOT NULL, actual_duration_seconds BIGINT,
                winner_team BIGINT, end_reason TEXT, captured_at {moment},
                UNIQUE (server, match_id, round_number))""",
            "CREATE INDEX IF NOT EXISTS lua_round_teams_round ON lua_round_teams (round_id)",
        )
    )
    return manager
