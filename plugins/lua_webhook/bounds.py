"""What a notice may say at most: each number, text and list of it, and how many of them. What is beyond is unknown."""

import re
from collections import deque
from datetime import datetime, timedelta
from typing import Any

from roundhook import BadInputError

DAY, WEEK = 24 * 3600, 7 * 24 * 3600
YEAR_2100 = 4_102_444_800
LARGEST: dict[str, float] = {
    "round_end_unix": YEAR_2100,
    "round_start_unix": YEAR_2100,
    "start_unix": YEAR_2100,
    "end_unix": YEAR_2100,
    "actual_duration_seconds": DAY,
    "time_limit_seconds": WEEK,
    "wall_seconds": WEEK,
    "warmup_seconds": WEEK,
    "total_pause_seconds": WEEK,
    "pause_count": 1000,
}
"""Of each number; none is below 0."""
MAX_ATTACHMENT, MAX_FIELDS, MAX_ROSTER, MAX_PAUSES = 256 * 1024, 25, 64, 100
"""Bytes of the file, fields of an embed, players of a list, pauses."""
MAX_TEXT, MAX_NAME, MAX_GUID, MAX_MAP = 64, 64, 64, 200
"""Characters."""
MOST_A_DAY = 500
"""Notices of a server: a round each three minutes, around the clock."""
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""What no database keeps, or no terminal should get."""


def number(field: str, value: Any) -> float | None:
    """Return a number as *field* may have it; None for what is none, below 0 or too large."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LARGEST[field]:
        return None
    return int(value) if float(value).is_integer() else float(value)


def text(value: Any, limit: int = MAX_TEXT) -> str:
    """Return a text without what is unfit in it, cut at *limit* characters; "" for what is none."""
    return _UNFIT.sub("", value[: 4 * limit])[:limit].strip() if isinstance(value, str) else ""


class Count:
    """Counts the notices of each server."""

    def __init__(self) -> None:
        self._times: dict[str, deque[datetime]] = {}

    def take(self, server: str, at: datetime) -> None:
        """Count one more.

        Raises:
            BadInputError: there were so many within a day that they cannot be rounds.
        """
        times = self._times.setdefault(server, deque(maxlen=MOST_A_DAY))
        if len(times) == MOST_A_DAY and at - times[0] < timedelta(days=1):
            raise BadInputError(
                f"{server} has sent more than {MOST_A_DAY} notices within a day. Whoever has its webhook's address can "
                "post there: make another one with /setup server."
            )
        times.append(at)
