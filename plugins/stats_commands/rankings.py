"""Who is best in what, read from the players' sums of a scope. What a player needs is said in ``samples``."""

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from roundhook.db import Database, Row, marks
from roundhook.rounds import day_of

from .queries import summed
from .samples import NO_SAMPLE, NOTHING, Sample

_VALUES = {
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
CATEGORIES = tuple(_VALUES)
RATES = ("dpm", "kd", "accuracy")
MOST_PLACES = 200
"""Of a category on a board; who is further down is told his place when he asks."""
_MADE_OF = "sum(p.rounds) AS rounds, sum(p.time_played_seconds) AS seconds, sum(p.shots) AS shots"
_EVERYBODY = f"""
    WITH s AS (SELECT min(p.guid) AS guid, {_MADE_OF}, {{values}} FROM {{sums}} GROUP BY {{player}})"""
_RANKED = """
    FROM s WHERE {category}_ IS NOT NULL AND rounds >= ? AND coalesce(seconds, 0) >= ?
    AND coalesce(shots, 0) >= ? * rounds"""
_BEST = f"""
    SELECT * FROM (SELECT '{{category}}' AS category, guid, {{category}}_ AS value, rounds, seconds, shots {_RANKED}
        ORDER BY value DESC, guid LIMIT {{most}}) {{category}}_best"""
_LIST = {"sqlite": "json_group_array", "postgres": "json_agg"}
_MIDDLE = """
    WITH s AS (
        SELECT sum(p.rounds) AS rounds, sum(p.time_played_seconds) AS seconds,
            1.0 * coalesce(sum(p.shots), 0) / sum(p.rounds) AS shots
        FROM {sums} GROUP BY {player} HAVING sum(p.time_played_seconds) > 0),
    n AS (SELECT count(*) AS people FROM s)
    SELECT max(rounds) AS rounds, max(seconds) AS longest,
        (SELECT avg(seconds) FROM (SELECT seconds FROM s ORDER BY seconds {middle}) m) AS seconds,
        (SELECT avg(shots) FROM (SELECT shots FROM s ORDER BY shots {middle}) m) AS shots FROM s"""
"""The most that somebody has, and what those in the middle have: the medians of time and of shots a round."""
_VERSIONS = """
    WITH RECURSIVE seen (server) AS (
        SELECT min(server) FROM player_totals
        UNION ALL SELECT (SELECT min(t.server) FROM player_totals t WHERE t.server > s.server) FROM seen s
        WHERE s.server IS NOT NULL)
    SELECT server, coalesce((SELECT max(t.version) FROM player_totals t WHERE t.server = s.server), 0) AS version
    FROM seen s WHERE server IS NOT NULL ORDER BY server"""
_IN_THE_MIDDLE = "LIMIT 2 - (SELECT people FROM n) % 2 OFFSET ((SELECT people FROM n) - 1) / 2"


class Scope(NamedTuple):
    """Which rounds count: of one server or all, since a day or ever, without servers that a guild does not see."""

    server: str | None
    since: datetime | None
    hidden: Sequence[str]

    @property
    def player(self) -> str:
        """What the sums are grouped by: days are read by day, not all of each player to look for his."""
        return "p.guid || ''" if self.since else "p.guid"


class Place(NamedTuple):
    """A player on a board, and what his value is made of."""

    guid: str
    value: float
    rounds: int
    seconds: int | None
    shots: int | None


class Rankings:
    """Reads rankings."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def samples(self, scope: Scope) -> dict[str, Sample]:
        """Return what a player needs to be ranked, by category."""
        sums, args = summed(*scope)
        sql = _MIDDLE.format(sums=sums, player=scope.player, middle=_IN_THE_MIDDLE)
        (row,) = await self._db.fetch(sql, args)
        rates = {category: Sample.of(row, shots=category == "accuracy") for category in RATES}
        return dict.fromkeys(CATEGORIES, NO_SAMPLE) | rates

    async def best(self, scope: Scope, samples: Mapping[str, Sample]) -> dict[str, list[Place]]:
        """Return the best players of each category who have its sample; everybody's sums are added up once."""
        sql, args = _everybody(scope, CATEGORIES)
        sql += " UNION ALL ".join(_BEST.format(category=category, most=MOST_PLACES) for category in CATEGORIES)
        needed = [value for category in CATEGORIES for value in samples[category].needed]
        found: dict[str, list[Place]] = {category: [] for category in CATEGORIES}
        for row in await self._db.fetch(sql, (*args, *needed)):
            found[row["category"]].append(_place(row))
        return {category: in_order(places) for category, places in found.items()}

    async def of(self, guids: Sequence[str], scope: Scope, samples: Mapping[str, Sample]) -> dict[str, list[Place]]:
        """Return what these players have in each category for which it is enough."""
        sql, args = _everybody(scope, CATEGORIES, guids)
        found: dict[str, list[Place]] = {category: [] for category in CATEGORIES}
        for row in await self._db.fetch(f"{sql} SELECT * FROM s", args):
            for category in CATEGORIES:
                place = _place(row | {"value": row[f"{category}_"]}) if row[f"{category}_"] is not None else None
                if place and samples[category].admits(place.rounds, place.seconds, place.shots):
                    found[category].append(place)
        return found

    async def versions(self, server: str | None, hidden: Sequence[str]) -> tuple[tuple[str, int], ...]:
        """Return the highest version of the totals of each server that counts."""
        rows = await self._db.fetch(_VERSIONS)
        return tuple(
            (row["server"], row["version"])
            for row in rows
            if row["server"] not in hidden and server in (None, row["server"])
        )

    async def changed(self, scope: Scope, versions: Mapping[str, int], first_day: str | None) -> set[str]:
        """Return whose sums have changed since the totals had these *versions* and the days began with *first_day*."""
        newer = "SELECT guid FROM player_totals WHERE server = ? AND version > ?"
        found: set[str] = set()
        for server, _ in await self.versions(scope.server, scope.hidden):
            found.update(row["guid"] for row in await self._db.fetch(newer, (server, versions.get(server, 0))))
        if scope.since and first_day and (day := day_of(scope.since)) > first_day:
            over = "SELECT DISTINCT guid FROM player_days WHERE day >= ? AND day < ?"
            found.update(row["guid"] for row in await self._db.fetch(over, (first_day, day)))
        return found

    async def values(self, category: str, scope: Scope, sample: Sample) -> "array[float]":
        """Return what all have who are ranked in a category, the least first."""
        sql, args = _everybody(scope, [category])
        sql += f"SELECT {_LIST[self._db.dialect]}(CAST({category}_ AS DOUBLE PRECISION)) AS found"
        (row,) = await self._db.fetch(sql + _RANKED.format(category=category), (*args, *sample.needed))
        return array("d", sorted(json.loads(row["found"] or "[]")))

    async def own(self, guid: str, category: str, scope: Scope) -> Place | None:
        """Return what one player has in a category, whether it is enough or not; None without a value."""
        return next(iter((await self.of([guid], scope, dict.fromkeys(CATEGORIES, NOTHING)))[category]), None)


def in_order(places: Iterable[Place]) -> list[Place]:
    """Return places as they stand on a board."""
    return sorted(places, key=lambda one: (-one.value, one.guid))


def _everybody(scope: Scope, categories: Sequence[str], guids: Sequence[str] = ()) -> tuple[str, tuple[Any, ...]]:
    """Return how a statement begins that reads ``s``: each player's (or these ones') sums and values by category."""
    sums, args = summed(*scope)
    values, player = ", ".join(f"{_VALUES[category]} AS {category}_" for category in categories), scope.player
    if guids:
        sums, args, player = f"{sums} AND p.guid IN ({marks(len(guids))})", (*args, *guids), "p.guid"
    return _EVERYBODY.format(values=values, sums=sums, player=player), args


def _place(row: Row) -> Place:
    seconds, shots = (None if row[name] is None else int(row[name]) for name in ("seconds", "shots"))
    return Place(row["guid"], float(row["value"]), int(row["rounds"]), seconds, shots)
