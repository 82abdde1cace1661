"""What the commands read: never more than a bounded number of rounds, however many there are.

Ratios are computed here and, for all players at once, in ``rankings``; nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from roundhook.db import Database, Row, marks
from roundhook.rounds import SUMMED, day_of

from .seen import MOST_SERVERS, visible_servers

_SUMS = ", ".join(f"sum(p.{name}) AS {name}" for name in SUMMED)
MAX_ID = 2**31 - 1
LOOKED_AT = 300
"""So many of the last rounds are looked through for one that has awards."""
PLAYED = "FROM player_rounds p JOIN rounds r ON r.id = p.round_id"
_HAS_AWARDS = "EXISTS (SELECT 1 FROM awards a WHERE a.round_id = x.id)"
_LAST_AWARDS = f"SELECT DISTINCT a.round_id FROM awards a ORDER BY a.round_id DESC LIMIT {LOOKED_AT}"
_LATEST = """
    WITH found AS MATERIALIZED (SELECT x.* FROM rounds x WHERE x.id IN ({ids}) AND {where})
    SELECT * FROM found ORDER BY played_at DESC LIMIT 1"""
"""They are found before they are put in order: PostgreSQL goes else through all rounds until one is among them."""
_SUMMED_UP = f"SELECT p.guid, p.guid AS name, sum(p.rounds) AS rounds, {_SUMS} FROM"


@dataclass(frozen=True, slots=True)
class Totals:
    """A player's sums over some rounds; ratios are None where they cannot be told."""

    guid: str
    name: str
    rounds: int
    sums: dict[str, int | None]

    @property
    def dpm(self) -> float | None:
        """Damage given per minute of the player's own time."""
        return _ratio(self.sums["damage_given"], self.sums["time_played_seconds"], 60)

    @property
    def kd(self) -> float | None:
        """Kills per death; without a death the kills."""
        kills, deaths = self.sums["kills"], self.sums["deaths"]
        return kills if kills is not None and deaths == 0 else _ratio(kills, deaths)

    @property
    def accuracy(self) -> float | None:
        """Hits per shot, 0 to 1: a grenade may hit more often than it was thrown."""
        share = _ratio(self.sums["hits"], self.sums["shots"])
        return None if share is None else min(share, 1.0)

    @property
    def alive_share(self) -> float | None:
        """Share of the time played that the player was alive, 0 to 1."""
        dead = _ratio(self.sums["time_dead_seconds"], self.sums["time_played_seconds"])
        return None if dead is None else 1 - dead


def totals_of(row: Row) -> Totals:
    """Return sums, or one round's values, as Totals."""
    sums = {name: value if value is None else int(value) for name, value in row.items() if name not in _NO_SUMS}
    return Totals(row["guid"], row["name"], int(row.get("rounds") or 1), sums)


