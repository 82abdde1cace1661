"""Sums of players' rounds by day and in all, filled from the rounds that are there; indexes; remarks on rounds."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from core.db.ddl import add_column, statements

ID = "core_2026_11_22t13_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "player_days, player_totals, remarks"

_SUMMED = (
    "kills", "deaths", "headshots", "hits", "shots", "damage_given", "damage_received", "gibs", "self_kills",
    "team_kills", "xp", "revives_given", "times_revived", "kill_assists", "time_played_seconds", "time_dead_seconds",
)  # fmt: skip
_COLUMNS = ", ".join(f"{name} BIGINT" for name in _SUMMED)
_SUMS = ", ".join(f"sum(p.{name})" for name in _SUMMED)
_DAY = {
    "sqlite": "substr(r.played_at, 1, 10)",
    "postgres": "to_char(r.played_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}

_TABLES = (
    f"""CREATE TABLE IF NOT EXISTS player_days (
        day TEXT NOT NULL, server TEXT NOT NULL, guid TEXT NOT NULL, rounds BIGINT NOT NULL, {_COLUMNS},
        PRIMARY KEY (day, server, guid))""",
    "CREATE INDEX IF NOT EXISTS player_days_guid ON player_days (guid, day)",
    f"""CREATE TABLE IF NOT EXISTS player_totals (
        guid TEXT NOT NULL, server TEXT NOT NULL, rounds BIGINT NOT NULL, {_COLUMNS}, PRIMARY KEY (guid, server))""",
)
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS weapon_rounds_guid ON weapon_rounds (guid, round_id, weapon, kills, hits, shots)",
    "CREATE INDEX IF NOT EXISTS rounds_latest ON rounds (played_at)",
    "CREATE INDEX IF NOT EXISTS rounds_not_counted ON rounds (id) WHERE status <> 'ok'",
    "CREATE INDEX IF NOT EXISTS sessions_latest ON sessions (ended_at)",
)


async def _fill() -> None:
    """Both tables are emptied first: a migration that was broken off is run again."""
    engine = engine_finder()
    if engine is None:
        raise RuntimeError("Run migrations through core.db.migrate: no database is set.")
    day = _DAY[engine.engine_type]
    for statement in (
        "DELETE FROM player_totals",
        "DELETE FROM player_days",
        f"""INSERT INTO player_days (server, day, guid, rounds, {", ".join(_SUMMED)})
            SELECT r.server, {day}, p.guid, count(*), {_SUMS} FROM rounds r JOIN player_rounds p ON p.round_id = r.id
            WHERE r.status = 'ok' AND p.side IN (1, 2) AND p.guid NOT LIKE 'BOT%' GROUP BY r.server, {day}, p.guid""",
        f"""INSERT INTO player_totals (server, guid, rounds, {", ".join(_SUMMED)})
            SELECT p.server, p.guid, sum(p.rounds), {_SUMS} FROM player_days p GROUP BY p.server, p.guid""",
    ):
        await engine.run_ddl(statement)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(statements(*_TABLES))
    manager.add_raw(_fill)
    manager.add_raw(statements(*_INDEXES))
    manager.add_raw(add_column("rounds", "remarks", "TEXT"))
    return manager
