"""The journal: events and their deliveries, written before anything is handed over, so that nothing is lost.

Publishes and delivery records that wait at the same time share one commit: the commit costs the most, and under
load there are many in one. Raw SQL on the writer; ``synchronous=FULL`` on SQLite.
"""

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from core.clock import Clock
from core.db import Database, Transaction
from core.db.database import Row, marks, utc
from core.errors import RoundhookError
from core.events import Event, decode_event, encode_event
from core.owners import Owners

log = logging.getLogger(__name__)

State = Literal["pending", "done", "failed"]

_EVENT = "INSERT INTO events (key, type, payload, published_at, owner) VALUES "
_DELIVERY = "INSERT INTO deliveries (event_id, plugin, state, updated_at) VALUES (?, ?, 'pending', ?)"
_RECORD = "UPDATE deliveries SET state = ?, attempts = ?, error = ?, updated_at = ? WHERE event_id = ? AND plugin = ?"
_BATCH = 150
"""Events in one INSERT: five arguments each, and SQLite of old takes 999."""


@dataclasses.dataclass(slots=True)
class Publication:
    """An event on its way into the journal; ``committed`` gives its id, or None when it was there before."""

    event: Event
    plugins: tuple[str, ...]
    on_commit: Callable[[int], None]
    committed: "asyncio.Future[int | None]"


@dataclasses.dataclass(frozen=True, slots=True)
class OpenDelivery:
    """A delivery found in the journal that has not succeeded yet."""

    event_id: int
    event: Event
    plugin: str
    attempts: int


