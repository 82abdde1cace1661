"""Under which names people were seen on which server, and the parts of names by which they are found again.

Kept beside each change of rounds, so that looking for a player reads few rows, and none of a server that a guild does
not see. Bots, and guests without a GUID, are left out.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from core.db.database import Database, Row, Transaction, Write, marks
from core.db.tables import columns_of
from core.db.writes import upserts
from core.rounds.names import is_bot_guid, is_guest_guid, name_key, name_parts
from core.rounds.tables import NamePart, PlayerSighting

T = TypeVar("T")

_COLUMNS = columns_of(PlayerSighting)
_SEEN_LATER = (
    "ON CONFLICT (guid, server, name) DO UPDATE SET last_seen = excluded.last_seen "
    "WHERE excluded.last_seen > player_sightings.last_seen"
)
_OF_ROUNDS = f"""
    INSERT INTO player_sightings ({", ".join(_COLUMNS)})
    SELECT p.guid, r.server, p.name, max(r.played_at) FROM player_rounds p JOIN rounds r ON r.id = p.round_id
    WHERE p.guid IN ({{guids}}) GROUP BY p.guid, r.server, p.name"""
_AT_ONCE = 200
"""Rows in one statement."""

Sighting = tuple[str, str, datetime]
"""GUID, name, when."""


async def keep_sightings(transaction: Transaction, server: str, sightings: Iterable[Sighting]) -> None:
    """Take note of people seen on *server*, in the transaction that writes their rounds."""
    await transaction.together(await sighting_writes(transaction, server, sightings))


async def sighting_writes(transaction: Transaction, server: str, sightings: Iterable[Sighting]) -> list[Write]:
    """Return what does that."""
    latest: dict[tuple[str, str, str], datetime] = {}
    for guid, name, at in sightings:
        if _is_person(guid):
            latest[guid, server, name] = max(at, latest.get((guid, server, name), at))
    before = await _names(transaction, {guid for guid, _, _ in latest})
    rows = ((*key, at) for key, at in sorted(latest.items()))
    return [
        *upserts(transaction.dialect, PlayerSighting, _COLUMNS, rows, _SEEN_LATER),
        *_parts_added(transaction, {(guid, name) for guid, _, name in latest} - before),
    ]


async def forget_sightings(transaction: Transaction, guids: Collection[str]) -> None:
    """Work out these people anew, from the rounds that are left."""
    people = sorted(filter(_is_person, guids))
    before = await _names(transaction, people)
    for some in _chunks(people):
        await transaction.execute(f"DELETE FROM player_sightings WHERE guid IN ({marks(len(some))})", some)
        await transaction.execute(_OF_ROUNDS.format(guids=marks(len(some))), some)
    after = await _names(transaction, people)
    gone = sorted(_parts(before) - _parts(after))
    await transaction.execute_many("DELETE FROM name_parts WHERE part = ? AND guid = ?", gone)
    await transaction.together(_parts_added(transaction, after - before))


async def rebuild_sightings(database: Database) -> int:
    """Work all of it out anew; return how many there are."""
    async with database.transaction(alone=True) as transaction:
        await transaction.execute("DELETE FROM name_parts")
        await transaction.execute("DELETE FROM player_sightings")
        people = await transaction.fetch("SELECT guid FROM players")
        for some in _chunks([row["guid"] for row in people]):
            await forget_sightings(transaction, some)
        (count,) = await transaction.fetch("SELECT count(*) AS n FROM player_sightings")
    return int(count["n"])


def _is_person(guid: str) -> bool:
    return not is_bot_guid(guid) and not is_guest_guid(guid)


async def _names(transaction: Transaction, guids: Collection[str]) -> set[tuple[str, str]]:
    """Return GUID and name of what is stored of these people, on all servers."""
    rows: list[Row] = []
    for some in _chunks(sorted(guids)):
        sql = f"SELECT DISTINCT guid, name FROM player_sightings WHERE guid IN ({marks(len(some))})"
        rows += await transaction.fetch(sql, some)
    return {(row["guid"], row["name"]) for row in rows}


def _parts_added(transaction: Transaction, names: Collection[tuple[str, str]]) -> list[Write]:
    parts = sorted(_parts(names))
    return upserts(transaction.dialect, NamePart, ("part", "guid"), parts, "ON CONFLICT DO NOTHING")


def _parts(names: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(part, guid) for guid, name in names for part in name_parts(name_key(name))}


def _chunks(values: Sequence[T]) -> list[Sequence[T]]:
    return [values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE)]
