"""From a fetched file's bytes to what an import needs of them: the work that takes time, without any database."""

import hashlib
import logging
import zlib
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from roundhook import FetchedFile
from roundhook.rounds import StatsFilename

from .contents import AHEAD
from .endstats import Endstats, parse_endstats
from .parser import StatsFile, StatsFileError, content_key, parse_stats_file

log = logging.getLogger(__name__)

MAX_KEPT, KEPT_A_DAY = 64 * 1024, 200
"""The most bytes of a refused file that are kept, and of how many of one server in a day."""


class Prepared(Struct, frozen=True):
    """A file that has been read; ``parsed`` is None and ``error`` says why where it is refused."""

    file: FetchedFile
    name: StatsFilename
    size: int
    packed: bytes | None
    """The content, compressed; of a refused file its beginning; None where so many were refused that it is not kept."""
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
    try:
        if name.kind == "endstats":
            return Prepared(file, name, len(data), zlib.compress(data), parse_endstats(data))
        return Prepared(file, name, len(data), zlib.compress(data), parse_stats_file(data, name), content_key(data))
    except StatsFileError as error:
        why = str(error)
    except Exception as error:  # what a stranger's file makes the parser do concerns that file alone
        log.exception("%s of %s makes the parser fail", file.filename, file.server)
        why = f"it cannot be read ({type(error).__name__})"
    return Prepared(file, name, len(data), zlib.compress(data[:MAX_KEPT]), error=f"{file.filename}: {why}")


def in_its_time(one: Prepared, zone: ZoneInfo, now: datetime) -> Prepared:
    """Return the file, left aside where its name's time in *zone* is more than a day ahead of *now*."""
    if one.error is not None or one.name.played_at(zone) <= now + AHEAD:
        return one
    when = f"{one.name.local_time:%Y-%m-%d %H:%M} {zone.key}"
    early = f"{one.file.filename} is dated {when}, which is to come: it is taken then. Look at the game server's clock."
    return replace(one, parsed=None, content_key=None, early=early)
