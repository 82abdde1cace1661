"""What the commands read. Ratios are computed here and nowhere else; what is ranked is said in ``samples``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from roundhook.db import Database, Row, marks
from roundhook.rounds import SUMMED, WITHOUT_BOTS, day_of

from .samples import NO_SAMPLE, Sample

_SUMS = ", ".join(f"sum(p.{name}) AS {name}" for name in SUMMED)
_CATEGORIES = {
    "dpm": "1.0 * sum(p.damage_given) * 60 / nullif(sum(p.time_played_seconds), 0)",
    "kd": "1.0 * sum(p.kills) / CASE WHEN sum(p.deaths) = 0 THEN 1 ELSE sum(p.deaths) END",
    "kills": "sum(p.kills)",
    "damage": "sum(p.damage_given)",
    "headshots": "sum(p.headshots)",
    "accuracy": "1.0 * sum(p.hits) / nullif(sum(p.shots), 0)",
    "revives": "sum(p.revives_given)",
    "gibs": "sum(p.gibs)",
    "rounds": "sum(p.rounds)",
}
CATEGORIES = tuple(_CATEGORIES)
RATES = ("dpm", "kd", "accuracy")
MAX_ID = 2**31 - 1
NAME = "(SELECT one.name FROM players one WHERE one.guid = p.guid)"
"""The last name that a player was seen with."""
PLAYED = "FROM player_rounds p JOIN rounds r ON r.id = p.round_id"
_ENOUGH = (
    "sum(p.rounds) >= ? AND coalesce(sum(p.time_played_seconds), 0) >= ? "
    "AND coalesce(sum(p.shots), 0) >= ? * sum(p.rounds)"
)
_MIDDLE = """
    WITH s AS (
        SELECT sum(p.rounds) AS rounds, sum(p.time_played_seconds) AS seconds,
            1.0 * sum(p.shots) / sum(p.rounds) AS shots FROM {sums} GROUP BY p.guid),
    placed AS (
        SELECT s.*, count(*) OVER () AS people, row_number() OVER (ORDER BY seconds) AS by_seconds,
            row_number() OVER (ORDER BY coalesce(shots, 0)) AS by_shots FROM s WHERE seconds > 0)
    SELECT max(rounds) AS rounds, max(seconds) AS longest,
        avg(CASE WHEN by_seconds IN ((people + 1) / 2, (people + 2) / 2) THEN seconds END) AS seconds,
        avg(CASE WHEN by_shots IN ((people + 1) / 2, (people + 2) / 2) THEN shots END) AS shots FROM placed"""
"""The most that somebody has, and what those in the middle have: the medians of time and of shots a round."""
_SUMMED_UP = f"SELECT p.guid, {NAME} AS name, sum(p.rounds) AS rounds, {_SUMS} FROM"


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
        if round_id is not None and not 0 < round_id <= MAX_ID:
            return None
        if round_id is not None:
            rows = await self._db.fetch(f"SELECT * FROM rounds r WHERE id = ? AND {where}", (round_id, *args))
        else:
            rows = await self._db.fetch(
                f"SELECT * FROM rounds r WHERE status <> 'empty' AND {where} ORDER BY played_at DESC LIMIT 1", args
            )
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
        """Return one player's sums."""
        sums, args = _sums(server, since, hidden)
        rows = await self._db.fetch(f"{_SUMMED_UP} {sums} AND p.guid = ? GROUP BY p.guid", (*args, guid))
        return totals_of(rows[0]) if rows else None

    async def weapons(
        self, guid: str, server: str | None, since: datetime | None, hidden: Sequence[str], limit: int = 5
    ) -> list[Row]:
        """Return the weapons with which a player killed most."""
        where, args = _scope(server, since, hidden)
        rows = f"weapon_rounds p JOIN rounds r ON r.id = p.round_id WHERE r.status = 'ok' AND {where}"
        if not args:  # of all rounds few do not count, and there is an index of them
            rows = "weapon_rounds p WHERE p.round_id NOT IN (SELECT r.id FROM rounds r WHERE r.status <> 'ok')"
        return await self._db.fetch(
            "SELECT p.weapon, sum(p.kills) AS kills, sum(p.hits) AS hits, sum(p.shots) AS shots "
            f"FROM {rows} AND p.guid = ? AND {WITHOUT_BOTS} "
            f"GROUP BY p.weapon HAVING sum(p.kills) > 0 ORDER BY sum(p.kills) DESC, p.weapon LIMIT {int(limit)}",
            (*args, guid),
        )

    async def names(self, guid: str) -> list[Row]:
        """Return the names a player has used, the latest first."""
        return await self._db.fetch(
            "SELECT name, last_seen FROM player_names WHERE guid = ? ORDER BY last_seen DESC LIMIT 6", (guid,)
        )

    async def sample(self, category: str, server: str | None, since: datetime | None, hidden: Sequence[str]) -> Sample:
        """Return what a player needs to be ranked in a category."""
        if category not in RATES:
            return NO_SAMPLE
        sums, args = _sums(server, since, hidden)
        rows = await self._db.fetch(_MIDDLE.format(sums=sums), args)
        return Sample.of(rows[0], shots=category == "accuracy")

    async def top(
        self, category: str, server: str | None, since: datetime | None, hidden: Sequence[str], *,
        sample: Sample = NO_SAMPLE, limit: int = 10,
    ) -> list[tuple[Totals, float]]:  # fmt: skip
        """Return the best players of a category who have the *sample*, with their values."""
        sums, args = _sums(server, since, hidden)
        best = await self._db.fetch(
            f"SELECT p.guid, {_CATEGORIES[category]} AS value FROM {sums} GROUP BY p.guid "
            f"HAVING {_ENOUGH} AND {_CATEGORIES[category]} IS NOT NULL "
            f"ORDER BY value DESC, p.guid LIMIT {int(limit)}",
            (*args, sample.rounds, sample.seconds, sample.shots),
        )
        guids = [row["guid"] for row in best]
        these = f"{_SUMMED_UP} {sums} AND p.guid IN ({marks(len(guids)) or 'NULL'}) GROUP BY p.guid"
        totals = {row["guid"]: totals_of(row) for row in await self._db.fetch(these, (*args, *guids))}
        return [(totals[row["guid"]], float(row["value"])) for row in best if row["guid"] in totals]

    async def awards(self, round_id: int) -> list[Row]:
        """Return a round's awards with the names of the players."""
        return await self._db.fetch(
            "SELECT a.award, a.value, a.guid, coalesce(p.name, a.guid) AS name FROM awards a "
            "LEFT JOIN player_rounds p ON p.round_id = a.round_id AND p.guid = a.guid "
            "WHERE a.round_id = ? ORDER BY a.award",
            (round_id,),
        )

    async def with_awards(self, hidden: Sequence[str]) -> Row | None:
        """Return the latest round that has awards."""
        where, args = visible(hidden)
        rows = await self._db.fetch(
            "SELECT * FROM rounds r WHERE EXISTS (SELECT 1 FROM awards a WHERE a.round_id = r.id) "
            f"AND {where} ORDER BY r.played_at DESC LIMIT 1",
            args,
        )
        return rows[0] if rows else None


