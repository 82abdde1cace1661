"""From a fetched file's bytes to what an import needs of them: the work that takes time, without any database."""

import hashlib
import zlib
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from roundhook import FetchedFile
from roundhook.rounds import StatsFilename

from .contents import AHEAD
from .endstats import Endstats, parse_endstats
from .parser import MAX_BYTES, StatsFile, StatsFileError, content_key, parse_stats_file

MAX_KEPT = 4 * MAX_BYTES
"""The most bytes of a refused file that are kept."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that has been read; ``parsed`` is None and ``error`` says why where it is refused."""

    file: FetchedFile
    name: StatsFilename
    size: int
    packed: bytes | None
    """The content, compressed; None where it is too large to be kept."""
    parsed: StatsFile | Endstats | None = None
    content_key: str | None = None
    error: str | None = None
    early: str | None = None
    """Why it is left aside for now: it can be read, and its time has not come."""

    @property
    def state(self) -> str:
        """How it is stored before it is known what else there is."""
        return "quarantined" if self.error else "aside" if self.early else "imported"

    @property
    def key(self) -> tuple[str, str]:
        return self.file.filename, self.file.sha256


class ChangedFileError(Exception):
    """The bytes are not those that the file was announced with: it is still being written."""


def prepare(file: FetchedFile, name: StatsFilename, data: bytes) -> Prepared:
    """Check, parse and compress a file's bytes.

    Raises:
        ChangedFileError: they do not have the file's hash.
    """
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise ChangedFileError
    packed = zlib.compress(data) if len(data) <= MAX_KEPT else None
    try:
        if name.kind == "endstats":
            return Prepared(file, name, len(data), packed, parse_endstats(data))
        return Prepared(file, name, len(data), packed, parse_stats_file(data, name), content_key(data))
    except StatsFileError as error:
        return Prepared(file, name, len(data), packed, error=f"{file.filename}: {error}")


def in_its_time(one: Prepared, zone: ZoneInfo, now: datetime) -> Prepared:
    """Return the file, left aside where its name's time in *zone* is more than a day ahead of *now*."""
    if one.error is not None or one.name.played_at(zone) <= now + AHEAD:
        return one
    when = f"{one.name.local_time:%Y-%m-%d %H:%M} {zone.key}"
    early = f"{one.file.filename} is dated {when}, which is to come: it is taken then. Look at the game server's clock."
    return replace(one, parsed=None, content_key=None, early=early)
