"""What is left in the journal: taken over from ended processes, caught up with, tried again, thinned."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from core.clock import Clock
from core.db.database import Database, Dialect, Row, marks, utc
from core.db.journal_rows import as_arguments
from core.db.owners import Owners

OPEN = "state <> 'done'"
"""Stands beside each look for a state: without it SQLite reads all deliveries, although one index has the open ones."""
_MOST_FAILURES = 500
_LATE: dict[Dialect, int] = {"sqlite": 0, "postgres": 5_000}
"""So many numbers later an event may come than one with a higher number: PostgreSQL gives them before the commit."""
_THINNED = 500
"""Events in one DELETE, with their deliveries: what an import has published gets old in the same moment."""
_AGAIN = "UPDATE deliveries SET state = 'pending', attempts = 0 WHERE"
_THESE: dict[Dialect, str] = {"sqlite": "IN (SELECT value FROM json_each(?))", "postgres": "= ANY(?)"}


class Backlog:
    """Reads and changes deliveries that are not done; each statement stands for itself."""

    def __init__(self, database: Database, owners: Owners, clock: Clock) -> None:
        self._database = database
        self._owners = owners
        self._clock = clock

    async def take_over(self) -> int:
        """Adopt what ended processes have left pending; return from how many."""
        rows = await self._database.fetch(
            "SELECT e.owner, max(e.published_at) AS latest FROM deliveries d JOIN events e ON e.id = d.event_id "
            f"WHERE d.{OPEN} AND d.state = 'pending' GROUP BY e.owner"
        )
        now = self._clock.now()
        ended = [row["owner"] for row in rows if self._owners.has_ended(row["owner"], utc(row["latest"]) or now, now)]
        for owner in ended:
            await self._database.execute("UPDATE events SET owner = ? WHERE owner = ?", (self._owners.me, owner))
        return len(ended)

    async def catch_up(self, plugin: str, types: Sequence[str], after: int = 0) -> int:
        """Record deliveries for *plugin* of the kept events of *types* that it has none for.

        Returns after which event to look the next time; of those before that none is new.
        """
        (row,) = await self._database.fetch("SELECT max(id) AS last FROM events")
        if types:
            new = await self._database.write(
                "INSERT INTO deliveries (event_id, plugin, state, updated_at) "
                f"SELECT id, ?, 'pending', published_at FROM events WHERE id > ? AND type IN ({marks(len(types))}) "
                "AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = events.id AND d.plugin = ?) "
                "RETURNING event_id",
                (plugin, after, *types, plugin),
            )
            await self._adopt(plugin, new)
        return max((row["last"] or 0) - _LATE[self._database.dialect], 0)

    async def replay(self, event_ids: Sequence[int]) -> int:
        """Make failed deliveries of these events pending again, as this process's; return how many there were.

        An event of which something is pending stays with the process that delivers it.
        """
        if not event_ids:
            return 0
        these = f"({marks(len(event_ids))})"
        which = f"event_id IN {these} AND state = 'failed'"
        async with self._database.transaction() as transaction:
            count = (await transaction.fetch(f"SELECT count(*) AS n FROM deliveries WHERE {which}", event_ids))[0]["n"]
            await transaction.execute(
                f"UPDATE events SET owner = ? WHERE id IN {these} AND NOT EXISTS "
                "(SELECT 1 FROM deliveries d WHERE d.event_id = events.id AND d.state = 'pending')",
                (self._owners.me, *event_ids),
            )
            await transaction.execute(f"{_AGAIN} {which}", event_ids)
        return int(count)

    async def retry_failed(self, plugin: str) -> bool:
        """Make what failed for good for *plugin* pending again, as this process's; tell whether anything had."""
        where = f"plugin = ? AND {OPEN} AND state = 'failed'"
        if not await self._database.fetch(f"SELECT event_id FROM deliveries WHERE {where} LIMIT 1", (plugin,)):
            return False
        await self._adopt(plugin, await self._database.write(f"{_AGAIN} {where} RETURNING event_id", (plugin,)))
        return True

    async def waiting(self, plugin: str) -> int:
        """Return how many events are still to be delivered to *plugin*."""
        sql = f"SELECT count(*) AS n FROM deliveries WHERE plugin = ? AND {OPEN} AND state = 'pending'"
        return int((await self._database.fetch(sql, (plugin,)))[0]["n"])

    async def tried_again(self) -> list[Row]:
        """Return by plugin what waits, of this process, where something has failed: n, most attempts, an error."""
        return await self._database.fetch(
            "SELECT d.plugin, count(*) AS n, max(d.attempts) AS attempts, max(d.error) AS error FROM deliveries d "
            f"JOIN events e ON e.id = d.event_id WHERE d.{OPEN} AND d.state = 'pending' AND e.owner = ? "
            "GROUP BY d.plugin HAVING max(d.attempts) > 0",
            (self._owners.me,),
        )

    async def failed(self, limit: int) -> list[Row]:
        """Return deliveries that failed for good, the latest first: id, type, key, plugin, attempts, error, at."""
        return await self._database.fetch(
            "SELECT e.id, e.type, e.key, d.plugin, d.attempts, d.error, d.updated_at FROM deliveries d "
            f"JOIN events e ON e.id = d.event_id WHERE d.{OPEN} AND d.state = 'failed' "
            f"ORDER BY e.id DESC LIMIT {int(limit)}"
        )

    async def failures(self) -> list[Row]:
        """Return what failed for good and was not refused by its plugin: type, payload, plugin, error; latest first."""
        return await self._database.fetch(
            "SELECT e.type, e.payload, d.plugin, d.error FROM deliveries d JOIN events e ON e.id = d.event_id "
            f"WHERE d.{OPEN} AND d.state = 'failed' AND d.error NOT LIKE 'BadInputError%' "
            f"ORDER BY e.id DESC LIMIT {_MOST_FAILURES}"
        )

    async def thin(self, keep: timedelta, installed: Iterable[str] | None = None) -> None:
        """Delete events older than *keep* of which nothing is pending or failed for a plugin that is *installed* (any).

        What waits for a plugin that is gone is not kept longer than the rest.
        """
        names = [] if installed is None else sorted(installed)
        of_these = f" AND d.plugin IN ({marks(len(names)) or 'NULL'})" if installed is not None else ""
        old = (
            "published_at < ? AND NOT EXISTS "
            f"(SELECT 1 FROM deliveries d WHERE d.event_id = events.id AND d.state <> 'done'{of_these})"
        )
        args, ids = (self._clock.now() - keep, *names), [0] * _THINNED
        while len(ids) == _THINNED:
            sql = f"SELECT id FROM events WHERE {old} ORDER BY id LIMIT {_THINNED}"
            ids = [row["id"] for row in await self._database.fetch(sql, args)]
            await self._database.execute(
                f"DELETE FROM events WHERE id IN ({marks(len(ids)) or 'NULL'}) AND {old}", (*ids, *args)
            )

    async def _adopt(self, plugin: str, found: Sequence[Row]) -> None:
        """Take the events of which *plugin*'s deliveries have just been made pending: nobody delivers those.

        An event that a living process still delivers to others stays with it.
        """
        if not found:
            return
        ids, dialect = [row["event_id"] for row in found], self._database.dialect
        await self._database.execute(
            f"UPDATE events SET owner = ? WHERE id {_THESE[dialect]} AND NOT EXISTS "
            "(SELECT 1 FROM deliveries d WHERE d.event_id = events.id AND d.state = 'pending' AND d.plugin <> ?)",
            (self._owners.me, *as_arguments(dialect, ids), plugin),
        )