class Journal:
    """Writes events and deliveries, many in one commit. ``run`` must be running for anything to be written."""

    def __init__(self, database: Database, owners: Owners, clock: Clock) -> None:
        self._database = database
        self._owners = owners
        self._clock = clock
        self._publications: list[Publication] = []
        self._records: list[tuple[object, ...]] = []
        self._work = asyncio.Event()
        self._written = asyncio.Event()
        self._written.set()
        self._closing = False

    async def append(self, event: Event, plugins: Sequence[str], on_commit: Callable[[int], None]) -> int | None:
        """Commit *event* with a delivery for each of *plugins*; return its id, or None if it is there already.

        *on_commit* is called with the id of a new event right after the commit, even if the caller has been
        cancelled meanwhile.

        Raises:
            PeerUnavailableError: the database does not answer. Nothing is stored.
        """
        future = asyncio.get_running_loop().create_future()
        self._publications.append(Publication(event, tuple(plugins), on_commit, future))
        self._wake()
        result: int | None = await future
        return result

    def record(self, event_id: int, plugin: str, state: State, attempts: int, error: str | None = None) -> None:
        """Note how a delivery stands; written with the next commit."""
        self._records.append((state, attempts, error, self._clock.now(), event_id, plugin))
        self._wake()

    async def flush(self) -> None:
        """Return when everything noted so far is committed."""
        await self._written.wait()

    async def run(self) -> None:
        """Write until ``close``; all that waits goes into one commit."""
        while not (self._closing and self._idle):
            await self._work.wait()
            self._work.clear()
            while not self._idle:
                await self._write()
            self._written.set()

    def close(self) -> None:
        """Let ``run`` end when all is written."""
        self._closing = True
        self._work.set()

    async def open_deliveries(self, plugins: Iterable[str]) -> list[OpenDelivery]:
        """Read what this process still has to deliver to *plugins*, in the order of publication."""
        names = sorted(plugins)
        if not names:
            return []
        rows = await self._database.fetch(
            "SELECT e.id, e.type, e.payload, d.plugin, d.attempts FROM deliveries d JOIN events e ON e.id = d.event_id "
            f"WHERE d.state = 'pending' AND e.owner = ? AND d.plugin IN ({marks(len(names))}) ORDER BY e.id",
            (self._owners.me, *names),
        )
        return [
            OpenDelivery(row["id"], decode_event(row["type"], row["payload"]), row["plugin"], row["attempts"])
            for row in rows
        ]

    async def take_over(self) -> int:
        """Adopt what ended processes have left pending; return from how many."""
        rows = await self._database.fetch(
            "SELECT e.owner, max(e.published_at) AS latest FROM deliveries d JOIN events e ON e.id = d.event_id "
            "WHERE d.state = 'pending' GROUP BY e.owner"
        )
        now = self._clock.now()
        ended = [row["owner"] for row in rows if self._owners.has_ended(row["owner"], utc(row["latest"]) or now, now)]
        for owner in ended:
            await self._database.execute("UPDATE events SET owner = ? WHERE owner = ?", (self._owners.me, owner))
        return len(ended)

    async def catch_up(self, plugin: str, types: Sequence[str]) -> None:
        """Record deliveries for *plugin* of all kept events of *types* that it has none for."""
        if types:
            await self._database.execute(
                "INSERT INTO deliveries (event_id, plugin, state, updated_at) "
                f"SELECT id, ?, 'pending', published_at FROM events WHERE type IN ({marks(len(types))}) "
                "AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = events.id AND d.plugin = ?)",
                (plugin, *types, plugin),
            )
            await self._adopt(plugin)

    async def replay(self, event_ids: Sequence[int]) -> int:
        """Make failed deliveries of these events pending again, as this process's; return how many there were."""
        if not event_ids:
            return 0
        which = f"event_id IN ({marks(len(event_ids))}) AND state = 'failed'"
        async with self._database.transaction() as transaction:
            count = (await transaction.fetch(f"SELECT count(*) AS n FROM deliveries WHERE {which}", event_ids))[0]["n"]
            await transaction.execute(f"UPDATE deliveries SET state = 'pending', attempts = 0 WHERE {which}", event_ids)
            await transaction.execute(
                f"UPDATE events SET owner = ? WHERE id IN ({marks(len(event_ids))})", (self._owners.me, *event_ids)
            )
        return int(count)

    async def failed(self, limit: int) -> list[Row]:
        """Return deliveries that failed for good, the latest first: id, type, key, plugin, attempts, error, at."""
        return await self._database.fetch(
            "SELECT e.id, e.type, e.key, d.plugin, d.attempts, d.error, d.updated_at FROM deliveries d "
            f"JOIN events e ON e.id = d.event_id WHERE d.state = 'failed' ORDER BY e.id DESC LIMIT {int(limit)}"
        )

    async def thin(self, keep: timedelta) -> None:
        """Delete events older than *keep* of which nothing is pending."""
        await self._database.execute(
            "DELETE FROM events WHERE published_at < ? AND NOT EXISTS "
            "(SELECT 1 FROM deliveries d WHERE d.event_id = events.id AND d.state = 'pending')",
            (self._clock.now() - keep,),
        )

    async def _adopt(self, plugin: str) -> None:
        await self._database.execute(
            "UPDATE events SET owner = ? WHERE id IN "
            "(SELECT event_id FROM deliveries WHERE plugin = ? AND state = 'pending')",
            (self._owners.me, plugin),
        )

    @property
    def _idle(self) -> bool:
        return not self._publications and not self._records

    def _wake(self) -> None:
        if self._closing and self._work.is_set() and self._idle:
            raise RoundhookError("The journal is closed: nothing can be published any more.")
        self._written.clear()
        self._work.set()

    async def _write(self) -> None:
        publications, self._publications = self._publications[:_BATCH], self._publications[_BATCH:]
        records, self._records = self._records, []
        first: dict[str, Publication] = {}
        for publication in publications:
            if first.setdefault(publication.event.key, publication) is not publication:
                _settle(publication, None)  # the same event again
        try:
            ids = await self._commit(list(first.values()), records)
        except Exception as error:  # noqa: BLE001 - told to whoever publishes; records are kept for the next try
            await self._failed(list(first.values()), records, error)
            return
        for key, publication in first.items():
            if key in ids:
                publication.on_commit(ids[key])
            _settle(publication, ids.get(key))

    async def _failed(
        self, publications: list[Publication], records: list[tuple[object, ...]], error: Exception
    ) -> None:
        log.error("the journal cannot be written: %s", error)
        self._records[:0] = records
        for publication in publications:
            _settle(publication, error=error)
        await self._clock.sleep(0.5)

    async def _commit(self, publications: list[Publication], records: list[tuple[object, ...]]) -> dict[str, int]:
        """Write all in one transaction; return the ids of the events that were not there before, by key."""
        now = self._clock.now()
        async with self._database.transaction() as transaction:
            ids = await self._insert_events(transaction, publications, now)
            new = [one for one in publications if one.event.key in ids]
            deliveries = [(ids[one.event.key], plugin, now) for one in new for plugin in one.plugins]
            await transaction.execute_many(_DELIVERY, deliveries)
            await transaction.execute_many(_RECORD, records)
        return ids

    async def _insert_events(
        self, transaction: Transaction, publications: list[Publication], now: datetime
    ) -> dict[str, int]:
        if not publications:
            return {}
        values: list[object] = []
        for one in publications:
            values += (one.event.key, type(one.event).__name__, encode_event(one.event), now, self._owners.me)
        marks_ = ", ".join(["(?, ?, ?, ?, ?)"] * len(publications))
        rows: list[Row] = await transaction.fetch(
            f"{_EVENT}{marks_} ON CONFLICT (key) DO NOTHING RETURNING id, key", values
        )
        return {row["key"]: row["id"] for row in rows}


def _settle(publication: Publication, event_id: int | None = None, *, error: Exception | None = None) -> None:
    with contextlib.suppress(asyncio.InvalidStateError):
        if error is not None:
            publication.committed.set_exception(error)
        else:
            publication.committed.set_result(event_id)
