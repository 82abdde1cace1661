"""ladder_points, first version."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from roundhook.db import statements

ID = "ladder_2026_11_27t12_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "ladder_points"


async def forwards() -> MigrationManager:
    """Make the table."""
    manager = MigrationManager(migration_id=ID, app_name="ladder", description=DESCRIPTION)
    manager.add_raw(
        statements(
            """CREATE TABLE IF NOT EXISTS ladder_points (
                round_id BIGINT NOT NULL, guid TEXT NOT NULL, points BIGINT NOT NULL, server TEXT NOT NULL,
                played_unix BIGINT NOT NULL, PRIMARY KEY (round_id, guid))""",
            "CREATE INDEX IF NOT EXISTS ladder_points_played ON ladder_points (played_unix)",
        )
    )
    return manager
