"""The files that notices let us await: which file is one's, what it can be called, and those of one server."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from roundhook import Clock, RoundNotice
from roundhook.db import Database
from roundhook.rounds import NOTICE_WINDOW

from .client import RemoteFile

_ENDS = ("", "-endstats", "_endstats")
_DELAYS = """
    SELECT n.server, n.received_at, f.fetched_at FROM round_notices n JOIN rounds r ON r.id = n.round_id
    JOIN stats_files f ON f.server = r.server AND f.filename = r.filename AND f.sha256 = r.file_sha256
    WHERE n.id > (SELECT max(id) FROM round_notices) - 2000 AND n.received_at IS NOT NULL ORDER BY n.id"""
_EARLY, _LATE = (int(edge.total_seconds()) for edge in NOTICE_WINDOW)
_SECONDS = range(_EARLY, _LATE + 1)
_LAST = 3
"""So many files tell what the next one is called, give or take a second."""
LATEST_UNIX = 2**32
"""Whatever a game server's clock says: a time after that is none."""
_LATEST = 16
"""So many files that came without a notice are remembered, for one that comes after its file."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """A notice that has no round yet."""

    map_name: str
    round_number: int
    ended_at: datetime
    received_at: datetime

    def fits(self, file: RemoteFile, times: Sequence[datetime]) -> bool:
        """Tell whether *file*, written at one of *times*, is this round's."""
        early, late = NOTICE_WINDOW
        same = (file.name.map_name, file.name.round_number) == (self.map_name, self.round_number)
        return same and any(early <= time - self.ended_at <= late for time in times)

    def names(self, zone: ZoneInfo) -> Iterator[str]:
        """Give each name that its files can have: one for each second of the window, those near the round first."""
        for second in sorted(_SECONDS, key=abs):
            yield from self.names_at(second, zone, _ENDS)

    def names_at(self, second: int, zone: ZoneInfo, ends: Sequence[str] = _ENDS[:1]) -> Iterator[str]:
        """Give the name of its file, and with other *ends* of more, if it is written so long after the round."""
        written = (self.ended_at + timedelta(seconds=second)).astimezone(zone)
        for end in ends:
            yield f"{written:%Y-%m-%d-%H%M%S}-{self.map_name}-round-{self.round_number}{end}.txt"


async def stored_delays(db: Database, longest: float) -> list[tuple[str, float]]:
    """Return how many seconds after their notices the latest files were fetched, and from which servers."""
    rows = await db.fetch(_DELAYS)
    waits = [(row["server"], (row["fetched_at"] - row["received_at"]).total_seconds()) for row in rows]
    return [(server, seconds) for server, seconds in waits if 0 <= seconds <= longest]


class Notices:
    """One server's notices whose files are awaited, each for *seconds*: no look has to ask the database for them."""

    def __init__(self, server: str, zone: ZoneInfo, seconds: float, clock: Clock) -> None:
        self._server, self._zone, self._clock = server, zone, clock
        self._patience = timedelta(seconds=seconds)
        self._awaited: list[Awaited] = []
        self._written: deque[int] = deque(maxlen=_LAST)
        """How many seconds after their rounds the last files were written, both by the game server's clock."""
        self._came: deque[RemoteFile] = deque(maxlen=_LATEST)

    async def read(self, db: Database) -> None:
        """Take up what is stored and has no round yet, as after a restart."""
        rows = await db.fetch(
            "SELECT map_name, round_number, round_end_unix, notice, received_at FROM round_notices "
            "WHERE server = ? AND round_id IS NULL AND received_at >= ?",
            (self._server, self._clock.now() - self._patience),
        )
        for row in rows:
            if '"end_reason":"aborted"' not in row["notice"]:
                self._add(row["map_name"], row["round_number"], row["round_end_unix"], row["received_at"])

    def add(self, notice: RoundNotice) -> None:
        """Await the file of a notice, unless it came before, or there is none."""
        possible = notice.end_reason != "aborted" and 0 <= notice.round_end_unix < LATEST_UNIX
        if possible and notice.received_at is not None:
            self._add(notice.map_name, notice.round_number, notice.round_end_unix, notice.received_at)

    def now(self) -> list[Awaited]:
        """Return those that are awaited still."""
        since = self._clock.now() - self._patience
        self._awaited = [one for one in self._awaited if one.received_at >= since]
        return self._awaited

    def elapsed(self) -> list[float]:
        """Return how many seconds ago each of them came."""
        now = self._clock.now()
        return [(now - one.received_at).total_seconds() for one in self._awaited]

    def of(self, file: RemoteFile) -> Awaited | None:
        """Return the one whose round's *file* is, of several the one that ended last before it was written."""
        times = file.name.possible_times(self._zone)
        found = [one for one in self._awaited if file.name.kind == "round" and one.fits(file, times)]
        return min(
            found, key=lambda one: min((one.ended_at > time, abs(time - one.ended_at)) for time in times), default=None
        )

    def likely_names(self, changed_unix: int) -> Iterator[list[str]]:
        """Give what the awaited files are called, the likeliest first.

        That is if they were written when the folder changed; then, as long after the rounds as the last ones.
        """
        changed = self._names((one, changed_unix - round(one.ended_at.timestamp())) for one in self._awaited)
        yield changed
        seconds = sorted({second + off for second in self._written for off in (-1, 0, 1)})
        learnt = self._names((one, second) for one in self._awaited for second in seconds)
        yield [name for name in learnt if name not in changed]

    def came(self, file: RemoteFile) -> None:
        """Note that a file was fetched: its round is not awaited any more."""
        if found := self.of(file):
            self._awaited.remove(found)
            times = file.name.possible_times(self._zone)
            self._written.append(min((round((time - found.ended_at).total_seconds()) for time in times), key=abs))
        elif file.name.kind == "round":
            self._came.append(file)

    def _names(self, written: Iterable[tuple[Awaited, int]]) -> list[str]:
        return [name for one, at in written if at in _SECONDS for name in one.names_at(at, self._zone)]

    def _add(self, map_name: str, number: int, end: float, received_at: datetime) -> None:
        new = Awaited(map_name, number, datetime.fromtimestamp(round(end), UTC), received_at)
        if came := next((one for one in self._came if self._explains(one, new)), None):
            self._came.remove(came)
        elif new not in self._awaited:
            self._awaited.append(new)

    def _explains(self, file: RemoteFile, notice: Awaited) -> bool:
        """Tell whether a file that came before is a notice's: if in doubt it is not, and another is looked for."""
        times = file.name.possible_times(self._zone)
        return notice.fits(file, times) and max(times) >= notice.ended_at
