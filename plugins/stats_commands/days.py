"""Days as people write them: ``yesterday``, ``friday``, ``2025-10-23``, ``23.10.``, ``23 oct``, and what is begun.

A weekday is the latest such day, today included; a day without a year is the latest such day; ``2025-10`` and ``oct``
are whole months. Which day today is depends on the game server's zone.
"""

import calendar
import re
from datetime import date, timedelta
from typing import NamedTuple

from roundhook.commands import nearness

_ISO = re.compile(r"\d{4}-[\d-]{0,5}")
_EUROPEAN = re.compile(r"(\d{1,2})\. ?(\d{1,2})(?:\. ?(\d{2}|\d{4})?)?")
_NAMED = re.compile(r"(?:(\d{1,2})\.? )?([a-z]{3,9})\.?(?: (\d{1,2}))?(?: (\d{4}))?")
_WORDS = ("today", "yesterday", *(name.casefold() for name in calendar.day_name))
_MONTHS = tuple(name.casefold() for name in calendar.month_name)
_YEARS = range(1990, 2190)
_SLIP = 0.21
"""How far a word with one wrong letter of five is away."""


class Days(NamedTuple):
    """From a day to a day, both included."""

    first: date
    last: date


def days_of(text: str, today: date) -> Days | None:
    """Return the days that *text* means, None where it means none.

    >>> days_of("yesterday", date(2025, 11, 1)).first.isoformat(), days_of("oct", date(2025, 11, 1)).last.isoformat()
    ('2025-10-31', '2025-10-31')
    """
    text = " ".join(text.casefold().split())
    try:
        found = _iso(text) or _european(text, today) or _word(text, today) or _named(text, today)
    except (ValueError, OverflowError):
        return None  # there is no such day
    return found if found and found.first.year in _YEARS else None


def _iso(text: str) -> Days | None:
    """``2025-10-23``, or as much of it as is there."""
    if not _ISO.fullmatch(text):
        return None
    year = date(int(text[:4]), 1, 1)
    found = [day for number in range(366) if (day := year + timedelta(days=number)).isoformat().startswith(text)]
    return Days(found[0], found[-1]) if found else None


def _european(text: str, today: date) -> Days | None:
    if not (found := _EUROPEAN.fullmatch(text)):
        return None
    day, month, year = int(found[1]), int(found[2]), found[3]
    return _one(date(int(year) % 2000 + 2000, month, day) if year else _latest(month, day, today))


def _word(text: str, today: date) -> Days | None:
    begun = [word for word in _WORDS if len(text) > 2 and word.startswith(text)]
    meant = begun or [word for word in _WORDS if len(text) > 4 and _is_slip(text, word)]
    if not meant:
        return None
    place = _WORDS.index(meant[0])
    return _one(today - timedelta(days=place if place < 2 else (today.weekday() - (place - 2)) % 7))


def _is_slip(text: str, word: str) -> bool:
    near = nearness(text, word)
    return near is not None and 0 < near.distance < _SLIP


def _named(text: str, today: date) -> Days | None:
    """``23 oct``, ``oct 23``, ``oct``, each also with a year."""
    if not (found := _NAMED.fullmatch(text)) or (found[1] and found[3]):
        return None
    month = next((number for number, name in enumerate(_MONTHS) if number and name.startswith(found[2])), 0)
    if not month:
        return None
    if day := int(found[1] or found[3] or 0):
        return _one(date(int(found[4]), month, day) if found[4] else _latest(month, day, today))
    year = int(found[4]) if found[4] else _latest(month, 1, today).year
    return Days(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))


def _latest(month: int, day: int, today: date) -> date:
    """Return the latest such day that is not to come; a 29 February may be years ago."""
    for year in range(today.year, today.year - 8, -1):
        if day <= calendar.monthrange(year, month)[1] and (found := date(year, month, day)) <= today:
            return found
    raise ValueError(f"there is no day {day} in month {month}")


def _one(day: date) -> Days:
    return Days(day, day)
