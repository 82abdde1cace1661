"""redline_races, redline_results and redline_rulings, first version."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from roundhook.db import statements

ID = "redline_2026_11_27t12_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "races, results, rulings"


async def forwards() -> MigrationManager:
    """Make the tables."""
    manager = MigrationManager(migration_id=ID, app_name="redline", description=DESCRIPTION)
    manager.add_raw(
        statements(
            """CREATE TABLE IF NOT EXISTS redline_races (
                race TEXT PRIMARY KEY, server TEXT NOT NULL, track TEXT NOT NULL, laps BIGINT NOT NULL,
                ended_unix BIGINT NOT NULL, digest TEXT NOT NULL)""",
            """CREATE TABLE IF NOT EXISTS redline_results (
                race TEXT NOT NULL, driver TEXT NOT NULL, name TEXT NOT NULL, car TEXT NOT NULL, grid BIGINT NOT NULL,
                laps BIGINT NOT NULL, time_ms BIGINT, best_ms BIGINT, out TEXT NOT NULL, place BIGINT,
                points BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (race, driver))""",
            """CREATE TABLE IF NOT EXISTS redline_rulings (
                race TEXT NOT NULL, ruling BIGINT NOT NULL, driver TEXT NOT NULL, penalty_ms BIGINT NOT NULL,
                disqualified BIGINT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (race, ruling))""",
            "CREATE INDEX IF NOT EXISTS redline_races_ended ON redline_races (ended_unix)",
        )
    )
    return manager
