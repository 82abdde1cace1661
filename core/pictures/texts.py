"""Numbers, durations and dates as they are read in a picture; unknown is a dash."""

import math
from datetime import datetime

UNKNOWN = "\N{EN DASH}"
"""What stands for a value that nobody knows (None)."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def count_text(value: float | None) -> str:
    """Return a count, thousands shortened from six digits on: ``4213``, ``123k``."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    whole = round(value)
    for unit, room in (("", 5), ("k", 4), ("M", 4), ("G", 4)):
        if abs(whole) < 10**room:
            return f"{whole}{unit}"
        whole = int(whole / 1000)
    return "lots"


def ratio_text(value: float | None) -> str:
    """Return a ratio with two decimals, fewer when it is large: ``1.75``, ``123``."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:.2f}" if abs(value) < 100 else count_text(value)


def percent_text(value: float | None) -> str:
    """Return a share (0 to 1) in percent with one decimal: ``38.4%``."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    percent = value * 100
    return f"{percent:.1f}%" if abs(percent) < 99.95 else f"{count_text(percent)}%"


def duration_text(seconds: float | None) -> str:
    """Return *seconds* in minutes and seconds, cut to whole ones: ``8:32``, ``71:05``."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return UNKNOWN
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"


def date_text(moment: datetime) -> str:
    """Return *moment* in its own zone, independent of the machine's language: ``Sun 19 Oct 2025, 22:51 CEST``."""
    day = f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
    return f"{day}, {moment:%H:%M} {moment.tzname() or ''}".rstrip()