_NO_SUMS = frozenset({"guid", "name", "rounds", "value", "raw_name", "round_id", "side"})


def _ratio(part: int | None, whole: int | None, factor: float = 1) -> float | None:
    return part * factor / whole if part is not None and whole else None


def visible(hidden: Sequence[str], table: str = "r") -> tuple[str, tuple[Any, ...]]:
    """Return the condition that a row (of *table*) is of a server that is not hidden, and its arguments."""
    return (f"{table}.server NOT IN ({marks(len(hidden))})", tuple(hidden)) if hidden else ("1 = 1", ())


def _scope(server: str | None, since: datetime | None, hidden: Sequence[str]) -> tuple[str, tuple[Any, ...]]:
    where, args = visible(hidden)
    if server:
        where, args = f"{where} AND r.server = ?", (*args, server)
    if since:
        where, args = f"{where} AND r.played_at >= ?", (*args, since.replace(hour=0, minute=0, second=0, microsecond=0))
    return where, args


def _sums(server: str | None, since: datetime | None, hidden: Sequence[str]) -> tuple[str, tuple[Any, ...]]:
    """Return the table to add up, with its condition: players' days (whole ones, of UTC) or their totals, as ``p``."""
    where, args = visible(hidden, "p")
    if server:
        where, args = f"{where} AND p.server = ?", (*args, server)
    if since:
        where, args = f"{where} AND p.day >= ?", (*args, day_of(since))
    return f"{'player_days' if since else 'player_totals'} p WHERE {where}", args
