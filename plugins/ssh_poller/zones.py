"""Whether the names of files, read in a server's zone, agree with the files' modification times. Pure functions.

A file is written at the moment that its name says. Where its time is a whole number of quarters of an hour away, at
most a day, the zone is another one. A time that was lost says nothing: one that many names share, as after a copy,
or any other distance.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from .client import RemoteFile

QUARTER, LEAST, MOST = 900, 1800, 24 * 3600
EXACT_SECONDS, AGREE_SECONDS, COPIED_SECONDS = 30, 600, 60
NEWEST = 25
"""So many files show how it is now; all of them, whether it is wrong for a part of the year."""


def names_behind(files: Iterable[RemoteFile], zone: ZoneInfo) -> int | None:
    """Return by how many seconds names are behind the files' times: 0 if they agree, None if nothing shows it."""
    shown = _evidence(sorted(files, key=lambda file: file.name.local_time), zone)
    if not shown:
        return None
    newest, often = Counter(shown[-NEWEST:]).most_common(1)[0]
    if newest and 2 * often > len(shown[-NEWEST:]):
        return newest
    wrong = Counter(seconds for seconds in shown if seconds).most_common(1)
    return wrong[0][0] if wrong and 3 * wrong[0][1] >= len(shown) else 0


def words(seconds: int) -> str:
    """Return a difference in words, with what it is to the files' times.

    >>> words(-19800)
    '5 h 30 min ahead of'
    """
    hours, minutes = divmod(abs(seconds) // 60, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)
    return f"{' '.join(parts)} {'behind' if seconds > 0 else 'ahead of'}"


def question(server: str, seconds: int, zone: str) -> str:
    """Return what a person has to be asked."""
    return f"{server}: names are {words(seconds)} the files' times: is the zone {zone} right?"


def remedy(server: str) -> str:
    """Return what that person can do."""
    return (
        f"Correct servers.{server}.timezone and start the bot again; what is stored is mended by "
        f"`roundhook import --reread --server {server}`. If it is right, add {server} to trusted_names of ssh_poller."
    )


def _evidence(files: Sequence[RemoteFile], zone: ZoneInfo) -> list[int]:
    """Return by how much each name is behind, oldest first, of those files whose times say something."""
    copied = _copied(files)
    found = (_behind(file, zone) for file in files if file.modified_unix not in copied)
    return [seconds for seconds in found if seconds is not None]


def _behind(file: RemoteFile, zone: ZoneInfo) -> int | None:
    times = (file.modified_unix - int(time.timestamp()) for time in file.name.possible_times(zone))
    behind = min(times, key=abs)
    if abs(behind) <= AGREE_SECONDS:
        return 0
    rounded = QUARTER * round(behind / QUARTER)
    exact = abs(behind - rounded) <= EXACT_SECONDS and LEAST <= abs(rounded) <= MOST
    return rounded if exact else None


def _copied(files: Sequence[RemoteFile]) -> set[int]:
    """Return the times that two files have together, whose names are further apart than that."""
    found: set[int] = set()
    ordered = sorted(files, key=lambda file: file.modified_unix)
    for one, other in itertools.pairwise(ordered):
        apart = abs((one.name.local_time - other.name.local_time).total_seconds())
        if other.modified_unix - one.modified_unix <= COPIED_SECONDS < apart - COPIED_SECONDS:
            found |= {one.modified_unix, other.modified_unix}
    return found
