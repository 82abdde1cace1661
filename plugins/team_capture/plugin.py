"""Upserts who was on which side: by the notice's rosters where there is one, else by the players of the file."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from roundhook import ImportedRound, Plugin, RoundAmended, hookimpl
from roundhook.db import Batcher, columns_of, insert_sql, marks
from roundhook.rounds import ALLIES, AXIS, match_key

from .tables import RoundTeams

_COLUMNS = columns_of(RoundTeams, without=("id",))
_KEY = ("server", "match_id", "round_number")
_UPSERT = insert_sql(
    RoundTeams,
    _COLUMNS,
    f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in _KEY),
)
_FORGET = "DELETE FROM lua_round_teams WHERE round_id = ?"
_ROUNDS = """
    SELECT r.id, r.server, r.filename, r.round_number, r.actual_duration_seconds, r.winner_side, r.end_reason,
        p.guid, p.name, p.side,
        (SELECT n.notice FROM round_notices n WHERE n.round_id = r.id ORDER BY n.id LIMIT 1) AS notice
    FROM rounds r LEFT JOIN player_rounds p ON p.round_id = r.id WHERE r.id IN ({marks}) ORDER BY r.id, p.guid"""
"""A row for each player of the rounds; a round of nobody has one without a player."""


class TeamCapture(Plugin):
    """Round → lua_round_teams."""

    async def setup(self) -> None:
        self.batches: Batcher[int, None] = Batcher(self._capture)
        self.ctx.service(self.batches.run)

    @hookimpl
    async def on_round_imported(self, round: ImportedRound) -> None:
        """Store the teams."""
        await self.batches.do(round.round_id)

    @hookimpl
    async def on_round_amended(self, amendment: RoundAmended) -> None:
        """Store them again: rosters or times may have changed, or which round of its map it was."""
        if "round_number" in amendment.changed:
            await self.ctx.db.execute(_FORGET, (amendment.round.round_id,))
        await self.batches.do(amendment.round.round_id)

    async def _capture(self, round_ids: Sequence[int]) -> list[None]:
        """Store the teams of these rounds; those that are no more are left out."""
        ids = sorted(set(round_ids))
        async with self.ctx.db.transaction(alone=True) as transaction:
            rows = await transaction.fetch(_ROUNDS.format(marks=marks(len(ids))), ids)
            rounds = [list(players) for _, players in itertools.groupby(rows, key=lambda row: row["id"])]
            values = [self._values(players[0], players) for players in rounds]
            await transaction.execute_many(_UPSERT, [[one[name] for name in _COLUMNS] for one in values])
        return [None] * len(round_ids)

    def _values(self, row: dict[str, Any], players: list[dict[str, Any]]) -> dict[str, Any]:
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
            "captured_at": self.ctx.clock.now(),
        }


def _roster(
    noticed: list[dict[str, str]], players: list[dict[str, Any]], side: int, *, elsewhere: list[dict[str, str]]
) -> str:
    """Return a side's people as JSON, in order of GUID: the notice's list, else the file's.

    The file's leaves out whom the notice has on the other side: nobody is on both.
    """
    others = {one["guid"] for one in elsewhere}
    people = noticed or [player for player in players if player["side"] == side and player["guid"] not in others]
    plain = [{"guid": one["guid"], "name": one["name"]} for one in sorted(people, key=lambda one: one["guid"])]
    return json.dumps(plain, ensure_ascii=False)
