"""``roundhook import --reread``: the stored bytes are read again, under the parser and the time zone of now.

First all files are judged and all rounds moved to the times that their names mean now, in one transaction; then
everything that hangs on the rounds is worked out anew, evening by evening, by the files that count at that moment:
the bot may store others meanwhile. What has changed is published with it. Broken off, it can be run again.
"""

import itertools
import zlib
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from roundhook import Event, FetchedFile, Server
from roundhook.cli import Terminal
from roundhook.db import Row, Transaction, marks, utc
from roundhook.rounds import day_of, keep_rollups, kind_of, parse_stats_filename

from . import people, store
from .batch import amendments
from .filing import Change, Filing, file_again
from .planning import AROUND_SECONDS
from .prepare import ChangedFileError, Prepared, in_its_time, prepare
from .reconcile import reconcile
from .work import Work, beside

AT_ONCE = 128
"""Files that are read in one go, and about as many rounds in one transaction."""
_MOVE = "UPDATE rounds SET played_at = ?, revision = revision + 1 WHERE id = ?"
_UNLINK = "UPDATE round_notices SET round_id = NULL WHERE round_id = ?"


async def reread(terminal: Terminal, servers: Sequence[Server], *, quiet: bool) -> dict[str, dict[str, int]]:
    """Read everything of these servers again; return by server how many files, and what came of them."""
    async with terminal.offline() as publish:
        found: dict[str, dict[str, int]] = {}
        for server in servers:
            one = Rereading(terminal, server, publish)
            await one.run(quiet=quiet)
            found[server.key] = one.counts
    return found


class Rereading:
    """One server's files and rounds; *publish* commits an event with the transaction that it is called in."""

    def __init__(self, terminal: Terminal, server: Server, publish: Callable[[Event], Awaitable[None]]) -> None:
        self._terminal, self._server, self._publish = terminal, server, publish
        self._db, self._zone = terminal.db, server.settings.zone
        self._changed: set[str] = set()
        """Rounds that something has been published about."""
        self.counts = {"files": 0, "moved": 0, "changed": 0, "refused": 0}

    async def run(self, *, quiet: bool) -> None:
        """Do it."""
        read = await self._read(quiet=quiet)
        async with self._db.transaction(alone=True) as transaction:
            filing = await file_again(transaction, self._server.key, self._zone, read)
            rounds = await self._move(transaction)
            await people.recount(transaction, await self._guids(transaction))
        for some in _evenings({*rounds, *(change.filename for change in filing.changes)}, self._zone):
            await self._mend(some)
        self.counts["changed"] = len(self._changed)

    async def _read(self, *, quiet: bool) -> list[Prepared]:
        """Read the stored bytes; of what they say only what files are judged by is kept."""
        rows = await self._db.fetch("SELECT id FROM stats_files WHERE server = ? AND content IS NOT NULL ORDER BY id",
                                    (self._server.key,))  # fmt: skip
        ids, read = [row["id"] for row in rows], list[Prepared]()
        now = self._terminal.clock.now()
        with self._terminal.progress(len(ids), hidden=quiet) as progress:
            for start in range(0, len(ids), AT_ONCE):
                some = ids[start : start + AT_ONCE]
                files = await self._db.fetch(f"SELECT * FROM stats_files WHERE id IN ({marks(len(some))})", some)
                read += await beside(len(files), lambda files=files: self._judged(files, now))  # type: ignore[misc]
                progress.show(start + len(some))
        self.counts["files"] = len(read)
        self.counts["refused"] = sum(one.error is not None for one in read)
        return read

    def _judged(self, rows: Sequence[Row], now: datetime) -> list[Prepared]:
        return [in_its_time(one, self._zone, now) for row in rows if (one := _prepared(row))]

    async def _move(self, transaction: Transaction) -> list[str]:
        """Give each round the time that its name means now; return the names of all rounds."""
        rows = await transaction.fetch("SELECT id, filename, played_at FROM rounds WHERE server = ?",
                                       (self._server.key,))  # fmt: skip
        names = {row["filename"]: parse_stats_filename(row["filename"]) for row in rows}
        times = {name: read.played_at(self._zone) for name, read in names.items() if read}
        moved = [row for row in rows if times.get(row["filename"], row["played_at"]) != row["played_at"]]
        await transaction.execute_many(_MOVE, [(times[row["filename"]], row["id"]) for row in moved])
        await transaction.execute_many(_UNLINK, [(row["id"],) for row in moved])
        days = {day_of(time) for row in moved for time in (row["played_at"], times[row["filename"]])}
        await keep_rollups(transaction, self._server.key, added=(), changed=days)
        now = await store.rounds_named(transaction, self._server.key, {row["filename"] for row in moved})
        await self._tell([one.amended() for one in now])
        self.counts["moved"] = len(moved)
        return list(names)

    async def _guids(self, transaction: Transaction) -> set[str]:
        rows = await transaction.fetch(
            "SELECT DISTINCT p.guid FROM player_rounds p JOIN rounds r ON r.id = p.round_id WHERE r.server = ?",
            (self._server.key,),
        )
        return {row["guid"] for row in rows}

    async def _mend(self, names: Sequence[str]) -> None:
        """Work out everything that hangs on the rounds with these *names*."""
        async with self._db.transaction(alone=True) as transaction:
            work = Work(transaction, self._db, self._server.key, self._zone)
            outcome = await reconcile(work, await self._filed(transaction, names))
            await people.recount(transaction, work.missed)
            await self._tell([*(one.event() for one in outcome.imported), *amendments(outcome)])

    async def _filed(self, transaction: Transaction, names: Sequence[str]) -> Filing:
        """Return the files of these *names* as stored now; each name is a change."""
        files = [
            file
            for start in range(0, len(names), store.CHUNK)
            for file in await store.stored_files(
                transaction, self._server.key, names=names[start : start + store.CHUNK]
            )
        ]
        rounds = await store.rounds_named(transaction, self._server.key, names)
        before = {one.filename: one.values["file_sha256"] for one in rounds}
        after = {file.filename: file.sha256 for file in files if file.state == "imported"}
        changes = (Change(name, kind_of(name), before.get(name), after.get(name)) for name in names)
        return Filing({(file.filename, file.sha256): file for file in files}, tuple(changes))

    async def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            await self._publish(event)
            self._changed.add(event.about)


def _prepared(row: Row) -> Prepared | None:
    """Return a stored file read again, without its bytes and what they say."""
    name = parse_stats_filename(row["filename"])
    if name is None:
        return None
    file = FetchedFile(
        server=row["server"], filename=row["filename"], sha256=row["sha256"], trigger="import",
        modified_at=utc(row["modified_at"]), fetched_at=utc(row["fetched_at"]),
    )  # fmt: skip
    try:
        one = prepare(file, name, zlib.decompress(row["content"]))
    except ChangedFileError:  # of a large one that is refused only the beginning is kept
        return Prepared(file, name, 0, None, error=row["reason"]) if row["state"] == "quarantined" else None
    return Prepared(file, name, one.size, None, None, one.content_key, one.error)


def _evenings(names: Collection[str], zone: Any) -> Iterator[list[str]]:
    """Give the *names* in the order of their times, cut where nothing reaches across."""
    timed = sorted((read.played_at(zone).timestamp(), name) for name in names if (read := parse_stats_filename(name)))
    some: list[str] = []
    for (before, _), (time, name) in itertools.pairwise([(timed[0][0], ""), *timed] if timed else []):
        if len(some) >= AT_ONCE and time - before > 2 * AROUND_SECONDS:
            yield some
            some = []
        some.append(name)
    if some:
        yield some
