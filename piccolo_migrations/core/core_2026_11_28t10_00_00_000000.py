"""Who was seen where under which name, filled from the rounds that are there; indexes by which rounds are offered."""

from collections.abc import Sequence
from typing import Any

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder
from piccolo.querystring import QueryString

from core.db.ddl import either, statements
from core.rounds.names import name_key, name_parts

ID = "core_2026_11_28t10_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "player_sightings, name_parts, indexes of rounds and sessions"

_SIGHTINGS = """CREATE TABLE IF NOT EXISTS player_sightings (
    guid TEXT NOT NULL, server TEXT NOT NULL, name TEXT NOT NULL, last_seen {moment} NOT NULL,
    PRIMARY KEY (guid, server, name))"""
_FILL = """INSERT INTO player_sightings (guid, server, name, last_seen)
    SELECT p.guid, r.server, p.name, max(r.played_at) FROM player_rounds p JOIN rounds r ON r.id = p.round_id
    WHERE p.guid >= {} AND p.guid <= {} AND p.guid NOT LIKE 'BOT%' AND p.guid NOT LIKE 'NOID%'
    GROUP BY p.guid, r.server, p.name"""
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS player_sightings_latest ON player_sightings (server, last_seen)",
    "CREATE INDEX IF NOT EXISTS rounds_offered ON rounds (server, round_number, played_at) WHERE status <> 'empty'",
    "CREATE INDEX IF NOT EXISTS rounds_of_map ON rounds (map_name, server, round_number, played_at) "
    "WHERE status <> 'empty'",
    "CREATE INDEX IF NOT EXISTS sessions_started_at ON sessions (server, started_at)",
)
_PEOPLE, _PARTS = 500, 400
"""How many of them one statement has at most."""


async def _fill() -> None:
    """Some people at a time: to sort the rows of all at once would take much memory."""
    await _run("DELETE FROM player_sightings")
    await _run("DELETE FROM name_parts")
    guids = [row["guid"] for row in await _run("SELECT guid FROM players WHERE NOT is_bot ORDER BY guid")]
    for some in _chunks(guids, _PEOPLE):
        await _run(_FILL, some[0], some[-1])
    names = await _run("SELECT DISTINCT guid, name FROM player_sightings")
    parts = sorted({(part, row["guid"]) for row in names for part in name_parts(name_key(row["name"]))})
    for pairs in _chunks(parts, _PARTS):
        rows = ", ".join(["({}, {})"] * len(pairs))
        await _run(f"INSERT INTO name_parts (part, guid) VALUES {rows}", *(value for pair in pairs for value in pair))


async def _run(sql: str, *args: Any) -> list[dict[str, Any]]:
    engine = engine_finder()
    if engine is None:
        raise RuntimeError("Run migrations through core.db.migrate: no database is set.")
    return list(await engine.run_querystring(QueryString(sql, *args)) or [])


def _chunks(values: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [values[start : start + size] for start in range(0, len(values), size)]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(statements(_SIGHTINGS))
    manager.add_raw(
        either(
            sqlite=[
                "CREATE TABLE IF NOT EXISTS name_parts (part TEXT NOT NULL, guid TEXT NOT NULL, "
                "PRIMARY KEY (part, guid)) WITHOUT ROWID"
            ],
            postgres=[
                'CREATE TABLE IF NOT EXISTS name_parts (part TEXT COLLATE "C" NOT NULL, guid TEXT NOT NULL, '
                "PRIMARY KEY (part, guid))"
            ],
        )
    )
    manager.add_raw(_fill)
    manager.add_raw(statements(*_INDEXES))
    return manager
