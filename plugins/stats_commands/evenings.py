"""Reads evenings: a session's rounds, maps, teams and players. What it reads of one is bounded, however long it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roundhook.db import Database, Row, marks
from roundhook.rounds import PEOPLE, RANKED, SUMMED

from .queries import PLAYED, Stats, Totals, totals_of, visible
from .results import PlayedMap, score_of

MOST_ROUNDS = 120
"""So many rounds of a session are read, the last ones: a server that never pauses has sessions of thousands."""
_SUMS = ", ".join(f"sum(p.{name}) AS {name}" for name in SUMMED)
_IDS = """(SELECT id FROM rounds WHERE session_id = ? AND status <> 'empty' ORDER BY played_at DESC LIMIT {most})"""
_COUNT = "(SELECT count(*) FROM rounds c WHERE c.session_id = s.id AND c.status <> 'empty') AS rounds"
_HAS_PEOPLE = f"EXISTS (SELECT 1 {PLAYED} WHERE r.session_id = x.id AND {PEOPLE})"
_NAME = """(
    SELECT one.name FROM player_sightings one WHERE one.guid = p.guid AND one.server || '' = ?
    ORDER BY one.last_seen DESC, one.name DESC LIMIT 1)"""
"""The last name that a player was seen with on the session's server: who sees that may not see the others.

