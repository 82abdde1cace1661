"""Finds rounds by what is typed: a number, a map or something like it, ``R1`` or ``R2``, a day, a server, or several.

Looked at are the latest rounds, and the latest of the maps that fit: however many are stored, a few hundred.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from roundhook import Clock
from roundhook.commands import fitting, plain
from roundhook.db import Database, Row, marks

from .days import days_of
from .queries import MAX_ID
from .seen import ALL, MOST_SERVERS, Part, fetch_parts, visible_servers

MOST = 25
_MAPS_KNOWN = 1000
_MAPS_LIKE = 6
"""Of so many maps the rounds are looked at."""
_DIGITS = len(str(MAX_ID))
_DAY_WORDS = 3
"""Words of the longest day: ``23 oct 2025``."""
_MAPS = f"""
    WITH RECURSIVE found (name) AS (
        SELECT min(map_name) FROM rounds WHERE status <> 'empty' UNION ALL
        SELECT (SELECT min(n.map_name) FROM rounds n WHERE n.map_name > found.name AND n.status <> 'empty')
        FROM found WHERE found.name IS NOT NULL)
    SELECT name FROM found WHERE name IS NOT NULL {{played}} LIMIT {_MAPS_KNOWN}"""
_PLAYED = """AND EXISTS (
    SELECT 1 FROM rounds p WHERE p.map_name = found.name AND p.server IN ({servers}) AND p.status <> 'empty')"""
_COLUMNS = "SELECT id, server, map_name, round_number, played_at, status FROM rounds"
_ROUND = f"{_COLUMNS} WHERE status <> 'empty'"
_WHERE = "server = ? AND round_number = ? AND played_at >= ? AND played_at < ?"
_LATEST = "ORDER BY played_at DESC LIMIT"
_OF_IDS = f"{_COLUMNS} WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT {MOST}"
_BESIDE = (
    f"SELECT id, server FROM rounds WHERE id < ? ORDER BY id DESC LIMIT {MOST}",
    f"SELECT id, server FROM rounds WHERE id > ? ORDER BY id LIMIT {MOST}",
)
_SORTED = f"ORDER BY played_at DESC, id DESC LIMIT {MOST}"
_ALL = f"{ALL} {_SORTED}"
_WITH_AWARDS = f"{ALL} WHERE EXISTS (SELECT 1 FROM awards a WHERE a.round_id = x.id) {_SORTED}"
_OF_MANY = 4
"""Of so many times as many rounds those with awards are taken."""
_EVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_SECOND = re.compile(r"\br(?:ound)?\s?([12])\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for: each part may be missing."""

    id: str = ""
    """Digits that a round's number begins with."""
    number: int | None = None
    day: str = ""
    server: str = ""
    maps: Sequence[str] | None = None
    """The nearest first; None: any."""
    only_like: bool = False
    """Whether none of them holds what was typed."""

    def groups(self) -> Sequence[Sequence[str]]:
        """Return the maps of which the latest rounds go before those of the next."""
        return [[name] for name in self.maps or ()] if self.only_like else [self.maps or ()]


def asked_of(typed: str, maps: Sequence[str], servers: Collection[str], today: date) -> Asked:
    """Return what is asked for; a word that a map's name holds is that map, not a day."""
    text = _SECOND.sub(" ", typed)
    number = next((int(found[1]) for found in _SECOND.finditer(typed)), None)
    words = text.split()
    server = next((name for word in words for name in servers if plain(word) == plain(name)), "")
    words = [word for word in words if not server or plain(word) != plain(server)]
    day, words = _day_in(words, maps, today)
    left = " ".join(words)
    digits = left if left.isascii() and left.isdigit() and len(left) <= _DIGITS else ""
    only_like = bool(left) and not any(plain(left) in plain(name) for name in maps)
    return Asked(digits, number, day, server, fitting(left, maps, _MAPS_LIKE) if left else None, only_like)


