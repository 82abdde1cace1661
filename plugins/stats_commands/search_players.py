"""Finds players by what is typed: a part of any of their names, something like one, half a GUID, or nothing.

A name counts only where it was used on a server that the guild sees. Looked at are who played last, and who shares the
rarest parts with what is typed: never more than a few hundred people, however many are stored.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from roundhook.commands import Nearness, nearness, ranked
from roundhook.db import Database, marks
from roundhook.rounds import name_key, name_parts

from .seen import MOST_SERVERS, fetch_parts, visible_servers

MOST = 25
RECENT, ALIKE = 200, 150
"""Of so many people the names are compared: who played last, and who shares most with what is typed."""
_SAME_PART = 600
"""People of one part that are looked at."""
_MOST_PARTS = 16
_MOST_SIGHTINGS = 8000
_LEAST = MOST
"""Of each server so many people are looked at, however many servers there are."""
_END = "\U0010ffff"
"""Behind whatever begins with what stands before it."""
GUID = 8
_HALF_GUID, _BLANK = re.compile(r"[0-9A-F]{3,32}"), re.compile(r"\s+")
_FAR = Nearness(4)
_RECENT = "SELECT guid FROM player_sightings WHERE server = ? ORDER BY last_seen DESC LIMIT {most}"
_BY_GUID = f"SELECT guid FROM player_sightings WHERE guid >= ? AND guid < ? ORDER BY guid LIMIT {RECENT}"
_PART = f"FROM name_parts WHERE part >= ? AND part < ? LIMIT {_SAME_PART}"
_WITH_PART = f"SELECT guid, 1.0 / (SELECT count(*) FROM (SELECT 1 {_PART}) AS those) AS weight {_PART}"
_RAREST = f"""
    SELECT guid, sum(weight) AS weight FROM ({{parts}}) AS found
    GROUP BY guid ORDER BY weight DESC, guid LIMIT {ALIKE}"""
_SIGHTINGS = f"""
    SELECT guid, name, max(last_seen) AS last_seen FROM (
        SELECT guid, server, name, last_seen FROM player_sightings
        WHERE guid IN ({{guids}}) LIMIT {_MOST_SIGHTINGS}) AS seen
    WHERE server IN ({{servers}}) GROUP BY guid, name"""


Moment = datetime | str
"""A time as the database gives it: to be compared with others, and for ``utc``."""


class Found(NamedTuple):
    """A player who may be meant."""

    guid: str
    name: str
    """The last one."""
    last_seen: Moment
    near: Nearness
    fits: str
    """The name, or the GUID, that fits what was typed."""


class PlayerSearch:
    """Finds; *hidden* are the servers that a guild does not see."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(self, typed: str, hidden: Sequence[str], most: int = MOST) -> list[Found]:
        """Return who may be meant, the nearest first and of these who played last."""
        if not (servers := await visible_servers(self._db, hidden)):
            return []
        key, guid = name_key(typed.rstrip("^")), _BLANK.sub("", typed).upper()
        guid = guid[:GUID] if _HALF_GUID.fullmatch(guid) else ""
        guids = await self._recent(servers[:MOST_SERVERS])
        if key:
            guids |= await self._alike(key)
        if guid:
            guids |= {row["guid"] for row in await self._db.fetch(_BY_GUID, (guid, guid + "Z"))}
        people = [_nearest(key, guid, one, names) for one, names in (await self._names(guids, servers)).items()]
        people.sort(key=lambda one: str(one.last_seen), reverse=True)
        return ranked(people, lambda one: one.near if one.near.kind < _FAR.kind else None)[:most]

    async def _recent(self, servers: Sequence[str]) -> set[str]:
        sql = _RECENT.format(most=max(RECENT // len(servers), _LEAST))
        return {row["guid"] for row in await fetch_parts(self._db, [(sql, (server,)) for server in servers])}

    async def _alike(self, key: str) -> set[str]:
        """Return who shares most with what was typed; what few names have weighs most."""
        parts = sorted(name_parts(key)) if len(key) > 2 else [key, f" {key}"]
        found = [(_WITH_PART, (part, part + _END) * 2) for part in parts[:_MOST_PARTS]]
        return {row["guid"] for row in await fetch_parts(self._db, found, _RAREST)}

    async def _names(self, guids: set[str], servers: Sequence[str]) -> dict[str, dict[str, Moment]]:
        """Return the names of these people on these servers, each with when it was seen last."""
        sql = _SIGHTINGS.format(guids=marks(len(guids)) or "NULL", servers=marks(len(servers)))
        people: defaultdict[str, dict[str, Moment]] = defaultdict(dict)
        for row in await self._db.fetch(sql, (*sorted(guids), *servers)):
            people[row["guid"]][row["name"]] = row["last_seen"]
        return people


def _nearest(key: str, guid: str, one: str, names: Mapping[str, Moment]) -> Found:
    latest = sorted(names, key=lambda name: (str(names[name]), name), reverse=True)
    near, _, fits = min((nearness(key, name_key(name)) or _FAR, place, name) for place, name in enumerate(latest))
    if guid and one.startswith(guid):
        near, fits = min((near, fits), (Nearness(0 if one == guid else 1), one))
    return Found(one, latest[0], names[latest[0]], near, fits)
