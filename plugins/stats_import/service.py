"""Imports files and stores notices: one path for what comes live, by the poll, or from a folder of old files.

All of a call is one transaction. What is to be published is returned and published after it. Called again for the
same file, it changes nothing and returns the same events.
"""

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from roundhook import BadInputError, Event, FetchedFile, RoundAmended, RoundNotice
from roundhook.db import Database, Row, Transaction, utc
from roundhook.rounds import StatsFilename, parse_stats_filename

from . import noticeboard, people, store
from .batch import Batch, Imported, amendments
from .endstats import Endstats
from .filing import file_away
from .parser import StatsFile
from .planning import windows_around
from .prepare import KEPT_A_DAY, ChangedFileError, Prepared, in_its_time, prepare
from .reconcile import reconcile
from .work import Work, beside, side_by_side

NoticeWork = Callable[[Transaction, Sequence[RoundNotice], Sequence[Sequence[Event]]], Awaitable[None]]
"""Gets the notices that have been stored, and what is to be published about each."""
YEARS = range(2000, 2100)
"""What a name may say."""
FEW = 1
"""Up to so many files are not looked up before they are read: they are new, as a rule."""


class ImportService:
    """The import.

    Args:
        db: where everything is stored.
        zone_of: the time zone of a game server.
        read: the bytes of a fetched file.
        log: for what is left aside and refused.
        now: the time, by which a file's own may not have come.
        publish: publishes what files have changed, within the transaction; without it they are returned unpublished.
    """

    def __init__(
        self,
        db: Database,
        *,
        zone_of: Callable[[str], ZoneInfo],
        read: Callable[[FetchedFile], Awaitable[bytes]],
        log: logging.Logger,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        publish: Callable[[Iterable[Imported]], Awaitable[None]] | None = None,
    ) -> None:
        self._db = db
        self._zone_of = zone_of
        self._read = read
        self._log = log
        self._now = now
        self._publish = publish
        self._stored = asyncio.Event()
        """Set when the call that was last begun has stored its files, or failed."""
        self._stored.set()

    async def import_files(self, files: Sequence[FetchedFile]) -> list[Imported]:
        """Import *files* in one transaction; return what became of each, in the same order.

        A file that cannot be read, or is of no known kind, is left aside; one that is broken is kept in
        quarantine with the reason. Neither disturbs the others. Called again meanwhile, it reads those files already;
        they are stored in the order of the calls.
        """
        before, self._stored = self._stored, asyncio.Event()
        stored, batch = self._stored, Batch(files)
        try:
            if len(files) > FEW:
                await self._know(batch)
            await self._prepare(batch)
            await before.wait()
            await self._store(batch)
        finally:
            stored.set()
        if batch.open_files():
            await self._know(batch)
        batch.leave_unread()
        self._tell(batch)
        return batch.finish(files)

    async def store_notice(self, notice: RoundNotice) -> list[Event]:
        """Store *notice* (once), match it with its round, and return what is to be published."""
        return (await self.store_notices([notice]))[0]

    async def store_notices(self, notices: Sequence[RoundNotice], also: NoticeWork | None = None) -> list[list[Event]]:
        """Store *notices* in one transaction, each as ``store_notice`` does; *also* is done in it."""
        told: dict[int, list[Event]] = {}
        of_server: dict[str, list[int]] = {}
        for place, notice in enumerate(notices):
            of_server.setdefault(notice.server, []).append(place)
        async with self._db.transaction(alone=True) as transaction:

            async def store(server: str) -> set[str]:
                missed: set[str] = set()
                for place in of_server[server]:
                    told[place] = await self._store_notice(transaction, notices[place], missed)
                return missed

            missed = await side_by_side(list(of_server), store)
            await people.recount(transaction, set().union(*missed))
            events = [told[place] for place in range(len(notices))]
            if also is not None:
                await also(transaction, notices, events)
        return events

    async def _store_notice(self, transaction: Transaction, notice: RoundNotice, missed: set[str]) -> list[Event]:
        pinned = await noticeboard.pin(transaction, notice)
        work = Work(transaction, self._db, notice.server, self._zone_of(notice.server), missed=missed)
        renewed = (pinned.id,) if pinned.renewed else ()
        outcome = await reconcile(work, ends=(pinned.end,), renewed=renewed)
        told = [one.id for one, _ in outcome.amended]
        missing = {pinned.round_id} - {None, *told} if pinned.round_id is not None else set()
        known = await store.rounds_by_id(transaction, missing)
        again = (RoundAmended(round=one.event(), revision=one.revision, changed=("notice",)) for one in known)
        return [*amendments(outcome), *(event for event in again if event.revision > 1)]

    async def read_again(self, *, most: int = 64) -> list[Imported]:
        """Import the stored files that the parser can read by now, or whose time has come; the others stay."""
        results: list[Imported] = []
        after = 0
        while rows := await store.waiting(self._db, after=after, most=most):
            after = rows[-1]["id"]
            batch = Batch([])
            for one in await beside(len(rows), lambda rows=rows: _readable(rows)):  # type: ignore[misc]
                if self._timely(one).state == "imported":
                    batch.prepared[one.file.key] = one
            await self._store(batch)
            results += batch.finish([one.file for key, one in batch.prepared.items() if key in batch.results])
        return results

    async def _store(self, batch: Batch) -> None:
        if not batch.servers():
            return
        async with self._db.transaction(alone=True) as transaction:
            missed = await side_by_side(batch.servers(), lambda server: self._import(transaction, server, batch))
            await people.recount(transaction, set().union(*missed))
            if self._publish is not None and not batch.open_files():
                await self._publish(batch.tell())

    async def _know(self, batch: Batch) -> None:
        """Find the files that are stored already; what was published about them is returned again."""
        for server, files in batch.by_server().items():
            stored = await store.stored_files(self._db, server, names={file.filename for file in files})
            known = batch.know(server, files, stored)
            if known:
                await self._repeat(server, known, batch)

    async def _repeat(self, server: str, known: Sequence[FetchedFile], batch: Batch) -> None:
        zone = self._zone_of(server)
        names = (name for file in known if (name := parse_stats_filename(file.filename)))
        windows = windows_around((int(name.played_at(zone).timestamp()) for name in names), zone)
        rounds = {one.filename: one for one in await store.rounds_within(self._db, server, windows, lock=False)}
        batch.repeat(server, known, rounds)

    async def _prepare(self, batch: Batch) -> None:
        """Read and parse what is new."""
        named: list[tuple[FetchedFile, StatsFilename]] = []
        for file in batch.open_files():
            if (name := parse_stats_filename(file.filename)) is None or name.local_time.year not in YEARS:
                batch.leave(file, "not a stats file that we know")
            else:
                named.append((file, name))
        found = await asyncio.gather(*(self._bytes_of(file) for file, _ in named))
        read = [(*one, data) for one, data in zip(named, found, strict=True) if isinstance(data, bytes)]
        for (file, _), data in zip(named, found, strict=True):
            if not isinstance(data, bytes):
                batch.unread[file.key] = f"cannot be read: {data}"
        for file, prepared in await beside(len(read), lambda: [(one[0], _try(*one)) for one in read]):
            if prepared is None:
                batch.unread[file.key] = "it was being written while it was read; it comes again when it is whole"
            else:
                batch.prepared[file.key] = self._timely(prepared)

    def _timely(self, one: Prepared) -> Prepared:
        return in_its_time(one, self._zone_of(one.file.server), self._now())

    async def _bytes_of(self, file: FetchedFile) -> bytes | OSError | BadInputError:
        try:
            return await self._read(file)
        except (OSError, BadInputError) as error:
            return error

    async def _import(self, transaction: Transaction, server: str, batch: Batch) -> set[str]:
        work = Work(transaction, self._db, server, self._zone_of(server))
        arrived = await self._bounded(transaction, server, batch.arrived(server))
        filing = await file_away(transaction, server, work.zone, arrived, batch.older(server))
        work.parsed |= {one.key: one.parsed for one in arrived if isinstance(one.parsed, StatsFile)}
        work.endstats |= {one.key: one.parsed for one in arrived if isinstance(one.parsed, Endstats)}
        batch.settle(server, filing, await reconcile(work, filing))
        return work.missed

    async def _bounded(self, transaction: Transaction, server: str, arrived: list[Prepared]) -> list[Prepared]:
        """Return what has arrived, without the bytes of refused files beyond those that are kept of a day."""
        refused = [one for one in arrived if one.error is not None]
        if not refused:
            return arrived
        latest = max(one.file.fetched_at or self._now() for one in refused)
        room = KEPT_A_DAY - await store.refused_since(transaction, server, latest - timedelta(days=1))
        beyond = {one.key for one in refused[max(room, 0) :]}
        return [replace(one, packed=None) if one.key in beyond else one for one in arrived]

    def _tell(self, batch: Batch) -> None:
        for result in batch.results.values():
            kept = result.state == "aside" and result.file.kind != "other"
            if kept or result.state == "quarantined" or result.file.key in batch.unread:
                self._log.warning(
                    "%s/%s: %s: %s", result.file.server, result.file.filename, result.state, result.reason
                )


def _try(file: FetchedFile, name: StatsFilename, data: bytes) -> Prepared | None:
    try:
        return prepare(file, name, data)
    except ChangedFileError:
        return None


def _readable(rows: Sequence[Row]) -> list[Prepared]:
    """Return the stored files that can be read."""
    files = [(_fetched(row), zlib.decompress(row["content"])) for row in rows]
    named = [(file, name, data) for file, data in files if (name := parse_stats_filename(file.filename))]
    prepared = [_try(file, name, data) for file, name, data in named]
    return [one for one in prepared if one is not None and one.error is None]


def _fetched(row: Row) -> FetchedFile:
    return FetchedFile(
        server=row["server"], filename=row["filename"], sha256=row["sha256"], trigger=row["trigger"] or "poll",
        modified_at=utc(row["modified_at"]), fetched_at=utc(row["fetched_at"]),
    )  # fmt: skip
