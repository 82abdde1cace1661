"""An invented history for measuring reads: evenings of three years on four servers, and a server that never pauses.

A few people play very often and most of them seldom; there are ten times as many people in ten times as many rows.
Ten million player rows take a few minutes: one evening after the other is made, the weapons by the database.
"""

import importlib
import importlib.util
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from core.db import Database
from core.db import tables as core_tables
from core.db.tables import columns_of
from core.rounds import rollups
from core.rounds import tables as round_tables
from core.rounds.tables import (
    Award,
    Match,
    Player,
    PlayerName,
    PlayerRound,
    Round,
    Session,
    SessionPlayer,
    SessionTeam,
    StatsFile,
)  # fmt: skip

YEARS = 3
SERVERS = ("eu1", "eu2", "us1", "au1")
ENDLESS = "mill"
"""The server that never pauses: its rounds are one session of thousands."""
ENDLESS_SHARE = 0.05
"""Of all rounds."""
PEOPLE_SHARE = 1 / 200
"""People for each player row."""
ROUNDS_OF_EVENING = 16
CHUNK = 20_000
WEAPONS = ("colt", "grenade", "luger", "mp40", "thompson")
MAPS = ("supply", "te_escape2", "etl_adlernest", "sw_goldrush_te", "et_brewdog")
_SYLLABLES = tuple(a + b for a in "bcdfghklmnprstvwz" for b in "aeiou")
_TAGS = ("", "", "", "[cat]", "-=x=-", "nb|", "^team", "dd.")
_WEAPONS = f"""
    INSERT INTO weapon_rounds (round_id, guid, weapon, hits, shots, kills, deaths, headshots)
    SELECT p.round_id, p.guid, w.weapon, p.hits / 3, p.shots / 3, p.kills / 4, p.deaths / 4, p.headshots / 3
    FROM player_rounds p CROSS JOIN ({" UNION ALL ".join(f"SELECT '{one}' AS weapon" for one in WEAPONS)}) w
    WHERE p.round_id > ? AND p.round_id <= ?"""


