"""The files that notices let us await: which file is one's, and what it can be called."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from roundhook.rounds import NOTICE_WINDOW

from .client import RemoteFile

_ENDS = ("", "-endstats", "_endstats")


@dataclass(frozen=True, slots=True)
class Awaited:
    """A notice that has no round yet."""

    map_name: str
    round_number: int
    ended_at: datetime

    def fits(self, file: RemoteFile, times: Sequence[datetime]) -> bool:
        """Tell whether *file*, written at one of *times*, is this round's."""
        early, late = NOTICE_WINDOW
        same = (file.name.map_name, file.name.round_number) == (self.map_name, self.round_number)
        return same and any(early <= time - self.ended_at <= late for time in times)

    def names(self, zone: ZoneInfo) -> Iterator[str]:
        """Give each name that its files can have: one for each second of the window."""
        early, late = (int(edge.total_seconds()) for edge in NOTICE_WINDOW)
        for second in range(early, late + 1):
            written = (self.ended_at + timedelta(seconds=second)).astimezone(zone)
            for end in _ENDS:
                yield f"{written:%Y-%m-%d-%H%M%S}-{self.map_name}-round-{self.round_number}{end}.txt"
