"""How the journal's batches become rows: a few statements, however many events, plugins and outcomes there are.

A list goes to the database as one argument: a statement for each row costs more than the row.
"""

import itertools
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from core.db.database import Dialect, Row, Transaction, Write
from core.db.writes import MOST_JOINED

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
    new AS (
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
"""Events, their deliveries and outcomes in one statement: PostgreSQL is a way there and back for each one."""
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


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written at once: events with the plugins that they go to, and how other deliveries stand."""

    dialect: Dialect
    now: datetime
    events: Sequence[EventRow]
    plugins: Sequence[tuple[str, ...]]
    writes: Sequence[Write]

    @property
    def fits(self) -> bool:
        """Whether it can be one statement."""
        return self.dialect == "postgres" and bool(self.events) and len(self.writes) < MOST_JOINED


async def insert_at_once(write: Callable[[str, Sequence[Any]], Awaitable[list[Row]]], batch: Batch) -> dict[str, int]:
    """Write a batch that ``fits``; return the ids of the events that were not there before, by key."""
    to_be = [(row.key, name) for row, names in zip(batch.events, batch.plugins, strict=True) for name in names]
    ended = "".join(f"ended_{number} AS ({sql}), " for number, (sql, _) in enumerate(batch.writes))
    args = [value for _, values in batch.writes for value in values]
    events = map(list, zip(*batch.events, strict=True))
    deliveries = [key for key, _ in to_be], [name for _, name in to_be]
    found = await write(f"WITH {ended}{_AT_ONCE}", (*args, *events, batch.now, *deliveries))
    return {row["key"]: row["id"] for row in found}


async def insert_within(transaction: Transaction, batch: Batch) -> dict[str, int]:
    """Write a batch; return the ids of the events that were not there before, by key."""
    if batch.fits:
        return await insert_at_once(transaction.fetch, batch)
    ids = await insert_events(transaction, batch.events)
    new = [(ids[one.key], names) for one, names in zip(batch.events, batch.plugins, strict=True) if one.key in ids]
    await insert_deliveries(transaction, batch.dialect, new, batch.now)
    await transaction.together(batch.writes)
    return ids


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
            await transaction.execute(_DELIVERIES[dialect], (now, *as_arguments(dialect, ids, names)))


def outcome_writes(dialect: Dialect, outcomes: Outcomes, now: datetime) -> list[Write]:
    """Return what writes how deliveries stand: one for all events of which the same plugins have ended alike."""
    ended: defaultdict[tuple[int, Outcome], list[str]] = defaultdict(list)
    for (event_id, plugin), outcome in outcomes.items():
        ended[event_id, outcome].append(plugin)
    alike: defaultdict[tuple[Outcome, tuple[str, ...]], list[int]] = defaultdict(list)
    for (event_id, outcome), plugins in ended.items():
        alike[outcome, tuple(sorted(plugins))].append(event_id)
    return [
        (_OUTCOMES[dialect], (*outcome, now, *as_arguments(dialect, ids, names)))
        for (outcome, names), ids in alike.items()
    ]


def as_arguments(dialect: Dialect, *lists: Sequence[object]) -> list[object]:
    """Return lists as a database takes them for one argument each."""
    return [json.dumps(one) for one in lists] if dialect == "sqlite" else list(lists)