class Stats:
    """Reads rounds and players; *hidden* are the servers that a guild does not see."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def round(self, round_id: int | None, hidden: Sequence[str]) -> Row | None:
        """Return one round, or the latest that was played."""
        where, args = visible(hidden)
        if round_id is None:
            return await self._newest_round(hidden, "x.status <> 'empty'", 1)
        if not 0 < round_id <= MAX_ID:
            return None
        rows = await self._db.fetch(f"SELECT * FROM rounds r WHERE id = ? AND {where}", (round_id, *args))
        return rows[0] if rows else None

    async def players(self, round_id: int) -> list[Row]:
        """Return the rows of one round's players, most damage first."""
        return await self._db.fetch(
            "SELECT * FROM player_rounds WHERE round_id = ? ORDER BY damage_given DESC NULLS LAST, kills DESC, guid",
            (round_id,),
        )

    async def notice(self, round_id: int) -> Row | None:
        """Return the notice that is matched with a round."""
        rows = await self._db.fetch(
            "SELECT notice, received_at FROM round_notices WHERE round_id = ? ORDER BY id LIMIT 1", (round_id,)
        )
        return rows[0] if rows else None

    async def both(self, match_id: int | None) -> list[Row]:
        """Return the rounds of a match, the first one first."""
        if not match_id:
            return []
        return await self._db.fetch(
            "SELECT r.* FROM matches m JOIN rounds r ON r.id IN (m.round1_id, m.round2_id) WHERE m.id = ? "
            "ORDER BY r.round_number, r.played_at",
            (match_id,),
        )

    async def match(self, match_id: int | None) -> Row | None:
        """Return a match."""
        rows = await self._db.fetch("SELECT * FROM matches WHERE id = ?", (match_id,)) if match_id else []
        return rows[0] if rows else None

    async def player_totals(
        self, guid: str, server: str | None, since: datetime | None, hidden: Sequence[str]
    ) -> Totals | None:
        """Return one player's sums, with the GUID for a name."""
        sums, args = summed(server, since, hidden)
        rows = await self._db.fetch(f"{_SUMMED_UP} {sums} AND p.guid = ? GROUP BY p.guid", (*args, guid))
        return totals_of(rows[0]) if rows else None

    async def weapons(
        self, guid: str, server: str | None, since: datetime | None, hidden: Sequence[str], limit: int = 5
    ) -> list[Row]:
        """Return the weapons with which a player killed most."""
        where, args = summed_where(server, since, hidden)
        return await self._db.fetch(
            "SELECT p.weapon, sum(p.kills) AS kills, sum(p.hits) AS hits, sum(p.shots) AS shots FROM weapon_days p "
            f"WHERE p.guid = ? AND {where} GROUP BY p.weapon HAVING sum(p.kills) > 0 "
            f"ORDER BY sum(p.kills) DESC, p.weapon LIMIT {int(limit)}",
            (guid, *args),
        )

    async def names(self, guid: str, hidden: Sequence[str]) -> list[Row]:
        """Return the names a player has used where the guild sees it, the latest first."""
        where, args = visible(hidden, "p")
        return await self._db.fetch(
            f"SELECT p.name, max(p.last_seen) AS seen FROM player_sightings p WHERE p.guid = ? AND {where} "
            "GROUP BY p.name ORDER BY seen DESC, p.name LIMIT 6",
            (guid, *args),
        )

    async def last_names(self, guids: Sequence[str], hidden: Sequence[str]) -> dict[str, str]:
        """Return the last name of each of these players where the guild sees it."""
        where, args = visible(hidden, "p")
        rows = await self._db.fetch(
            f"SELECT p.guid, p.name FROM player_sightings p WHERE p.guid IN ({marks(len(guids))}) AND {where} "
            "ORDER BY p.last_seen, p.name",
            (*guids, *args),
        )
        return {row["guid"]: row["name"] for row in rows}

    async def awards(self, round_id: int) -> list[Row]:
        """Return a round's awards with the names of the players."""
        return await self._db.fetch(
            "SELECT a.award, a.value, a.guid, coalesce(p.name, a.guid) AS name FROM awards a "
            "LEFT JOIN player_rounds p ON p.round_id = a.round_id AND p.guid = a.guid "
            "WHERE a.round_id = ? ORDER BY a.award",
            (round_id,),
        )

    async def with_awards(self, hidden: Sequence[str]) -> Row | None:
        """Return the latest round that has awards: of the last that were played, else of the last with awards."""
        found = await self._newest_round(hidden, "1 = 1", LOOKED_AT, _HAS_AWARDS)
        if found is not None:
            return found
        where, args = visible(hidden, "x")
        rows = await self._db.fetch(_LATEST.format(ids=_LAST_AWARDS, where=where), args)
        return rows[0] if rows else None

    async def newest(
        self, table: str, at: str, where: str, hidden: Sequence[str], limit: int, server: str | None = None
    ) -> tuple[str, tuple[Any, ...]]:
        """Return what selects the ids of the newest rows ``x`` of *table*, of each server that is seen."""
        some = f"SELECT n.id FROM (SELECT x.id FROM {table} x WHERE {where} {{}} ORDER BY x.{at} DESC LIMIT {limit}) n"
        if not hidden and server is None:
            return some.format(""), ()
        seen = [one for one in await visible_servers(self._db, hidden) if server in (None, one)][:MOST_SERVERS]
        return " UNION ALL ".join([some.format("AND x.server = ?")] * len(seen)) or "NULL", tuple(seen)

    async def _newest_round(self, hidden: Sequence[str], where: str, limit: int, needed: str = "1 = 1") -> Row | None:
        ids, args = await self.newest("rounds", "played_at", where, hidden, limit)
        rows = await self._db.fetch(_LATEST.format(ids=ids, where=needed), args)
        return rows[0] if rows else None


_NO_SUMS = frozenset({"guid", "name", "rounds", "value", "raw_name", "round_id", "side"})


def _ratio(part: int | None, whole: int | None, factor: float = 1) -> float | None:
    return part * factor / whole if part is not None and whole else None


def visible(hidden: Sequence[str], table: str = "r") -> tuple[str, tuple[Any, ...]]:
    """Return the condition that a row (of *table*) is of a server that is not hidden, and its arguments."""
    return (f"{table}.server NOT IN ({marks(len(hidden))})", tuple(hidden)) if hidden else ("1 = 1", ())


def summed(server: str | None, since: datetime | None, hidden: Sequence[str]) -> tuple[str, tuple[Any, ...]]:
    """Return the table to add up, with its condition: players' days (whole ones, of UTC) or their totals, as ``p``."""
    where, args = summed_where(server, since, hidden)
    return f"{'player_days' if since else 'player_totals'} p WHERE {where}", args


def summed_where(server: str | None, since: datetime | None, hidden: Sequence[str]) -> tuple[str, tuple[Any, ...]]:
    """Return the condition that a row ``p`` of sums is in scope, and its arguments."""
    where, args = visible(hidden, "p")
    if server:
        where, args = f"{where} AND p.server = ?", (*args, server)
    if since:
        where, args = f"{where} AND p.day >= ?", (*args, day_of(since))
    return where, args
