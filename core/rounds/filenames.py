"""The names of the files that a game server writes: what they say, and which are safe to use as paths.

Fact source: 318 distinct names of one server (reference/stats-file-format.md, section 1). The time is the
server's local wall clock at the moment of writing, without zone.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from core.servers.files import MAX_LENGTH

Kind = Literal["round", "endstats", "other"]
"""What a file of a game server is."""

_STATS_FILE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})-([0-9]{2})([0-9]{2})([0-9]{2})-(?P<map>[^/\\\x00-\x1f]+?)-round-(?P<round>[12])(?P<end>-endstats|_endstats)?\.txt"
)


_TIME = range(1, 7)
"""The groups of its parts. (``strptime`` takes five times as long, and a name is read several times.)"""


@dataclass(frozen=True, slots=True)
class StatsFilename:
    """A file name read: ``local_time`` is naive on purpose, it is the game server's wall clock."""

    filename: str
    """The name as it was read."""
    kind: Kind
    """``round`` or ``endstats``."""
    local_time: datetime
    """When it was written, by the game server's wall clock."""
    map_name: str
    """As the engine calls the map."""
    round_number: int
    """1 or 2."""

    def played_at(self, zone: ZoneInfo) -> datetime:
        """Return the time in UTC, read in the game server's zone.

        An hour that the zone skips is moved forward, one that it repeats is taken the first time.
        """
        return self.local_time.replace(tzinfo=zone).astimezone(UTC)

    def possible_times(self, zone: ZoneInfo) -> tuple[datetime, ...]:
        """Return each UTC time the name can mean: two in the hour that a clock change repeats, else one."""
        first = self.played_at(zone)
        second = self.local_time.replace(tzinfo=zone, fold=1).astimezone(UTC)
        return (first,) if second <= first else (first, second)


def parse_stats_filename(filename: str) -> StatsFilename | None:
    """Read a stats or endstats file's name; None for any other name (also one that is no plain file name)."""
    if len(filename) > MAX_LENGTH or (match := _STATS_FILE.fullmatch(filename)) is None:
        return None
    try:
        local_time = datetime(*map(int, match.group(*_TIME)))  # type: ignore[arg-type] # noqa: DTZ001 - the zone is a setting
    except ValueError:
        return None
    if not 2000 <= local_time.year < 2100:
        return None
    kind: Kind = "endstats" if match["end"] else "round"
    return StatsFilename(filename, kind, local_time, match["map"], int(match["round"]))


def is_map_name(text: str) -> bool:
    """Tell whether a map can be called *text*: whether a stats file's name can hold it.

    >>> is_map_name("te_escape2 (1)"), is_map_name("a/b")
    (True, False)
    """
    parsed = parse_stats_filename(f"2000-01-01-000000-{text}-round-1-endstats.txt") if text.isprintable() else None
    return parsed is not None and parsed.map_name == text


def kind_of(filename: str) -> Kind:
    """Return what kind of file *filename* names."""
    parsed = parse_stats_filename(filename)
    return parsed.kind if parsed else "other"


def match_key(filename: str) -> str:
    """Return the ``YYYY-MM-DD-HHMMSS`` that a stats file's name begins with."""
    return filename[:17]


NOTICE_WINDOW = (timedelta(seconds=-60), timedelta(seconds=150))
"""How far a file's time may lie from the end time of its notice (measured: 3 to 5 s; same map and round: 339 s)."""
