"""The table of jobs: what is to be called when, in ``plugin_jobs``. Each statement stands for itself."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from core.db import Database
from core.db.database import Row, utc
from core.kernel.crons import Cron
from core.shown import storable

_COLUMNS = "id, plugin, method, data, due_at, cron, attempts, next_at, revision"
_WAITING = f"SELECT {_COLUMNS} FROM plugin_jobs WHERE state = 'waiting'"
_NEXT_LANE = f"{_WAITING} AND (plugin, method) > (?, ?) ORDER BY plugin, method, due_at, id LIMIT 1"
_FIRST = f"{_WAITING} AND plugin = ? AND method = ? ORDER BY due_at, id LIMIT 1"
_ADD = (
    "INSERT INTO plugin_jobs (plugin, method, key, data, due_at, state, cron, attempts, revision) "
    "VALUES (?, ?, ?, ?, ?, 'waiting', ?, 0, 0)"
)
_REPLACE = (
    f"{_ADD} ON CONFLICT (plugin, method, cron, key) WHERE state = 'waiting' AND (key <> '' OR cron <> '') "
    "DO UPDATE SET data = excluded.data, due_at = excluded.due_at, attempts = 0, next_at = NULL, error = NULL, "
    "revision = plugin_jobs.revision + 1"
)
_OF_KEY = "plugin = ? AND method = ? AND cron = '' AND key = ?"
_DROP_FAILED = f"DELETE FROM plugin_jobs WHERE {_OF_KEY} AND state = 'failed' AND error IS NOT NULL"
_DROP_WAITING = f"DELETE FROM plugin_jobs WHERE {_OF_KEY} AND state = 'waiting' AND (key <> '' OR cron <> '')"
"""Said as the indexes have it, or all that was done is gone through."""
_AGAIN = (
    "UPDATE plugin_jobs SET state = 'waiting', attempts = 0, next_at = NULL WHERE plugin = ? AND error IS NOT NULL "
    "AND state = 'failed' AND NOT EXISTS (SELECT 1 FROM plugin_jobs w WHERE w.state = 'waiting' AND w.key <> '' "
    "AND w.plugin = plugin_jobs.plugin AND w.method = plugin_jobs.method AND w.key = plugin_jobs.key AND w.cron = '')"
)
_FAILING = "error IS NOT NULL AND state <> 'done'"

Lane = tuple[str, str]
"""A plugin and one of its methods: its jobs run one after another."""


class Planned(Struct, frozen=True):
    """One job as it stands in the table."""

    id: int
    plugin: str
    method: str
    data: str
    due_at: datetime
    cron: str
    attempts: int
    next_at: datetime | None
    revision: int

    @property
    def lane(self) -> Lane:
        return self.plugin, self.method

    @property
    def time(self) -> datetime:
        """When it is to be run, or tried again."""
        return self.next_at or self.due_at

    @classmethod
    def of(cls, row: Row) -> "Planned":
        """Read a row."""
        times: dict[str, Any] = {"due_at": utc(row["due_at"]), "next_at": utc(row["next_at"])}
        return cls(**{**row, **times})


class Schedule:
    """Reads and writes ``plugin_jobs``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, lane: Lane, data: str, key: str, when: datetime) -> None:
        """Plan a job; one with the same *key* is replaced."""
        values = (*lane, key, data, when.astimezone(UTC), "")
        if not key:
            await self._database.execute(_ADD, values)
            return
        async with self._database.transaction() as transaction:
            await transaction.execute(_DROP_FAILED, (*lane, key))
            await transaction.execute(_REPLACE, values)

    async def take_back(self, lane: Lane, key: str) -> None:
        """Forget the job of *key* that has not been done."""
        async with self._database.transaction() as transaction:
            await transaction.execute(_DROP_WAITING, (*lane, key))
            await transaction.execute(_DROP_FAILED, (*lane, key))

    async def firsts(self) -> list[Planned]:
        """Return what comes first of each plugin's each method: one look at an index for each."""
        found: list[Planned] = []
        lane = ("", "")
        while rows := await self._database.fetch(_NEXT_LANE, lane):
            found.append(Planned.of(rows[0]))
            lane = found[-1].lane
        return found

    async def first(self, lane: Lane) -> Planned | None:
        """Return what comes first of one method."""
        rows = await self._database.fetch(_FIRST, lane)
        return Planned.of(rows[0]) if rows else None

    async def done(self, job: Planned, began: datetime) -> None:
        """Note that *job* was done; one of a cron waits for its first time after it *began*."""
        if job.cron:
            await self._plan_next(job, began, "error = NULL")
        else:
            await self._note(job, "state = 'done', error = NULL")

    async def again(self, job: Planned, when: datetime) -> None:
        """Note that *job* is tried again."""
        await self._note(job, "attempts = attempts + 1, next_at = ?", when)

    async def failed(self, job: Planned, began: datetime, error: str) -> None:
        """Note that *job* has failed for good; one of a cron waits for its next time all the same."""
        text = storable(error)
        if job.cron:
            await self._plan_next(job, began, "error = ?", text)
        else:
            await self._note(job, "state = 'failed', attempts = attempts + 1, error = ?", text)

    async def retry_failed(self, plugin: str) -> None:
        """Let what has failed for good wait again; what was replaced meanwhile stays as it is."""
        sql = f"SELECT 1 AS one FROM plugin_jobs WHERE plugin = ? AND {_FAILING} LIMIT 1"
        if await self._database.fetch(sql, (plugin,)):
            await self._database.execute(_AGAIN, (plugin,))

    async def plan(self, plugin: str, crons: Collection[tuple[str, str]], now: datetime) -> None:
        """Have one row for each of *crons* (method and expression), and none for others.

        A time that has passed stays due; one that is later than it can be (the clock was ahead) is put right.
        """
        sql = "SELECT id, method, cron, due_at FROM plugin_jobs WHERE plugin = ? AND state = 'waiting' AND cron <> ''"
        rows = {(row["method"], row["cron"]): row for row in await self._database.fetch(sql, (plugin,))}
        wanted = {one: Cron.of(one[1]).after(now) for one in crons}
        late = [(due, rows[one]["id"], due) for one, due in wanted.items() if one in rows and _is_later(rows[one], due)]
        new = [(plugin, method, "", "null", due, cron) for (method, cron), due in wanted.items()
               if (method, cron) not in rows]  # fmt: skip
        gone = [(row["id"],) for one, row in rows.items() if one not in wanted]
        if late or new or gone:
            async with self._database.transaction() as transaction:
                await transaction.execute_many("UPDATE plugin_jobs SET due_at = ? WHERE id = ? AND due_at > ?", late)
                await transaction.execute_many(_REPLACE, new)
                await transaction.execute_many("DELETE FROM plugin_jobs WHERE id = ?", gone)

    async def overview(self, plugin: str) -> list[Row]:
        """Return what waits and what has failed, by method: method, cron, waiting, failed, due_at (the next)."""
        sql = (
            "SELECT method, cron, sum(waiting) AS waiting, min(due_at) AS due_at, sum(failed) AS failed FROM ("
            "SELECT method, cron, 1 AS waiting, due_at, CASE WHEN error IS NULL THEN 0 ELSE 1 END AS failed "
            "FROM plugin_jobs WHERE plugin = ? AND state = 'waiting' UNION ALL "
            "SELECT method, cron, 0, NULL, 1 FROM plugin_jobs WHERE plugin = ? AND error IS NOT NULL "
            "AND state = 'failed') AS one GROUP BY method, cron ORDER BY method, cron"
        )
        return await self._database.fetch(sql, (plugin, plugin))

    async def waiting(self, lane: Lane) -> int:
        """Return how many jobs of one method wait."""
        sql = "SELECT count(*) AS n FROM plugin_jobs WHERE state = 'waiting' AND plugin = ? AND method = ?"
        return int((await self._database.fetch(sql, lane))[0]["n"])

    async def failures(self) -> list[Row]:
        """Return plugin, method and error of what failed for good and was not refused; the latest last."""
        sql = f"SELECT plugin, method, error FROM plugin_jobs WHERE {_FAILING} AND error NOT LIKE 'BadInputError%'"
        return await self._database.fetch(f"{sql} ORDER BY due_at, id LIMIT 500")

    async def thin(self, keep: timedelta, now: datetime) -> None:
        """Delete what was done and was due longer ago than *keep*."""
        await self._database.execute("DELETE FROM plugin_jobs WHERE state = 'done' AND due_at < ?", (now - keep,))

    async def _plan_next(self, job: Planned, began: datetime, also: str, *args: Any) -> None:
        due = Cron.of(job.cron).after(began)
        await self._note(job, f"due_at = ?, next_at = NULL, attempts = 0, {also}", due, *args)

    async def _note(self, job: Planned, what: str, *args: Any) -> None:
        """Change the row of *job*, unless it was replaced or taken back meanwhile."""
        sql = f"UPDATE plugin_jobs SET {what} WHERE id = ? AND revision = ? AND state = 'waiting'"
        await self._database.execute(sql, (*args, job.id, job.revision))


def _is_later(row: Row, due: datetime) -> bool:
    found = utc(row["due_at"])
    return found is not None and found > due
