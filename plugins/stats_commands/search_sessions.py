"""Finds evenings by what is typed: a day, a server, or both; and those nearest to a day that has none."""

import re
from collections.abc import Sequence
from datetime import timedelta

from roundhook.db import Database, Row, marks, utc
from roundhook.rounds import PEOPLE

from .search_rounds import RoundSearch, asked_of
from .seen import MOST_SERVERS, Part, fetch_parts, visible_servers

MOST = 25
NUMBER = re.compile(r" ?#(\d{1,9})\s*$")
"""How an evening is called behind its day, where that has several."""
_COUNTED = 1000
"""Rounds of a session that are counted: a server that never pauses has sessions of thousands."""
_LOOKED_AT = 50
"""Whole rounds of a session among which one with people is looked for."""
_SESSION = "SELECT id, server, started_at, ended_at FROM sessions WHERE server = ?"
_LATEST = f"{_SESSION} AND started_at >= ? AND started_at < ? ORDER BY started_at DESC LIMIT {MOST}"
_BEFORE = f"{_SESSION} AND started_at < ? ORDER BY started_at DESC LIMIT 3"
_AFTER = f"{_SESSION} AND started_at >= ? ORDER BY started_at LIMIT 3"
_ONE = f"{_SESSION} AND id = ? LIMIT 1"
_BESIDE = (
    "SELECT id, server, started_at FROM sessions WHERE server IN ({servers}) AND started_at > ? AND started_at < ? "
    f"ORDER BY started_at LIMIT {_LOOKED_AT}"
)
_DAY = timedelta(days=1)
_WITH_PEOPLE = f"""
    SELECT s.*, (SELECT count(*) FROM (
        SELECT 1 FROM rounds n WHERE n.session_id = s.id AND n.status <> 'empty' LIMIT {_COUNTED}) AS counted) AS rounds
    FROM (SELECT x.* FROM ({{parts}}) AS x WHERE EXISTS (
        SELECT 1 FROM (SELECT id, status FROM rounds WHERE session_id = x.id AND status = 'ok' LIMIT {_LOOKED_AT}) AS r
        JOIN player_rounds p ON p.round_id = r.id WHERE {PEOPLE})
        ORDER BY x.started_at DESC, x.id DESC LIMIT {MOST}) AS s"""


class SessionSearch:
    """Finds; *hidden* are the servers that a guild does not see, *rounds* knows the servers' days."""

    def __init__(self, db: Database, rounds: RoundSearch) -> None:
        self._db, self._rounds = db, rounds

    async def find(self, typed: str, hidden: Sequence[str], server: str | None = None) -> list[Row]:
        """Return the evenings that fit, with ``rounds``, the latest first."""
        servers = await visible_servers(self._db, hidden)
        asked = asked_of(NUMBER.sub("", typed), servers, servers, self._rounds.today())
        wanted = [server] if server else [asked.server] if asked.server else asked.maps
        seen = servers if wanted is None else [one for one in wanted if one in servers]
        return await self.of_day(asked.day, seen[:MOST_SERVERS])

    async def beside(self, sessions: Sequence[Row], hidden: Sequence[str], server: str | None = None) -> list[Row]:
        """Return all that have begun at most a day before or after one of these, themselves among them."""
        servers = [server] if server else (await visible_servers(self._db, hidden))[:MOST_SERVERS]
        sql, began = _BESIDE.format(servers=marks(len(servers))), [utc(row["started_at"]) for row in sessions]
        parts = [(sql, (*servers, one - _DAY, one + _DAY)) for one in began if one]
        return list({row["id"]: row for row in await fetch_parts(self._db, parts)}.values())

    async def numbered(self, number: int, servers: Sequence[str]) -> list[Row]:
        """Return the evening of a number, if it was on one of these servers."""
        return await self._with_people([(_ONE, (one, number)) for one in servers])

    async def of_day(self, day: str, servers: Sequence[str]) -> list[Row]:
        """Return the evenings that began on a day (in words, "" any), by each server's clock."""
        parts = [(_LATEST, (one, *self._rounds.span(day, one))) for one in servers]
        return await self._with_people(parts)

    async def near(self, day: str, servers: Sequence[str]) -> list[Row]:
        """Return the evenings before and after a day that has none."""
        spans = [(one, *self._rounds.span(day, one)) for one in servers]
        before = await self._with_people([(_BEFORE, (one, first)) for one, first, _ in spans])
        after = await self._with_people([(_AFTER, (one, last)) for one, _, last in spans])
        return [*before[:1], *after[-1:]]

    async def _with_people(self, parts: Sequence[Part]) -> list[Row]:
        return await fetch_parts(self._db, parts, _WITH_PEOPLE) if parts else []
