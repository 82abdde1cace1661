"""The hours that a zone repeats when its clock is put back: a file name does not say which of the two is meant."""

import functools
import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def repeated_hours(zone: ZoneInfo, start: int, end: int) -> list[range]:
    """Return each time that is meant by two readings of one name between *start* and *end*, both Unix seconds.

    One range holds both readings of the repeated hour: as long again before the change as after it.
    """
    years = range(datetime.fromtimestamp(start, UTC).year, datetime.fromtimestamp(end, UTC).year + 1)
    return [hour for year in years for hour in _of_year(zone, year) if hour.start < end and hour.stop > start]


@functools.lru_cache(maxsize=256)
def _of_year(zone: ZoneInfo, year: int) -> tuple[range, ...]:
    first = datetime(year, 1, 1, tzinfo=UTC)
    days = [first + timedelta(days=day) for day in range(367)]
    return tuple(hour for day, next_day in itertools.pairwise(days) if (hour := _put_back(zone, day, next_day)))


def _put_back(zone: ZoneInfo, start: datetime, end: datetime) -> range | None:
    """Return the repeated time if the clock is put back between *start* and *end*."""
    back = int((_offset(zone, start) - _offset(zone, end)).total_seconds())
    if back <= 0:
        return None
    before = _offset(zone, start)
    while end - start > timedelta(seconds=1):
        middle = start + (end - start) // 2
        start, end = (middle, end) if _offset(zone, middle) == before else (start, middle)
    change = round(end.timestamp())
    return range(change - back, change + back)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
