"""What is known of a server's rounds while an import is worked out: each round as stored, and as it is to be."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from roundhook import ImportedRound, RoundAmended
from roundhook.db import columns_of
from roundhook.rounds import Round, Trigger

from .difference import GUID, NAME, RoundRows
from .pairing import Base
from .parser import StatsFile

TIMING_COLUMNS = (
    "round_start_unix", "round_end_unix", "actual_duration_seconds", "total_pause_seconds", "pause_count", "end_reason",
    "duration_source", "duration_note",
)  # fmt: skip
FIXED_COLUMNS = ("server", "filename", "map_name", "played_at")
CHANGING_COLUMNS = columns_of(Round, without=("id", "revision", *FIXED_COLUMNS))


class StoredMatch(Struct):
    """A row of ``matches``, seen from its R1."""

    id: int
    round2_id: int | None
    result: str | None


class RoundState(Struct, eq=False):
    """One round. ``values`` are the columns that can change; ``stored`` is what they were, empty for a new round."""

    server: str
    filename: str
    map_name: str
    round_number: int
    """What its file says; what it really is stands in ``values``."""
    played_at: datetime
    time: int
    """``played_at`` in Unix seconds."""
    trigger: Trigger
    base: Base
    values: dict[str, Any]
    stored: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None
    revision: int = 1
    first_id: int | None = None
    """The id of the R1 that an R2 is stored with."""
    match: StoredMatch | None = None
    """The stored match that an R1 has."""
    noticed: bool = False
    partner: str | None = None
    """The name of the R1 that an R2 belongs to."""
    reading: int | None = None
    """The time meant by a name of a repeated hour, Unix seconds; else None. Only pairs and sessions go by it."""
    settled: bool = False
    """An R2 at the edge, too near to rounds that were not read: its pairing stays as stored."""
    packed: bytes | None = None
    """Its file, compressed, where it was read along."""
    content_changed: bool = False
    reread: bool = False
    """Whether the content is as it was and everything that follows from it is worked out anew."""
    notice_changed: bool = False
    file: StatsFile | None = None
    rows: RoundRows | None = None
    """Set when its rows are to be written."""
    people_before: frozenset[tuple[str, str]] = frozenset()
    """GUID and name of each stored row that ``rows`` replaces."""
    touched: list[str] = field(default_factory=list)
    """What has changed beside columns: ``players``, ``notice``, ``awards``."""

    @property
    def is_new(self) -> bool:
        return self.id is None

    @property
    def is_fresh(self) -> bool:
        """Whether it has been stored in this transaction."""
        return not self.stored

    @property
    def key(self) -> tuple[str, str]:
        """The file that it is read from: name and sha256."""
        return self.filename, self.values["file_sha256"]

    @property
    def order(self) -> tuple[int, str]:
        """What rounds are sorted by in time."""
        return self.time if self.reading is None else self.reading, self.filename

    @property
    def people(self) -> frozenset[tuple[str, str]]:
        """GUID and name of each player in ``rows``."""
        return frozenset((row[GUID], row[NAME]) for row in self.rows.players) if self.rows else frozenset()

    def changed(self) -> tuple[str, ...]:
        """Return what differs from what is stored, in the order of the table."""
        columns = (column for column in CHANGING_COLUMNS if self.values[column] != self.stored[column])
        return (*columns, *dict.fromkeys(self.touched))

    def event(self) -> ImportedRound:
        """Return what others are told about the round."""
        if self.id is None:
            raise ValueError(f"{self.filename} has no id yet: it is told about after it is stored.")
        return ImportedRound(
            round_id=self.id, file_sha256=self.values["file_sha256"], server=self.server, map_name=self.map_name,
            round_number=self.values["round_number"], match_id=self.values["match_id"],
            session_id=self.values["session_id"], played_at=self.played_at, filename=self.filename,
            trigger=self.trigger, notice=self.noticed,
        )  # fmt: skip

    def amended(self) -> RoundAmended:
        """Return that only its time has changed."""
        return RoundAmended(round=self.event(), revision=self.revision, changed=("played_at",))


def stored_round(row: Mapping[str, Any]) -> RoundState:
    """Build a round from a row of ``store.ROUND_SELECT``."""
    values = {column: row[column] for column in CHANGING_COLUMNS}
    status: str = row["status"]
    is_first = row["round1_id"] == row["id"]
    return RoundState(
        row["server"], row["filename"], row["map_name"], _number_in(row["filename"]), row["played_at"],
        int(row["played_at"].timestamp()), row["trigger"] or "poll",
        "empty" if status == "empty" else "aborted" if status == "aborted" else "ok",
        dict(values), values, row["id"], row["revision"],
        first_id=None if is_first else row["round1_id"],
        match=StoredMatch(row["match_id"], row["round2_id"], row["result"]) if is_first else None,
        noticed=bool(row["noticed"]), packed=row["packed"],
    )  # fmt: skip


def _number_in(filename: str) -> int:
    return int(filename.rpartition("-round-")[2][0])


def new_round(
    server: str, filename: str, played_at: datetime, file: StatsFile, sha256: str, trigger: str | None
) -> RoundState:
    """Build a round that is not stored yet from its file."""
    values: dict[str, Any] = dict.fromkeys(CHANGING_COLUMNS)
    values.update(file_values(file, sha256), status="ok")
    return RoundState(
        server, filename, file.map_name, file.round_number, played_at, int(played_at.timestamp()),
        trigger or "poll", "ok", values, file=file, content_changed=True,  # type: ignore[arg-type]
    )  # fmt: skip


def file_values(file: StatsFile, sha256: str) -> dict[str, Any]:
    """Return the columns that only the file decides."""
    return {
        "file_sha256": sha256, "round_number": file.round_number, "winner_side": file.winner_side,
        "defender_side": file.defender_side,
        "time_limit_seconds": file.time_limit_seconds, "time_shown_seconds": file.time_shown_seconds,
    }  # fmt: skip


class Windows(Struct):
    """Stretches of time (Unix seconds, both ends included) that have been read, apart from each other, in order."""

    spans: tuple[tuple[int, int], ...]

    @classmethod
    def merged(cls, spans: Iterable[tuple[int, int]]) -> "Windows":
        """Join what overlaps."""
        joined: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return cls(tuple(joined))

    def hold(self, time: int, *, before: int = 0, after: int = 0) -> bool:
        """Tell whether *time* is inside with at least so many seconds read *before* and *after* it."""
        return any(start + before <= time <= end - after for start, end in self.spans)
