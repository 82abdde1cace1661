"""How the journal's batches become rows: a few statements, however many events, plugins and outcomes there are.

A list goes to the database as one argument: a statement for each row costs more than the row.
"""

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from core.db.database import Database, Dialect, Transaction, Write

State = Literal["pending", "done", "failed"]
_PENDING = (
    "INSERT INTO deliveries (event_id, plugin, state, updated_at) SELECT one.value, name.value, 'pending', ? FROM "
)
_DELIVERIES: dict[Dialect, str] = {
    "sqlite": _PENDING + "json_each(?) AS one CROSS JOIN json_each(?) AS name",
    "postgres": _PENDING + "unnest(CAST(? AS BIGINT[])) AS one(value) CROSS JOIN unnest(CAST(? AS TEXT[])) name(value)",
}
_ENDED = "UPDATE deliveries SET state = ?, attempts = ?, error = ?, updated_at = ? WHERE "
_OUTCOMES: dict[Dialect, str] = {
    "sqlite": _ENDED + "event_id IN (SELECT value FROM json_each(?)) AND plugin IN (SELECT value FROM json_each(?))",
    "postgres": _ENDED + "event_id = ANY(?) AND plugin = ANY(?)",
}
_EVENTS = "INSERT INTO events (key, type, payload, published_at, owner) VALUES "
_AT_ONCE = """
    WITH new AS (
        INSERT INTO events (key, type, payload, published_at, owner)
        SELECT key, type, payload, published_at, owner
        FROM unnest(
            CAST(? AS TEXT[]), CAST(? AS TEXT[]), CAST(? AS TEXT[]), CAST(? AS TIMESTAMPTZ[]), CAST(? AS TEXT[]))
        WITH ORDINALITY AS event(key, type, payload, published_at, owner, place) ORDER BY place
        ON CONFLICT (key) DO NOTHING RETURNING id, key),
    delivered AS (
        INSERT INTO deliveries (event_id, plugin, state, updated_at)
        SELECT new.id, to_be.plugin, 'pending', CAST(? AS TIMESTAMPTZ)
        FROM unnest(CAST(? AS TEXT[]), CAST(? AS TEXT[])) AS to_be(key, plugin) JOIN new ON new.key = to_be.key)
    SELECT id, key FROM new"""
"""Events and their deliveries in one statement: for PostgreSQL, to which each one is a way there and back."""
Outcome = tuple[State, int, str | None]
"""How a delivery stands: its state, the attempts that were made, the last one's error."""
Outcomes = dict[tuple[int, str], Outcome]
"""By event id and plugin: the latest of each delivery."""


class EventRow(NamedTuple):
    """What stands in the journal of an event."""

    key: str
    type: str
    payload: str
    published_at: datetime
    owner: str


async def insert_at_once(
    database: Database, rows: Sequence[EventRow], plugins: Iterable[tuple[str, ...]], now: datetime
) -> dict[str, int]:
    """Commit events with their *plugins*' deliveries to PostgreSQL; return the ids of the new ones, by key."""
    to_be = [(row.key, name) for row, names in zip(rows, plugins, strict=True) for name in names]
    events, deliveries = map(list, zip(*rows, strict=True)), ([key for key, _ in to_be], [name for _, name in to_be])
    found = await database.write(_AT_ONCE, (*events, now, *deliveries))
    return {row["key"]: row["id"] for row in found}


async def insert_events(transaction: Transaction, rows: Sequence[EventRow]) -> dict[str, int]:
    """Insert events; return the ids of those that were not there before, by key."""
    if not rows:
        return {}
    places = ", ".join(["(?, ?, ?, ?, ?)"] * len(rows))
    sql = f"{_EVENTS}{places} ON CONFLICT (key) DO NOTHING RETURNING id, key"
    found = await transaction.fetch(sql, list(itertools.chain.from_iterable(rows)))
    return {row["key"]: row["id"] for row in found}


async def insert_deliveries(
    transaction: Transaction, dialect: Dialect, plugins: Iterable[tuple[int, tuple[str, ...]]], now: datetime
) -> None:
    """Insert a pending delivery for each of an event's *plugins*: one statement for all events with the same ones."""
    alike: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for event_id, names in plugins:
        alike[names].append(event_id)
    for names, ids in alike.items():
        if names:
            await transaction.execute(_DELIVERIES[dialect], (now, *_lists(dialect, ids, names)))


def outcome_writes(dialect: Dialect, outcomes: Outcomes, now: datetime) -> list[Write]:
    """Return what writes how deliveries stand: one for all events of which the same plugins have ended alike."""
    ended: defaultdict[tuple[int, Outcome], list[str]] = defaultdict(list)
    for (event_id, plugin), outcome in outcomes.items():
        ended[event_id, outcome].append(plugin)
    alike: defaultdict[tuple[Outcome, tuple[str, ...]], list[int]] = defaultdict(list)
    for (event_id, outcome), plugins in ended.items():
        alike[outcome, tuple(sorted(plugins))].append(event_id)
    return [
        (_OUTCOMES[dialect], (*outcome, now, *_lists(dialect, ids, names))) for (outcome, names), ids in alike.items()
    ]


def _lists(dialect: Dialect, *lists: Sequence[object]) -> list[object]:
    """Return lists as a database takes them for one argument each."""
    return [json.dumps(one) for one in lists] if dialect == "sqlite" else list(lists)
