"""The journal: events and their deliveries, written before anything is handed over, so that nothing is lost.

Publishes and delivery records that wait at the same time share one commit: the commit costs the most, and under
load there are many in one. Raw SQL on the writer; ``synchronous=FULL`` on SQLite.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from core.clock import Clock
from core.db import Database
from core.db.backlog import OPEN, Backlog
from core.db.database import Row, marks
from core.db.journal_rows import (
    Batch,
    EventRow,
    Outcomes,
    State,
    insert_at_once,
    insert_deliveries,
    insert_within,
    outcome_writes,
)  # fmt: skip
from core.db.owners import Owners
from core.db.riding import rider_of
from core.enclosed import Enclosed
from core.errors import PeerUnavailableError, RoundhookError
from core.publications import Codec, OnCommit, OpenDelivery, Publication, WaitingError, settle
from core.shown import storable

log = logging.getLogger(__name__)

_ADOPT = (
    "UPDATE events SET owner = ? WHERE id = ? AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = events.id "
    "AND d.state = 'pending' AND d.plugin NOT IN ({new})) RETURNING id"
)
_BATCH = 150
"""Events in one INSERT: five arguments each, and SQLite of old takes 999."""
RETRY_SECONDS = 0.5
OUTCOME_SECONDS = 0.1
"""How long an outcome waits for a commit that there is anyway. What a killed process had not recorded is done again."""


class Journal(Backlog):
    """Writes events and deliveries, many in one commit. ``run`` must be running for anything to be written."""

    def __init__(self, database: Database, owners: Owners, clock: Clock, codec: Codec) -> None:
        super().__init__(database, owners, clock)
        self._codec = codec
        self._publications: list[Publication] = []
        self._outcomes: Outcomes = {}
        self._overdue = False
        """Whether the outcomes have waited long enough."""
        self._flushes: list[asyncio.Future[None]] = []
        self._work = asyncio.Event()
        self._lock = asyncio.Lock()
        """Held while a batch is written, and while what is open is read: neither sees half of the other."""
        self._riding: set[Enclosed] = set()
        """What is being committed by others."""
        self._landed: set[tuple[int, str]] | None = None
        """Deliveries that began or ended with such a commit while what is open is read."""
        self._unsure = False
        """Whether nobody knows if a commit was made: what is open has to be looked at."""
        self.look: Callable[[], Awaitable[None]] | None = None
        """Delivers what is open and is not being delivered."""
        self._closing = False
        self._ended = False

    async def append(
        self, event: Any, plugins: Sequence[str], on_commit: OnCommit, *, again: Sequence[str] = ()
    ) -> int | None:
        """Commit *event* with a delivery for each of *plugins*; return its id, or None if it is there already.

        Within a transaction it is committed with that, and its id is not known yet (None). Of one that is there already
        those of *again* get a delivery that have none yet. *on_commit* is called right after the commit, even if the
        caller has been cancelled meanwhile.

        Raises:
            PeerUnavailableError: the database does not answer. Nothing is stored.
            RoundhookError: the journal has been closed.
        """
        if self._ended:
            raise RoundhookError("The journal is closed: nothing can be published any more.")
        future: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        publication = Publication(*self._codec.encode(event), tuple(plugins), tuple(again), on_commit, future)
        if (enclosed := self.enclosed()) is not None:
            enclosed.publish(publication)
            return None
        self._publications.append(publication)
        self._work.set()
        return await future

    def enclosed(self) -> Enclosed | None:
        """Return what is committed with the transaction that is open, None if none is."""
        return rider_of(self._database, lambda: Enclosed(self))

    def record(self, event_id: int, plugin: str, state: State, attempts: int, error: str | None = None) -> None:
        """Note how a delivery stands; written with the next commit, at the latest ``OUTCOME_SECONDS`` from now."""
        if not self._outcomes:
            asyncio.get_running_loop().call_later(OUTCOME_SECONDS, self._wait_no_longer)
        self._outcomes[event_id, plugin] = state, attempts, error and storable(error)

    async def flush(self) -> None:
        """Return when everything recorded so far is committed."""
        if not self._ended:
            future = asyncio.get_running_loop().create_future()
            self._flushes.append(future)
            self._work.set()
            await future

    async def run(self) -> None:
        """Write until ``close``; all that waits goes into one commit."""
        while not (self._closing and self._idle):
            await self._work.wait()
            self._work.clear()
            written = True
            while written and self._due:
                written = await self._write()
                await self._look_if_unsure()
            if not written:  # the database does not take it
                if self._closing:
                    log.error("%d outcomes are not recorded: those events are delivered again", len(self._outcomes))
                    break
                self._work.set()
                await self._clock.sleep(RETRY_SECONDS)
        async with self._lock:  # what somebody else has begun to write
            self._ended = True
        closed = RoundhookError("The journal is closed: nothing can be published any more.")
        settle(self._publications, error=closed)
        for future in self._flushes:
            if not future.done():  # who waited for it has been cancelled
                future.set_exception(closed)

    def close(self) -> None:
        """Let ``run`` end when all is written, or when the database does not take it."""
        self._closing = True
        self._work.set()

    async def open_deliveries(self, plugins: Iterable[str]) -> list[OpenDelivery]:
        """Read what this process still has to deliver to *plugins*, in the order of publication.

        What is recorded as delivered counts as delivered, also before it is committed.
        """
        names = sorted(plugins)
        if not names:
            return []
        async with self._lock:
            self._landed = known = set[tuple[int, str]]()
            rows = await self._database.fetch(
                "SELECT e.id, e.type, e.payload, d.plugin, d.attempts, d.error FROM deliveries d "
                f"JOIN events e ON e.id = d.event_id WHERE d.{OPEN} AND d.state = 'pending' AND e.owner = ? "
                f"AND d.plugin IN ({marks(len(names))}) ORDER BY e.id, d.plugin",
                (self._owners.me, *names),
            )
            self._landed = None
        ended = {one for one, (state, *_) in self._outcomes.items() if state != "pending"}
        known = known.union(ended, *(one.deliveries for one in self._riding))
        found = [self._open_delivery(row) for row in rows if (row["id"], row["plugin"]) not in known]
        return [delivery for delivery in found if delivery is not None]

    async def replay(self, event_ids: Sequence[int]) -> int:
        await self._write_now()
        return await super().replay(event_ids)

    async def retry_failed(self, plugin: str) -> bool:
        await self._write_now()
        return await super().retry_failed(plugin)

    async def waiting(self, plugin: str) -> int:
        await self._write_now()
        return await super().waiting(plugin)

    async def _write_now(self) -> None:
        """Have what is recorded where it is looked for; if the database does not take it, ``run`` tries again.

        It is written for others too: whoever asked may be cancelled.
        """
        if self._riding:
            await self.flush()
        else:
            await asyncio.shield(asyncio.get_running_loop().create_task(self._write_or_try_again()))

    async def _write_or_try_again(self) -> None:
        if not await self._write():
            self._work.set()

    def _open_delivery(self, row: Row) -> OpenDelivery | None:
        """Read a row; one that this version cannot read has failed for good, and is tried again at the next start."""
        try:
            event = self._codec.decode(row["type"], row["payload"])
        except WaitingError as error:
            if row["error"] != (why := storable(str(error))):
                log.warning("event %d for %s %s", row["id"], row["plugin"], why)
                self.record(row["id"], row["plugin"], "pending", row["attempts"], why)
            return None
        except Exception as error:  # noqa: BLE001 - whatever stands there concerns that row alone
            why = f"event {row['id']} ({str(row['type'])[:80]}) cannot be read by this version: {type(error).__name__}"
            log.error("%s; it is set aside, see `roundhook events --failed`", why)
            self.record(row["id"], row["plugin"], "failed", row["attempts"], why)
            return None
        return OpenDelivery(row["id"], event, row["plugin"], row["attempts"])

    def board(self, enclosed: Enclosed) -> Outcomes:
        self._riding.add(enclosed)
        along = {one: outcome for one, outcome in self._outcomes.items() if outcome[0] == "done"}
        self._outcomes = {one: outcome for one, outcome in self._outcomes.items() if one not in along}
        return along

    def landed(self, enclosed: Enclosed) -> None:
        for one in enclosed.done:
            self._outcomes.pop(one, None)
        if self._landed is not None:
            self._landed |= enclosed.deliveries
        self._riding.discard(enclosed)
        self._work.set()

    def lost(self, enclosed: Enclosed, *, unsure: bool) -> None:
        self._riding.discard(enclosed)
        self._outcomes = enclosed.along | self._outcomes
        self._overdue, self._unsure = self._overdue or bool(enclosed.along), self._unsure or unsure
        self._work.set()

    def hand_over(self, publication: Publication, event_id: int | None) -> None:
        if event_id is not None:
            publication.hand_over(event_id)
        elif publication.again:
            self._publications.append(publication)
            self._work.set()

    async def _look_if_unsure(self) -> None:
        """See to what is open if nobody knows what was committed; again after a while if that cannot be done."""
        if not self._unsure:
            return
        self._unsure = False
        try:
            async with self._database.transaction():
                pass  # the writer has ended what was under way
            if self.look is not None:
                await self.look()
        except PeerUnavailableError:
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._be_unsure)
        except Exception:
            log.exception("what is open could not be looked at; whoever takes over looks again")

    def _be_unsure(self) -> None:
        self._unsure = True
        self._work.set()

    def _wait_no_longer(self) -> None:
        self._overdue = True
        self._work.set()

    @property
    def _idle(self) -> bool:
        return not self._publications and not self._outcomes and not self._flushes

    @property
    def _due(self) -> bool:
        """Whether there is something that does not wait for anything else."""
        outcomes = self._outcomes and (self._overdue or self._closing)
        return bool(self._publications or outcomes or self._unsure or (self._flushes and not self._riding))

    async def _write(self) -> bool:
        """Write one batch; tell whether the database has taken the outcomes in it."""
        async with self._lock:
            publications, self._publications = self._publications[:_BATCH], self._publications[_BATCH:]
            outcomes, self._outcomes, self._overdue = self._outcomes, {}, False
            flushes, self._flushes = ([], self._flushes) if self._riding else (self._flushes, [])
            same: dict[str, list[Publication]] = {}
            for publication in publications:
                same.setdefault(publication.key, []).append(publication)
            if not await self._written(list(same.values()), outcomes):
                self._outcomes, self._flushes = outcomes | self._outcomes, flushes + self._flushes
                self._overdue = True
                return False
            for future in flushes:
                if not future.done():
                    future.set_result(None)
            return True

    async def _written(self, same: list[list[Publication]], outcomes: Outcomes) -> bool:
        """Commit all in one transaction, or each event on its own if one of them cannot be stored."""
        try:
            ids = await self._commit([group[0] for group in same], outcomes)
        except Exception as error:
            if len(same) + bool(outcomes) > 1 and not isinstance(error, PeerUnavailableError):
                written = await self._written([], outcomes)
                for group in same:
                    await self._written([group], {})
                return written
            log.exception("the journal cannot be written")
            self._unsure |= bool(same) and isinstance(error, PeerUnavailableError)  # lost on the way there, or back
            for group in same:
                settle(group, error=error)
            return not outcomes
        for group in same:
            await self._committed(group, ids.get(group[0].key))
        return True

    async def _committed(self, group: list[Publication], event_id: int | None) -> None:
        """Hand an event over, and tell its publishers; the second and later ones have published what was there."""
        first, *rest = group
        try:
            if event_id is not None:
                first.hand_over(event_id)
            elif first.again:
                await self._deliver_again(first)
        except PeerUnavailableError as error:
            self._unsure = True
            settle(group, error=error)
        except Exception:
            log.exception("%s is in the journal, but was not handed over", first.key)
        settle([first], event_id)
        settle(rest)

    async def _deliver_again(self, publication: Publication) -> None:
        """Give an event that was there before to the plugins that catch up and have no delivery of it."""
        async with self._database.transaction() as transaction:
            (row,) = await transaction.fetch("SELECT id FROM events WHERE key = ?", (publication.key,))
            had = await transaction.fetch("SELECT plugin FROM deliveries WHERE event_id = ?", (row["id"],))
            new = sorted(set(publication.again) - {one["plugin"] for one in had})
            now = self._clock.now()
            await insert_deliveries(transaction, self._database.dialect, [(row["id"], tuple(new))], now)
            adopt, args = _ADOPT.format(new=marks(len(new))), (self._owners.me, row["id"], *new)
            mine = await transaction.fetch(adopt, args) if new else []
        if mine:  # else a living process delivers it to others, and finds these too
            publication.on_commit(row["id"], new)

    def batch(self, publications: Sequence[Publication], outcomes: Outcomes) -> Batch:
        """Return what writes these events, as this process's, and outcomes."""
        now, dialect = self._clock.now(), self._database.dialect
        events = [EventRow(one.key, one.type, one.payload, now, self._owners.me) for one in publications]
        return Batch(
            dialect, now, events, [one.plugins for one in publications], outcome_writes(dialect, outcomes, now)
        )

    async def _commit(self, publications: list[Publication], outcomes: Outcomes) -> dict[str, int]:
        """Write all in one transaction; return the ids of the events that were not there before, by key."""
        if not publications and not outcomes:
            return {}
        batch = self.batch(publications, outcomes)
        if batch.fits:
            return await insert_at_once(self._database.write, batch)
        if not publications:
            await self._database.together(batch.writes)
            return {}
        async with self._database.transaction() as transaction:
            return await insert_within(transaction, batch)
