"""Upserts who was on which side: by the notice's rosters where there is one, else by the players of the file."""

import json
from typing import Any

from core.db.tables import columns_of, insert_sql
from core.events import ALLIES, AXIS
from core.filenames import match_key
from roundhook import ImportedRound, Plugin, RoundAmended, hookimpl

from .tables import RoundTeams

_COLUMNS = columns_of(RoundTeams, without=("id",))
_KEY = ("server", "match_id", "round_number")
_UPSERT = insert_sql(
    RoundTeams,
    _COLUMNS,
    f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in _KEY),
)
_ROUND = (
    "SELECT r.*, (SELECT n.notice FROM round_notices n WHERE n.round_id = r.id ORDER BY n.id LIMIT 1) AS notice "
    "FROM rounds r WHERE r.id = ?"
)
_PLAYERS = "SELECT guid, name, side FROM player_rounds WHERE round_id = ? ORDER BY guid"


class TeamCapture(Plugin):
    """Round → lua_round_teams."""

    @hookimpl
    async def on_round_imported(self, round: ImportedRound) -> None:
        """Store the teams."""
        await self._capture(round.round_id)

    @hookimpl
    async def on_round_amended(self, amendment: RoundAmended) -> None:
        """Store them again: rosters or times may have changed."""
        await self._capture(amendment.round.round_id)

    async def _capture(self, round_id: int) -> None:
        async with self.ctx.db.transaction() as transaction:
            rounds = await transaction.fetch(_ROUND, (round_id,))
            if rounds:
                players = await transaction.fetch(_PLAYERS, (round_id,))
                values = self._values(rounds[0], players)
                await transaction.execute(_UPSERT, [values[name] for name in _COLUMNS])

    def _values(self, row: dict[str, Any], players: list[dict[str, Any]]) -> dict[str, Any]:
        notice = json.loads(row["notice"]) if row["notice"] else {}
        return {
            "server": row["server"],
            "round_id": row["id"],
            "match_id": match_key(row["filename"]),
            "round_number": row["round_number"],
            "axis_players": _roster(notice.get("axis_players"), players, AXIS),
            "allies_players": _roster(notice.get("allies_players"), players, ALLIES),
            "actual_duration_seconds": row["actual_duration_seconds"],
            "winner_team": row["winner_side"],
            "end_reason": row["end_reason"],
            "captured_at": self.ctx.clock.now(),
        }


def _roster(noticed: list[dict[str, str]] | None, players: list[dict[str, Any]], side: int) -> str:
    """Return a side's people as JSON, in order of GUID; the notice's list is taken where it has one."""
    people = noticed or [player for player in players if player["side"] == side]
    plain = [{"guid": one["guid"], "name": one["name"]} for one in sorted(people, key=lambda one: one["guid"])]
    return json.dumps(plain, ensure_ascii=False)
