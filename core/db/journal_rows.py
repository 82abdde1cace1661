"""How the journal's batches become rows: a few statements, however many events, plugins and outcomes there are.

A list goes to the database as one argument: a statement for each row costs more than the row.
"""

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from core.db.database import Dialect, Transaction

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


async def write_outcomes(
    transaction: Transaction, dialect: Dialect, outcomes: Mapping[tuple[int, str], Outcome], now: datetime
) -> None:
    """Write how deliveries stand: one statement for all events of which the same plugins have ended in the same way."""
    ended: defaultdict[tuple[int, Outcome], list[str]] = defaultdict(list)
    for (event_id, plugin), outcome in outcomes.items():
        ended[event_id, outcome].append(plugin)
    alike: defaultdict[tuple[Outcome, tuple[str, ...]], list[int]] = defaultdict(list)
    for (event_id, outcome), plugins in ended.items():
        alike[outcome, tuple(sorted(plugins))].append(event_id)
    for (outcome, names), ids in alike.items():
        await transaction.execute(_OUTCOMES[dialect], (*outcome, now, *_lists(dialect, ids, names)))


def _lists(dialect: Dialect, *lists: Sequence[object]) -> list[object]:
    """Return lists as a database takes them for one argument each."""
    return [json.dumps(one) for one in lists] if dialect == "sqlite" else list(lists)
