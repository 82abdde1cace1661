"""Keeps ``players`` and ``player_names``: who has been seen when, and under which name last.

Guests without a GUID are left out: nobody can say who they are.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from roundhook.db import Dialect, Transaction, Write, columns_of, marks, upserts, utc
from roundhook.rounds import Player, PlayerName, forget_sightings, is_bot_guid, is_guest_guid

_PLAYER_COLUMNS = columns_of(Player)
_NAME_COLUMNS = columns_of(PlayerName)
_WIDEN = """
    first_seen = CASE WHEN excluded.first_seen < {table}.first_seen
        THEN excluded.first_seen ELSE {table}.first_seen END,
    last_seen = CASE WHEN excluded.last_seen > {table}.last_seen THEN excluded.last_seen ELSE {table}.last_seen END"""
_SEE_NAME = f"ON CONFLICT (guid, name) DO UPDATE SET {_WIDEN.format(table='player_names')}"
_SEE_PLAYER = (
    "ON CONFLICT (guid) DO UPDATE SET name = CASE WHEN excluded.last_seen > players.last_seen"
    " OR (excluded.last_seen = players.last_seen AND excluded.name{bytewise} > players.name{bytewise})"
    f" THEN excluded.name ELSE players.name END, {_WIDEN.format(table='players')}"
)
_RECOUNT = """
    SELECT p.guid, p.name, min(r.played_at) AS first_seen, max(r.played_at) AS last_seen
    FROM player_rounds p JOIN rounds r ON r.id = p.round_id WHERE p.guid IN ({marks}) GROUP BY p.guid, p.name"""

Sighting = tuple[str, str, datetime]
"""GUID, name, when."""


def seen(dialect: Dialect, sightings: Iterable[Sighting]) -> list[Write]:
    """Return what notes players seen. The name of a player is the last one; of two at one moment the greater text."""
    names: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    for guid, name, at in sightings:
        if is_guest_guid(guid):
            continue
        first, last = names.get((guid, name), (at, at))
        names[guid, name] = min(first, at), max(last, at)
    rows = [(guid, name, first, last) for (guid, name), (first, last) in sorted(names.items())]
    see_player = _SEE_PLAYER.format(bytewise=' COLLATE "C"' if dialect == "postgres" else "")
    return [
        *upserts(dialect, PlayerName, _NAME_COLUMNS, rows, _SEE_NAME),
        *upserts(dialect, Player, _PLAYER_COLUMNS, _players(rows), see_player),
    ]


async def recount(transaction: Transaction, guids: Collection[str]) -> None:
    """Count these players anew from the rows that are left; who has none is forgotten.

    All that is written in the transaction is written before, also what other servers have of them.
    """
    wanted = sorted(guid for guid in guids if not is_guest_guid(guid))
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        found = await transaction.fetch(_RECOUNT.format(marks=marks(len(some))), some)
        for table in ("player_names", "players"):
            await transaction.execute(f"DELETE FROM {table} WHERE guid IN ({marks(len(some))})", some)
        rows = [(row["guid"], row["name"], _time(row["first_seen"]), _time(row["last_seen"])) for row in found]
        await transaction.insert(PlayerName, _NAME_COLUMNS, rows)
        await transaction.insert(Player, _PLAYER_COLUMNS, _players(rows))
    await forget_sightings(transaction, guids)


def _players(names: Iterable[tuple[str, str, datetime, datetime]]) -> list[tuple[str, str, bool, datetime, datetime]]:
    """Return the rows of ``players`` that follow from rows of ``player_names``."""
    players: dict[str, tuple[datetime, str, datetime]] = {}
    for guid, name, first, last in names:
        seen = players.get(guid, (last, name, first))
        players[guid] = (*max(seen[:2], (last, name)), min(seen[2], first))
    return [(guid, name, is_bot_guid(guid), first, last) for guid, (last, name, first) in players.items()]


def _time(value: datetime | str) -> datetime:
    moment = utc(value)
    if moment is None:
        raise ValueError("a stored round has no time")
    return moment
