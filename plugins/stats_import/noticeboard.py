"""Keeps the notices that have come, each once."""

import json
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from roundhook import BadInputError, RoundNotice
from roundhook.db import Transaction, columns_of, insert_sql
from roundhook.rounds import StoredNotice

EARLIEST, LATEST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2000, 2100))
_COLUMNS = columns_of(StoredNotice, without=("id",))
_INSERT = insert_sql(
    StoredNotice, _COLUMNS, "ON CONFLICT (server, map_name, round_number, round_end_unix) DO NOTHING RETURNING id"
)
_SELECT = """
    SELECT id, notice, round_id FROM round_notices
    WHERE server = ? AND map_name = ? AND round_number = ? AND round_end_unix = ?"""
_ARRIVAL = ("received_at", "source", "message_id", "sender")
"""What is about a notice's way here, not about the round."""
_UNKNOWN: dict[str, Any] = {
    field.name: field.default for field in fields(RoundNotice) if field.default is not MISSING
}  # fmt: skip


class Pinned(Struct, frozen=True):
    """A stored notice: ``renewed`` if it says more than before, ``round_id`` as stored."""

    id: int
    end: int
    renewed: bool = False
    round_id: int | None = None


async def pin(transaction: Transaction, notice: RoundNotice) -> Pinned:
    """Store *notice*; of one that is there already, fill in what it did not know.

    Raises:
        BadInputError: it is of another century, or its map cannot be one.
    """
    if not EARLIEST <= notice.round_end_unix < LATEST or "\0" in notice.map_name:
        raise BadInputError(f"A notice of {notice.map_name!r} that ended at {notice.round_end_unix} cannot be true.")
    end = round(notice.round_end_unix)
    values = {
        "server": notice.server, "map_name": notice.map_name, "round_number": notice.round_number,
        "round_end_unix": end, "notice": notice.to_text(), "round_id": None, "received_at": notice.received_at,
    }  # fmt: skip
    found = await transaction.fetch(_INSERT, [values[column] for column in _COLUMNS])
    if found:
        return Pinned(found[0]["id"], end)
    stored = (await transaction.fetch(_SELECT, (notice.server, notice.map_name, notice.round_number, end)))[0]
    before = json.loads(stored["notice"])
    filled = _filled(before, notice.to_json())
    if filled != before:
        text = json.dumps(filled, separators=(",", ":"), ensure_ascii=False)
        await transaction.execute("UPDATE round_notices SET notice = ? WHERE id = ?", (text, stored["id"]))
    return Pinned(stored["id"], end, filled != before, stored["round_id"])


def _filled(before: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    unknown = {
        name
        for name, default in _UNKNOWN.items()
        if name not in _ARRIVAL and before.get(name) == (list(default) if isinstance(default, tuple) else default)
    }
    return {**before, **{name: later[name] for name in unknown if name in later}}