@dataclass
class History:
    """Makes rows, evening after evening; *size* is how many player rows there are to be."""

    size: int
    now: datetime
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    rows: dict[type[Any], list[tuple[Any, ...]]] = field(default_factory=dict)
    players: int = 0
    rounds: int = 0

    def __post_init__(self) -> None:
        people = range(max(int(self.size * PEOPLE_SHARE), 100))
        self.guids = [f"{self.chance.getrandbits(32):08X}" for _ in people]
        self.names = {guid: self._name() for guid in self.guids}
        self.weights = list(itertools.accumulate(1 / (rank + 50) for rank in people))
        self.templates = [tuple(self._numbers()) for _ in range(2_000)]

    def evenings(self) -> Iterator[None]:
        """Add evening after evening to ``rows``, until there are enough player rows."""
        share = ROUNDS_OF_EVENING * 8 / self.size
        for number in itertools.count():
            if self.players >= self.size * (1 - ENDLESS_SHARE):
                break
            start = self.now - timedelta(days=365 * YEARS * max(1 - share * number, 0), hours=5)
            self._session(number + 1, self.chance.choice(SERVERS), start, ROUNDS_OF_EVENING)
            yield
        many = int(self.size * ENDLESS_SHARE) // 8
        self._session(number + 1, ENDLESS, self.now - timedelta(minutes=15 * many), many)
        yield

    def people(self) -> None:
        """Add who played; each has had another name before."""
        self.rows[Player] = [(guid, name, False, self.now, self.now) for guid, name in self.names.items()]
        self.rows[PlayerName] = [
            (guid, name, self.now, self.now)
            for guid, last in self.names.items()
            for name in {last, self._name()}
        ]  # fmt: skip

    def pick(self) -> str:
        """Return a player; who plays more is asked for more."""
        return self.chance.choices(self.guids, cum_weights=self.weights)[0]

    def _session(self, session: int, server: str, start: datetime, many: int) -> None:
        moments = [start + timedelta(minutes=15 * number) for number in range(many)]
        self._add(Session, id=session, server=server, started_at=moments[0], ended_at=moments[-1])
        line_up: dict[str, int] = {}
        for number, moment in enumerate(moments):
            if number % ROUNDS_OF_EVENING == 0:
                line_up = self._line_up()
            self.rounds += 1
            self._round(self.rounds, session, server, moment, line_up)
        if server != ENDLESS:
            for team in (1, 2):
                self._add(SessionTeam, session_id=session, team=team, name=f"team {team} of {session}")
            for guid, team in line_up.items():
                self._add(SessionPlayer, session_id=session, guid=guid, team=team, rounds=many)

    def _line_up(self) -> dict[str, int]:
        players: set[str] = set()
        size = 2 * self.chance.choice((3, 3, 4, 5))
        while len(players) < size:
            players.add(self.pick())
        return {guid: 1 + number % 2 for number, guid in enumerate(sorted(players))}

    def _round(self, id_: int, session: int, server: str, moment: datetime, line_up: dict[str, int]) -> None:
        second = id_ % 2 == 0
        map_name, match = MAPS[(id_ + 1) // 2 % len(MAPS)], (id_ + 1) // 2
        name = f"{moment:%Y-%m-%d-%H%M%S}-m{id_}-round-{1 + second}.txt"
        self._add(
            Round, id=id_, server=server, filename=name, file_sha256=f"{id_}", revision=1, map_name=map_name,
            round_number=1 + second, played_at=moment, winner_side=1, defender_side=1, time_limit_seconds=720,
            time_shown_seconds=720, duration_source="players", actual_duration_seconds=600,
            status="ok" if id_ % 37 else "aborted", match_id=match, session_id=session,
        )  # fmt: skip
        self._add(
            StatsFile, id=id_, server=server, filename=name, sha256=f"{id_}", kind="round", state="imported",
            trigger="poll", modified_at=moment, fetched_at=moment,
        )  # fmt: skip
        if second:
            self._add(
                Match, id=match, server=server, map_name=map_name, round1_id=id_ - 1, round2_id=id_,
                result="second_attackers", winner_team=None if server == ENDLESS else 1 + match % 2,
            )  # fmt: skip
        if server == SERVERS[0] and self.players < self.size / 2:  # no awards any more since
            self._add(Award, round_id=id_, award="Most kills", guid=min(line_up), value="12")
        players = self.rows.setdefault(PlayerRound, [])
        for guid, side in line_up.items():
            players.append((id_, guid, self.names[guid], self.names[guid], side, *self.chance.choice(self.templates)))
        self.players += len(line_up)

    def _name(self) -> str:
        return self.chance.choice(_TAGS) + "".join(self.chance.choices(_SYLLABLES, k=self.chance.choice((2, 3, 4))))

    def _numbers(self) -> Iterator[int]:
        ranges = {"damage_given": 3000, "damage_received": 3000, "shots": 600, "hits": 150, "time_dead_seconds": 200}
        for name in columns_of(PlayerRound)[5:]:
            yield 600 if name == "time_played_seconds" else self.chance.randint(0, ranges.get(name, 20))

    def _add(self, table: type[Any], **values: Any) -> None:
        row = tuple(values.get(name) for name in columns_of(table))
        self.rows.setdefault(table, []).append(row)


async def build(database: Database, size: int) -> None:
    """Fill the empty *database* with *size* player rows; indexes are made, and sums worked out, when all is there."""
    history = History(size, datetime.now(UTC))
    indexes = await _drop_indexes(database)
    for _ in history.evenings():
        if len(history.rows.get(PlayerRound, ())) > CHUNK:
            await _store(database, history)
    history.people()
    await _store(database, history)
    for start in range(0, history.rounds, CHUNK):
        async with database.transaction() as transaction:
            await transaction.execute(_WEAPONS, (start, start + CHUNK))
    for sql in indexes:
        await database.execute(sql)
    await rollups.rebuild_rollups(database)
    if importlib.util.find_spec("core.rounds.sightings"):  # older versions have none
        await importlib.import_module("core.rounds.sightings").rebuild_sightings(database)
    if database.dialect == "postgres":  # autovacuum would do it within a minute
        await database.execute("ANALYZE")


async def _drop_indexes(database: Database) -> list[str]:
    """Take the indexes of SQLite away, and return how they are made; nothing waits for the disk meanwhile."""
    if database.dialect == "postgres":
        return []
    await database.engine.writer.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]
    await database.engine.writer.execute("PRAGMA cache_size=-400000")  # type: ignore[attr-defined]
    made = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    found = await database.fetch(f"{made} AND tbl_name NOT IN ('migration', 'events', 'deliveries')")
    for row in found:
        await database.execute(f"DROP INDEX {row['name']}")
    return [row["sql"] for row in found]


async def _store(database: Database, history: History) -> None:
    async with database.transaction() as transaction:
        for table in sorted(history.rows, key=(*core_tables.TABLES, *round_tables.TABLES).index):
            await transaction.insert(table, columns_of(table), history.rows[table])
            history.rows[table] = []
