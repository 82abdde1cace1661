"""Which bot works with this database, and how it says it is: one at a time, told from other processes (``bots``)."""

import contextlib
import json
import os
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.db.database import Database, Row, utc
from core.errors import PeerUnavailableError

BEAT_SECONDS = 10.0
SILENT = timedelta(minutes=1)
"""A bot of another machine that has not been heard of for so long counts as ended."""
_STARTED = 19
"""The field of ``/proc/<pid>/stat``, after the name, that tells when a process began."""
_TAKE = (
    "INSERT INTO bots (id, owner, host, pid, since, beat_at, status) VALUES (1, ?, ?, ?, ?, ?, '{}') "
    "ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, host = excluded.host, pid = excluded.pid, "
    "since = excluded.since, beat_at = excluded.beat_at, status = excluded.status WHERE bots.owner = ? RETURNING owner"
)


class Presence:
    """This process's bot among those that could use the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._me = f"{uuid.uuid4().hex} {_started(os.getpid())}"

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Be the one bot of this database while the block runs.

        Raises:
            PeerUnavailableError: another one is; says which, and since when.
        """
        while not await self._taken():
            pass  # another one came in that moment: it runs, or has ended already
        try:
            yield
        finally:
            with contextlib.suppress(PeerUnavailableError):  # away: who starts next sees that this process has ended
                await self._database.execute("DELETE FROM bots WHERE owner = ?", (self._me,))

    async def _taken(self) -> bool:
        """Take the place of a bot that has ended, or one that nobody has; tell whether it was still so."""
        rows, now = await self._database.fetch("SELECT * FROM bots"), self._clock.now()
        if (other := _that_runs(rows, self._clock)) is not None:
            raise PeerUnavailableError(
                f"Another bot uses this database: process {other['pid']} on {other['host']}, since "
                f"{utc(other['since']):%Y-%m-%d %H:%M} UTC. Stop it, or set another database.url. (`roundhook import` "
                "and the commands that only read may run beside it.)"
            )
        before = rows[0]["owner"] if rows else self._me
        mine = (self._me, socket.gethostname(), os.getpid(), now, now)
        return bool(await self._database.write(_TAKE, (*mine, before)))

    async def beat(self, status: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        """Note that the bot runs, and how it says it is; once."""
        text = json.dumps(await status(), ensure_ascii=False)
        values = (self._clock.now(), text, self._me)
        await self._database.execute("UPDATE bots SET beat_at = ?, status = ? WHERE owner = ?", values)


async def running(database: Database, clock: Clock) -> Row | None:
    """Return the row of the bot that uses the database now, None if none does."""
    return _that_runs(await database.fetch("SELECT * FROM bots"), clock)


def _that_runs(rows: Sequence[Row], clock: Clock) -> Row | None:
    if not rows:
        return None
    row, beat_at = rows[0], utc(rows[0]["beat_at"])
    if row["host"] == socket.gethostname() and _started(os.getpid()) != "-":
        runs = row["pid"] != os.getpid() and row["owner"].endswith(f" {_started(row['pid'])}")
    else:
        runs = beat_at is not None and clock.now() - beat_at <= SILENT
    return row if runs else None


def _started(pid: int) -> str:
    """Return when a process of this machine began; "-" if it runs no more, or nothing tells."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[_STARTED]
    except (OSError, IndexError):
        return "-"
