"""All that an import has stored, by natural keys: no ids, revisions or times of receipt."""

from typing import Any

from core.db import Database
from core.db.tables import columns_of
from core.rounds.tables import PlayerRound, PlayerTotal, Round, WeaponRound

Snapshot = dict[str, list[tuple[Any, ...]]]

_ROUND = ", ".join(f"r.{c}" for c in columns_of(Round, without=("id", "revision", "match_id", "session_id")))
_PLAYER = ", ".join(f"p.{column}" for column in columns_of(PlayerRound, without=("round_id",)))
_WEAPON = ", ".join(f"p.{column}" for column in columns_of(WeaponRound, without=("round_id",)))
_TOTAL = ", ".join(columns_of(PlayerTotal, without=("version",)))
_QUERIES = {
    "stats_files": "SELECT server, filename, sha256, kind, content_key, state, reason, modified_at FROM stats_files",
    "rounds": f"SELECT {_ROUND}, one.filename AS first, s.started_at, s.ended_at, m.result FROM rounds r"
    " LEFT JOIN matches m ON m.id = r.match_id LEFT JOIN rounds one ON one.id = m.round1_id"
    " LEFT JOIN sessions s ON s.id = r.session_id",
    "matches": "SELECT m.server, m.map_name, m.result, m.winner_team, one.filename AS first, two.filename AS second"
    " FROM matches m LEFT JOIN rounds one ON one.id = m.round1_id LEFT JOIN rounds two ON two.id = m.round2_id",
    "sessions": "SELECT server, started_at, ended_at FROM sessions",
    "session_teams": "SELECT s.server, s.started_at, t.team, t.name FROM session_teams t"
    " JOIN sessions s ON s.id = t.session_id",
    "session_players": "SELECT s.server, s.started_at, p.guid, p.team, p.rounds FROM session_players p"
    " JOIN sessions s ON s.id = p.session_id",
    "players": "SELECT guid, name, is_bot, first_seen, last_seen FROM players",
    "player_names": "SELECT guid, name, first_seen, last_seen FROM player_names",
    "player_sightings": "SELECT * FROM player_sightings",
    "name_parts": "SELECT * FROM name_parts",
    "player_rounds": f"SELECT r.filename, {_PLAYER} FROM player_rounds p JOIN rounds r ON r.id = p.round_id",
    "weapon_rounds": f"SELECT r.filename, {_WEAPON} FROM weapon_rounds p JOIN rounds r ON r.id = p.round_id",
    "player_days": "SELECT * FROM player_days",
    "player_totals": f"SELECT {_TOTAL} FROM player_totals",
    "weapon_days": "SELECT * FROM weapon_days",
    "awards": "SELECT r.filename, a.award, a.guid, a.value FROM awards a JOIN rounds r ON r.id = a.round_id",
    "duels": "SELECT r.filename, d.killer_guid, d.victim_guid, d.kills FROM duels d JOIN rounds r ON r.id = d.round_id",
    "round_notices": "SELECT n.server, n.map_name, n.round_number, n.round_end_unix, n.notice, r.filename"
    " FROM round_notices n LEFT JOIN rounds r ON r.id = n.round_id",
}
TABLES = (
    "stats_files", "rounds", "matches", "sessions", "session_teams", "session_players", "players", "player_names",
    "player_sightings", "name_parts", "player_rounds", "weapon_rounds", "player_days", "player_totals", "weapon_days",
    "awards", "duels", "round_notices",
)  # fmt: skip


async def snapshot(database: Database) -> Snapshot:
    """Return what is stored, each table sorted."""
    found = {table: await database.fetch(query) for table, query in _QUERIES.items()}
    return {table: sorted((tuple(row.values()) for row in rows), key=repr) for table, rows in found.items()}


async def everything(database: Database) -> Snapshot:
    """Return all columns of all tables, ids and revisions too."""
    found = {table: await database.fetch(f"SELECT * FROM {table}") for table in TABLES}
    return {table: sorted((tuple(row.values()) for row in rows), key=repr) for table, rows in found.items()}


async def wipe(database: Database, *others: str) -> None:
    """Empty all tables of the import, and *others* before them."""
    async with database.transaction() as transaction:
        for table in (*others, *reversed(TABLES)):
            await transaction.execute(f"DELETE FROM {table}")
