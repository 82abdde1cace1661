"""Who did the most damage in a round."""

from typing import Any

from roundhook.db import Database, Row, utc

COUNT = 3
"""How many players of a round are told."""
_ROUNDS = "SELECT id, server, map_name, round_number, revision, played_at FROM rounds WHERE id > ? ORDER BY id LIMIT ?"
_PLAYERS = """
    SELECT round_id, guid, name, damage FROM (
        SELECT d.round_id, d.guid, d.name, d.damage_given AS damage,
            ROW_NUMBER() OVER (PARTITION BY d.round_id ORDER BY d.damage_given DESC, d.guid) AS place
        FROM player_rounds d JOIN rounds r ON r.id = d.round_id JOIN players p ON p.guid = d.guid
        WHERE d.round_id BETWEEN ? AND ? AND r.status = 'ok' AND NOT p.is_bot AND d.damage_given >= ?
    ) AS ranked WHERE place <= ? ORDER BY round_id, place"""


async def tops(db: Database, least: int, after: int, limit: int) -> list[Row]:
    """Return the rounds behind the id *after*, in order, each with its best ``players``: none below *least* damage."""
    rounds = await db.fetch(_ROUNDS, (after, limit))
    if not rounds:
        return []
    best: dict[int, list[Any]] = {row["id"]: [] for row in rounds}
    for row in await db.fetch(_PLAYERS, (rounds[0]["id"], rounds[-1]["id"], least, COUNT)):
        best[row["round_id"]].append({"guid": row["guid"], "name": row["name"], "damage": row["damage"]})
    return [{**row, "played_at": utc(row["played_at"]), "players": best[row["id"]]} for row in rounds]
