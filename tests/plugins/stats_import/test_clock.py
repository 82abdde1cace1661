"""The hours that a zone repeats."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from plugins.stats_import.clock import repeated_hours


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_repeated_hour_of_autumn() -> None:
    """Ljubljana puts its clock back at 01:00 UTC: from 00:00 to 02:00 UTC each name has two readings."""
    year = unix("2025-01-01"), unix("2025-12-31")

    assert repeated_hours(ZoneInfo("Europe/Ljubljana"), *year) == [
        range(unix("2025-10-26 00:00"), unix("2025-10-26 02:00"))
    ]


def test_none_where_there_is_none() -> None:
    """UTC repeats nothing, and no other day does."""
    assert repeated_hours(ZoneInfo("UTC"), unix("2020-01-01"), unix("2026-01-01")) == []
    assert repeated_hours(ZoneInfo("Europe/Ljubljana"), unix("2025-10-26 02:00"), unix("2025-10-27")) == []
