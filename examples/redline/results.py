"""What is stored of races: written once, whatever comes twice or in another order, and read again."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from roundhook import BadInputError
from roundhook.db import Database, Row, Transaction, marks

from .contract import RaceDecided
from .lines import Driver, Line, Race, Ruling
from .order import Placed, ordered

_DRIVER = "driver, name, car, grid, laps, time_ms, best_ms, out"
_RULING = "race, ruling, driver, penalty_ms, disqualified, reason"
_RACE = "race, server, track, laps, ended_unix, digest"
_NEW_RACE = f"INSERT INTO redline_races ({_RACE}) VALUES ({marks(6)}) ON CONFLICT (race) DO NOTHING RETURNING race"
_NEW_RESULT = f"INSERT INTO redline_results (race, {_DRIVER}) VALUES ({marks(9)})"
_NEW_RULING = f"INSERT INTO redline_rulings ({_RULING}) VALUES ({marks(6)}) ON CONFLICT (race, ruling) DO NOTHING"
_PLACE = "UPDATE redline_results SET place = ?, points = ? WHERE race = ? AND driver = ?"


class Reader(Protocol):
    """What is read from: the database, or an open transaction."""

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]: ...


@dataclass(frozen=True, slots=True)
class Stored:
    """A race with its order of now."""

    race: str
    server: str
    track: str
    laps: int
    ended_at: datetime
    revision: int
    order: tuple[Placed, ...]

    def event(self, *, imported: bool) -> RaceDecided:
        """Return what other plugins are told."""
        winner = self.order[0].driver.driver if self.order[0].place else None
        return RaceDecided(
            race=self.race, revision=self.revision, server=self.server, track=self.track, ended_at=self.ended_at,
            winner=winner, imported=imported,
        )  # fmt: skip


async def take(db: Database, lines: Iterable[Line]) -> list[Stored]:
    """Store *lines*; return the races that they are about, as they stand now. What is stored already changes nothing.

    Raises:
        BadInputError: a race is stored with other results. Nothing of the lines is stored then.
    """
    known = list(lines)
    async with db.transaction(alone=True) as transaction:
        for line in known:
            await (_add_race(transaction, line) if isinstance(line, Race) else _add_ruling(transaction, line))
        found = [await read(transaction, race) for race in dict.fromkeys(line.race for line in known)]
        stored = [one for one in found if one is not None]
        for one in stored:
            places = [(placed.place, placed.points, one.race, placed.driver.driver) for placed in one.order]
            await transaction.execute_many(_PLACE, places)
    return stored


async def _add_race(transaction: Transaction, race: Race) -> None:
    digest = hashlib.sha256(repr(race).encode()).hexdigest()
    about = (race.race, race.server, race.track, race.laps, race.ended_unix, digest)
    if await transaction.fetch(_NEW_RACE, about):
        await transaction.execute_many(_NEW_RESULT, [(race.race, *astuple(one)) for one in race.drivers])
        return
    (row,) = await transaction.fetch("SELECT digest FROM redline_races WHERE race = ?", (race.race,))
    if row["digest"] != digest:
        raise BadInputError(f"Race {race.race} is stored with other results. What is to change is a ruling.")


async def _add_ruling(transaction: Transaction, ruling: Ruling) -> None:
    about = (ruling.race, ruling.ruling, ruling.driver, ruling.penalty_ms, int(ruling.disqualified), ruling.reason)
    await transaction.execute(_NEW_RULING, about)


async def read(db: Reader, race: str) -> Stored | None:
    """Return a race as it stands now, None if it is not stored."""
    rows = await db.fetch("SELECT * FROM redline_races WHERE race = ?", (race,))
    if not rows:
        return None
    results = await db.fetch(f"SELECT {_DRIVER} FROM redline_results WHERE race = ?", (race,))
    ruled = await db.fetch(f"SELECT {_RULING} FROM redline_rulings WHERE race = ? ORDER BY ruling", (race,))
    rulings = [Ruling(**{**row, "disqualified": bool(row["disqualified"])}) for row in ruled]
    order = tuple(ordered([Driver(**row) for row in results], rulings))
    ended_at = datetime.fromtimestamp(rows[0]["ended_unix"], UTC)
    about = (rows[0]["server"], rows[0]["track"], rows[0]["laps"], ended_at)
    return Stored(race, *about, revision=1 + len(rulings), order=order)


async def latest(db: Reader, hidden: Sequence[str], count: int = 25) -> list[Row]:
    """Return the latest races of servers that are not *hidden*."""
    query = f"SELECT race, track, ended_unix FROM redline_races WHERE {_seen(hidden)} ORDER BY ended_unix DESC LIMIT ?"
    return await db.fetch(query, (*hidden, count))


async def drivers(db: Reader, hidden: Sequence[str], since: datetime, count: int, offset: int) -> list[Row]:
    """Return drivers by their points since a time."""
    query = f"""SELECT d.driver, MAX(d.name) AS name, SUM(d.points) AS points, COUNT(*) AS races,
        SUM(CASE WHEN d.place = 1 THEN 1 ELSE 0 END) AS wins
        FROM redline_results d JOIN redline_races r ON r.race = d.race
        WHERE {_seen(hidden)} AND r.ended_unix >= ?
        GROUP BY d.driver ORDER BY points DESC, wins DESC, d.driver LIMIT ? OFFSET ?"""
    return await db.fetch(query, (*hidden, int(since.timestamp()), count, offset))


def _seen(hidden: Sequence[str]) -> str:
    return f"server NOT IN ({marks(len(hidden))})" if hidden else "1 = 1"
