"""Sums of weapons by day, filled from what is there; versions of the sums; indexes for what is read of long sessions.

The first index of a session's rounds gives way to one that has their order and status too.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import Engine, engine_finder
from piccolo.querystring import QueryString

from core.db.ddl import add_column, either, statements

ID = "core_2026_11_28t20_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "weapon_days, sums_versions, player_totals.version, indexes of sessions, notices and files"

_DAYS = """CREATE TABLE IF NOT EXISTS weapon_days (
    guid TEXT NOT NULL, day TEXT NOT NULL, server TEXT NOT NULL, weapon TEXT NOT NULL, kills BIGINT, hits BIGINT,
    shots BIGINT, PRIMARY KEY (guid, day, server, weapon))"""
_DAY = {"sqlite": "substr(played_at, 1, 10)", "postgres": "to_char(played_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"}
_FILL = """INSERT INTO weapon_days (guid, day, server, weapon, kills, hits, shots)
    SELECT p.guid, CAST({} AS TEXT), r.server, w.weapon, sum(w.kills), sum(w.hits), sum(w.shots) FROM rounds r
    JOIN player_rounds p ON p.round_id = r.id JOIN weapon_rounds w ON w.round_id = p.round_id AND w.guid = p.guid
    WHERE r.server = {} AND r.played_at >= {} AND r.played_at < {} AND r.status = 'ok'
    AND p.side IN (1, 2) AND p.guid NOT LIKE 'BOT%' AND p.guid NOT LIKE 'NOID%'
    AND NOT EXISTS (SELECT 1 FROM player_rounds b WHERE b.round_id = p.round_id
        AND b.guid >= 'BOT' AND b.guid < 'BOU' AND b.side IN (1, 2))
    GROUP BY p.guid, r.server, w.weapon"""
_REST = (
    "CREATE TABLE IF NOT EXISTS sums_versions (server TEXT PRIMARY KEY, version BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS player_totals_version ON player_totals (server, version)",
    "CREATE INDEX IF NOT EXISTS rounds_of_session ON rounds (session_id, played_at, status)",
    "DROP INDEX IF EXISTS rounds_session",
    "CREATE INDEX IF NOT EXISTS round_notices_unmatched ON round_notices (server) WHERE round_id IS NULL",
    "CREATE INDEX IF NOT EXISTS stats_files_refused ON stats_files (server) WHERE state = 'quarantined'",
)


async def _fill() -> None:
    """A day at a time: to sort the rows of all at once would take much memory. Emptied first: it may run again."""
    await _run("DELETE FROM weapon_days")
    for row in await _run(f"SELECT DISTINCT server, {_DAY[_engine().engine_type]} AS day FROM rounds"):
        start = datetime.fromisoformat(row["day"]).replace(tzinfo=UTC)
        await _run(_FILL, row["day"], row["server"], start, start + timedelta(days=1))


async def _run(sql: str, *args: Any) -> list[dict[str, Any]]:
    return list(await _engine().run_querystring(QueryString(sql, *args)) or [])


def _engine() -> Engine[Any]:
    if (engine := engine_finder()) is None:
        raise RuntimeError("Run migrations through core.db.migrate: no database is set.")
    return engine


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(either(sqlite=[f"{_DAYS} WITHOUT ROWID"], postgres=[_DAYS]))
    manager.add_raw(_fill)
    manager.add_raw(add_column("player_totals", "version", "BIGINT"))
    manager.add_raw(statements(*_REST))
    return manager