def _day_in(words: list[str], maps: Sequence[str], today: date) -> tuple[str, list[str]]:
    """Return the words that mean a day, and the others."""
    for count in range(_DAY_WORDS, 0, -1):
        for start in range(len(words) - count + 1):
            text = " ".join(words[start : start + count])
            if days_of(text, today) and not any(plain(text) in plain(name) for name in maps):
                return text, [*words[:start], *words[start + count :]]
    return "", words


class RoundSearch:
    """Finds; *hidden* are the servers that a guild does not see, *zones* the servers'."""

    def __init__(self, db: Database, clock: Clock, zones: Mapping[str, ZoneInfo]) -> None:
        self._db, self._clock, self._zones = db, clock, zones

    async def find(self, typed: str, hidden: Sequence[str], *, with_awards: bool = False) -> list[Row]:
        """Return the rounds that fit: of the number that was typed, then the latest."""
        servers = await visible_servers(self._db, hidden)
        maps = await self._maps(servers[:MOST_SERVERS] if hidden else ()) if typed.strip() else []
        asked = asked_of(typed, maps, servers, self.today())
        around = _WITH_AWARDS if with_awards else _ALL
        most = _OF_MANY * MOST if with_awards else MOST
        numbers = list(_by_id(asked.id))
        rows = await fetch_parts(self._db, numbers[:1], around) + await fetch_parts(self._db, numbers[1:], around)
        for some in asked.groups():
            if len(rows) < MOST:
                rows += await fetch_parts(self._db, list(self._parts(asked, some, servers, most)), around)
        seen = {row["id"]: row for row in rows if row["server"] in servers and row["status"] != "empty"}
        return list(seen.values())[:MOST]

    async def near(self, number: int, hidden: Sequence[str]) -> list[int]:
        """Return the numbers before and after one that is none, of rounds that may be seen."""
        where = min(max(number, 0), MAX_ID)
        rows = await fetch_parts(self._db, [(sql, (where,)) for sql in _BESIDE])
        seen = sorted(row["id"] for row in rows if row["server"] not in hidden)
        return [*[one for one in seen if one < number][-1:], *[one for one in seen if one > number][:1]]

    def today(self) -> date:
        """Return the day (of UTC) by which it is told whether words mean one."""
        return self._clock.now().date()

    def local(self, server: str, moment: datetime) -> datetime:
        """Return a moment by a server's clock."""
        return moment.astimezone(self._zones.get(server, ZoneInfo("UTC")))

    def span(self, day: str, server: str) -> tuple[datetime, datetime]:
        """Return from when to when *day* (in words, "" any) is on a server."""
        days = days_of(day, self.local(server, self._clock.now()).date()) if day else None
        if days is None:
            return _EVER
        zone = self._zones.get(server, ZoneInfo("UTC"))
        ends = (days.first, days.last + timedelta(days=1))
        first, last = (datetime.combine(one, time(), zone).astimezone(UTC) for one in ends)
        return first, last

    async def _maps(self, servers: Sequence[str]) -> list[str]:
        """Return the maps that there are, with *servers* those played there: others would take their places."""
        played = _PLAYED.format(servers=marks(len(servers))) if servers else ""
        return [row["name"] for row in await self._db.fetch(_MAPS.format(played=played), servers)]

    def _parts(self, asked: Asked, maps: Sequence[str], servers: Sequence[str], most: int) -> Iterator[Part]:
        for server in [asked.server] if asked.server else servers[:MOST_SERVERS]:
            for number in [asked.number] if asked.number else (1, 2):
                rest = (server, number, *self.span(asked.day, server))
                if asked.maps is None:
                    yield f"{_ROUND} AND {_WHERE} {_LATEST} {most}", rest
                for name in maps:
                    yield f"{_ROUND} AND map_name = ? AND {_WHERE} {_LATEST} {most}", (name, *rest)


def _by_id(digits: str) -> Iterator[Part]:
    """Give the rounds whose numbers begin with these digits."""
    first = last = int(digits or 0)
    while 0 < last <= MAX_ID:
        yield _OF_IDS, (first, last)
        first, last = first * 10, last * 10 + 9
