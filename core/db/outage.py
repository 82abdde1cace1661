"""The database is away: told once when it goes and once when it is back, however many try meanwhile."""

import logging
import sqlite3
import time
from types import TracebackType

from core.errors import DatabaseAwayError

log = logging.getLogger(__name__)

_REMEDIES = {
    sqlite3.SQLITE_BUSY: "Something else holds it: end that.",
    sqlite3.SQLITE_LOCKED: "Something else holds it: end that.",
    sqlite3.SQLITE_READONLY: "Give the bot's user the right to write the file and its folder.",
    sqlite3.SQLITE_IOERR: "Look at its disk.",
    sqlite3.SQLITE_FULL: "Make room on its disk.",
    sqlite3.SQLITE_CANTOPEN: "Correct database.url or --db.",
}
"""By SQLite's primary result code; any other error is somebody's mistake in a statement."""


CALM_SECONDS = 1.0
"""Without a failure for so long it is back: on a full disk a small write still succeeds now and then."""


def away(error: sqlite3.OperationalError) -> DatabaseAwayError | None:
    """Return what to raise for an error of SQLite that is nobody's mistake, None for any other."""
    remedy = _REMEDIES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    return DatabaseAwayError(f"The database cannot be used ({error}). {remedy}") if remedy else None


class Outage:
    """Watches the calls of one database: ``with outage: …`` around each."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._failed_at = 0.0

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            if self._since is not None:
                self._succeeded(self._since, time.monotonic())
        elif isinstance(error, DatabaseAwayError):
            self._failed_at = time.monotonic()
            if self._since is None:
                self._since = self._failed_at
                log.error("%s Nothing is lost: what is to be written waits and is tried again.", error)

    def _succeeded(self, since: float, now: float) -> None:
        if now - self._failed_at >= CALM_SECONDS:
            log.warning("the database answers again, after %.0f s", now - since)
            self._since = None
