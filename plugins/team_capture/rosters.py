"""The rows of lua_round_teams: who was on which side, by the notice's rosters where there are any, else by the file."""

import itertools
import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from roundhook.db import Dialect, Row, Transaction, Write, columns_of, marks, upserts
from roundhook.rounds import ALLIES, AXIS, match_key

from .tables import RoundTeams

_COLUMNS = columns_of(RoundTeams, without=("id",))
_KEY = ("server", "match_id", "round_number")
_CONFLICT = f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in _COLUMNS if name not in _KEY
)
NOTICE = "(SELECT n.notice FROM round_notices n WHERE n.round_id = r.id ORDER BY n.id LIMIT 1)"
"""What the game server has said about the round r: JSON, or NULL."""
_ROUNDS = f"""
    SELECT r.id, r.server, r.filename, r.round_number, r.actual_duration_seconds, r.winner_side, r.end_reason,
        p.guid, p.name, p.side, s.started_at, s.ended_at,
        {NOTICE} AS notice
    FROM rounds r LEFT JOIN sessions s ON s.id = r.session_id LEFT JOIN player_rounds p ON p.round_id = r.id
    WHERE r.id IN ({{marks}}) ORDER BY r.id, p.guid"""
"""A row for each player of the rounds; a round of nobody has one without a player."""


async def rosters(
    transaction: Transaction, dialect: Dialect, round_ids: Collection[int], now: datetime
) -> tuple[list[Write], list[Row]]:
    """Return what stores the rosters of these rounds, and each round's row; those that are no more are left out."""
    ids = sorted(round_ids)
    rows = await transaction.fetch(_ROUNDS.format(marks=marks(len(ids))), ids)
    rounds = [list(players) for _, players in itertools.groupby(rows, key=lambda row: row["id"])]
    values = [_values(players[0], players, now) for players in rounds]
    writes = upserts(dialect, RoundTeams, _COLUMNS, [[one[name] for name in _COLUMNS] for one in values], _CONFLICT)
    return writes, [players[0] for players in rounds]


def _values(row: Row, players: list[Row], now: datetime) -> dict[str, Any]:
    notice = json.loads(row["notice"]) if row["notice"] else {}
    axis, allies = notice.get("axis_players") or [], notice.get("allies_players") or []
    return {
        "server": row["server"],
        "round_id": row["id"],
        "match_id": match_key(row["filename"]),
        "round_number": row["round_number"],
        "axis_players": _roster(axis, players, AXIS, elsewhere=allies),
        "allies_players": _roster(allies, players, ALLIES, elsewhere=axis),
        "actual_duration_seconds": row["actual_duration_seconds"],
        "winner_team": row["winner_side"],
        "end_reason": row["end_reason"],
        "captured_at": now,
    }


def _roster(noticed: list[dict[str, str]], players: list[Row], side: int, *, elsewhere: list[dict[str, str]]) -> str:
    """Return a side's people as JSON, in order of GUID: the notice's list, else the file's.

    The file's leaves out whom the notice has on the other side: nobody is on both.
    """
    others = {one["guid"] for one in elsewhere}
    people = noticed or [player for player in players if player["side"] == side and player["guid"] not in others]
    plain = [{"guid": one["guid"], "name": one["name"]} for one in sorted(people, key=lambda one: one["guid"])]
    return json.dumps(plain, ensure_ascii=False)
