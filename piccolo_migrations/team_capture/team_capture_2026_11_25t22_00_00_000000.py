"""lua_round_teams: a row goes with its round."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import either

ID = "team_capture_2026_11_25t22_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "lua_round_teams: round_id references rounds"

_COLUMNS = (
    "id, server, round_id, match_id, round_number, axis_players, allies_players, actual_duration_seconds, winner_team, "
    "end_reason, captured_at"
)
_GONE = "round_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM rounds WHERE rounds.id = round_id)"
_REFERENCE = "REFERENCES rounds (id) ON DELETE CASCADE"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="team_capture", description=DESCRIPTION)
    remove = f"DELETE FROM lua_round_teams WHERE {_GONE}"
    manager.add_raw(
        either(
            sqlite=(
                remove,
                "DROP TABLE IF EXISTS lua_round_teams_new",
                f"""CREATE TABLE lua_round_teams_new (
                    id {{id}}, server TEXT NOT NULL, round_id BIGINT {_REFERENCE}, match_id TEXT NOT NULL,
                    round_number BIGINT NOT NULL, axis_players TEXT NOT NULL, allies_players TEXT NOT NULL,
                    actual_duration_seconds BIGINT, winner_team BIGINT, end_reason TEXT, captured_at {{moment}},
                    UNIQUE (server, match_id, round_number))""",
                f"INSERT INTO lua_round_teams_new ({_COLUMNS}) SELECT {_COLUMNS} FROM lua_round_teams",
                "DROP TABLE lua_round_teams",
                "ALTER TABLE lua_round_teams_new RENAME TO lua_round_teams",
                "CREATE INDEX lua_round_teams_round ON lua_round_teams (round_id)",
            ),
            postgres=(
                remove,
                "ALTER TABLE lua_round_teams DROP CONSTRAINT IF EXISTS lua_round_teams_of_round",
                "ALTER TABLE lua_round_teams ADD CONSTRAINT lua_round_teams_of_round "
                f"FOREIGN KEY (round_id) {_REFERENCE}",
            ),
        )
    )
    return manager