The server is compared as no column: else SQLite goes through all that were seen there, in the order of time.
"""
_DPM = "1.0 * sum(p.damage_given) * 60 / nullif(sum(p.time_played_seconds), 0)"


@dataclass(frozen=True, slots=True)
class Evening:
    """A session as it was played."""

    session: Row
    rounds: Sequence[Row]
    """In the order of play, with ``result``, ``winner_team``, ``round1_id`` and ``round2_id`` of their matches."""
    teams: Mapping[int, str]
    """Names by number (1, 2); none where the line-ups are mixed."""
    players: Sequence[Totals]
    """By damage per minute."""
    team_of: Mapping[str, int]
    by_map: Mapping[int, Mapping[str, float]]
    """Damage per minute of each player in each match."""
    earlier: int
    """How many rounds of the session were left out."""
    axis: Mapping[int, int]
    """Which team was on Axis in the first round of each drawn map."""

    @property
    def maps(self) -> list[PlayedMap]:
        """The maps of which a round 1 is there."""
        by_id = {row["id"]: row for row in self.rounds}
        firsts = [row for row in self.rounds if row["match_id"] and row["round1_id"] == row["id"]]
        return [
            PlayedMap(
                match_id=row["match_id"],
                first=row,
                second=by_id.get(row["round2_id"]),
                result=row["result"],
                winner=row["winner_team"],
                axis=self.axis.get(row["id"], 0),
            )
            for row in firsts
        ]

    @property
    def score(self) -> tuple[int, int]:
        """How many maps each team has won."""
        return score_of(self.maps)


class Evenings:
    """Reads sessions; *hidden* are the servers that a guild does not see."""

    def __init__(self, db: Database) -> None:
        self._db, self._stats = db, Stats(db)

    async def session(self, session_id: int, hidden: Sequence[str]) -> Row | None:
        """Return one session."""
        where, args = visible(hidden, "s")
        rows = await self._db.fetch(
            f"SELECT s.*, {_COUNT} FROM sessions s WHERE s.id = ? AND {where}", (session_id, *args)
        )
        return rows[0] if rows else None

    async def latest(self, hidden: Sequence[str], *, server: str | None = None, limit: int = 1) -> list[Row]:
        """Return the latest sessions in which people played a whole round."""
        ids, args = await self._stats.newest("sessions", "ended_at", _HAS_PEOPLE, hidden, limit, server)
        newest = (
            f"WITH found AS MATERIALIZED (SELECT i.* FROM sessions i WHERE i.id IN ({ids})) "
            f"SELECT * FROM found ORDER BY ended_at DESC, id DESC LIMIT {int(limit)}"
        )
        return await self._db.fetch(f"SELECT s.*, {_COUNT} FROM ({newest}) s ORDER BY s.ended_at DESC, s.id DESC", args)

    async def read(self, session: Row) -> Evening:
        """Return a session whole, or the last part of a very long one."""
        ids, number = _IDS.format(most=MOST_ROUNDS), session["id"]
        rounds = await self._db.fetch(
            "SELECT r.*, m.result, m.winner_team, m.round1_id, m.round2_id FROM rounds r "
            f"LEFT JOIN matches m ON m.id = r.match_id WHERE r.id IN {ids} ORDER BY r.played_at, r.filename",
            (number,),
        )
        (count,) = await self._db.fetch(
            "SELECT count(*) AS rounds FROM rounds WHERE session_id = ? AND status <> 'empty'", (number,)
        )
        teams = await self._db.fetch("SELECT team, name FROM session_teams WHERE session_id = ?", (number,))
        people = await self._db.fetch("SELECT guid, team FROM session_players WHERE session_id = ?", (number,))
        return Evening(
            session=session,
            rounds=rounds,
            teams={row["team"]: row["name"] for row in teams},
            players=await self._players(ids, session),
            team_of={row["guid"]: row["team"] for row in people},
            by_map=await self._by_map(ids, number),
            earlier=count["rounds"] - len(rounds),
            axis=await self.axis_of(number, [row["id"] for row in rounds if row["winner_team"] == 0]),
        )

    async def axis_of(self, session_id: int | None, round_ids: Sequence[int]) -> dict[int, int]:
        """Return which team of a session was on Axis in each of these rounds, where most of its players say so."""
        rows = await self._db.fetch(
            "SELECT p.round_id, sum(CASE WHEN (p.side = 1) = (t.team = 1) THEN 1 ELSE -1 END) AS first "
            "FROM player_rounds p JOIN session_players t ON t.session_id = ? AND t.guid = p.guid "
            f"WHERE p.round_id IN ({marks(len(round_ids))}) AND p.side IN (1, 2) GROUP BY p.round_id",
            (session_id, *round_ids),
        ) if round_ids else []  # fmt: skip
        return {row["round_id"]: 1 if row["first"] > 0 else 2 for row in rows if row["first"]}

    async def standings(self, row: Row) -> tuple[dict[int, str], tuple[int, int]]:
        """Return the teams of the session that a round belongs to, and the score after that round's map."""
        found = await self._result(row["session_id"], "AND r.played_at <= ?", (row["played_at"],))
        return found["teams"], found["score"]

    async def result(self, session_id: int) -> dict[str, Any]:
        """Return ``teams`` and ``score`` of a session."""
        return await self._result(session_id, "", ())

    async def _result(self, session_id: int | None, until: str, args: tuple[Any, ...]) -> dict[str, Any]:
        """Return the same after some of its rounds. Where there are no teams nobody has won, and no map is read."""
        rows = await self._db.fetch("SELECT team, name FROM session_teams WHERE session_id = ?", (session_id,))
        won = await self._db.fetch(
            "SELECT m.winner_team AS team, count(*) AS maps FROM rounds r JOIN matches m ON m.round1_id = r.id "
            f"WHERE r.session_id = ? {until} AND m.winner_team > 0 GROUP BY m.winner_team",
            (session_id, *args),
        ) if rows else []  # fmt: skip
        maps = {row["team"]: row["maps"] for row in won}
        return {"teams": {row["team"]: row["name"] for row in rows}, "score": (maps.get(1, 0), maps.get(2, 0))}

    async def weapons(self, session_id: int, guid: str = "") -> list[Row]:
        """Return what each weapon did in a session, in one player's hands or in all."""
        whose, args = ("AND p.guid = ?", (guid,)) if guid else ("", ())
        return await self._db.fetch(
            "SELECT p.weapon, sum(p.kills) AS kills, sum(p.hits) AS hits, sum(p.shots) AS shots FROM weapon_rounds p "
            f"WHERE p.round_id IN {_IDS.format(most=MOST_ROUNDS)} {whose} GROUP BY p.weapon "
            "HAVING sum(p.kills) > 0 ORDER BY sum(p.kills) DESC, p.weapon LIMIT 15",
            (session_id, *args),
        )

    async def awards(self, session_id: int) -> list[Row]:
        """Return the awards of a session's last rounds, the latest round's first."""
        return await self._db.fetch(
            "SELECT a.award, a.value, a.guid, coalesce(p.name, a.guid) AS name, r.map_name, r.round_number "
            "FROM awards a JOIN rounds r ON r.id = a.round_id LEFT JOIN player_rounds p ON p.round_id = a.round_id "
            f"AND p.guid = a.guid WHERE a.round_id IN {_IDS.format(most=MOST_ROUNDS)} "
            "ORDER BY r.played_at DESC, a.award LIMIT 40",
            (session_id,),
        )

    async def _players(self, ids: str, session: Row) -> list[Totals]:
        rows = await self._db.fetch(
            f"SELECT p.guid, {_NAME} AS name, count(*) AS rounds, {_SUMS} {PLAYED} "
            f"WHERE r.id IN {ids} AND {RANKED} GROUP BY p.guid ORDER BY {_DPM} DESC NULLS LAST, p.guid",
            (session["server"], session["id"]),
        )
        return [totals_of(row) for row in rows]

    async def _by_map(self, ids: str, session: int) -> dict[int, dict[str, float]]:
        rows = await self._db.fetch(
            f"SELECT r.match_id, p.guid, {_DPM} AS dpm {PLAYED} WHERE r.id IN {ids} AND {RANKED} "
            f"AND r.match_id IS NOT NULL GROUP BY r.match_id, p.guid HAVING {_DPM} IS NOT NULL",
            (session,),
        )
        found: dict[int, dict[str, float]] = {}
        for row in rows:
            found.setdefault(row["match_id"], {})[row["guid"]] = float(row["dpm"])
        return found


def standing_of(rows: Sequence[Row], guild: int, channel: int) -> Row | None:
    """Return the row of what stands for a guild: in its stats channel of now, or where that was."""
    return next((row for row in rows if guild in (row["guild_id"], 0) and channel == row["channel_id"]), None) or next(
        (row for row in rows if row["guild_id"] == guild), None
    )
