"""Days as people write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.stats_commands.days import days_of

TODAY = date(2025, 10, 23)
"""A Thursday."""


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", "2025-10-23", "2025-10-23"), ("Yes", "2025-10-22", "2025-10-22"),
        ("yesterdy", "2025-10-22", "2025-10-22"), ("thursday", "2025-10-23", "2025-10-23"),
        ("fri", "2025-10-17", "2025-10-17"), ("wednsday", "2025-10-22", "2025-10-22"),
        ("2025-10-01", "2025-10-01", "2025-10-01"), ("2025-10", "2025-10-01", "2025-10-31"),
        ("2025-1", "2025-10-01", "2025-12-31"), ("2025-10-2", "2025-10-20", "2025-10-29"),
        ("23.10.", "2025-10-23", "2025-10-23"), ("24.10", "2024-10-24", "2024-10-24"),
        ("1.2.24", "2024-02-01", "2024-02-01"), ("29.2.", "2024-02-29", "2024-02-29"),
        ("23 oct", "2025-10-23", "2025-10-23"), ("November 5", "2024-11-05", "2024-11-05"),
        ("feb 2024", "2024-02-01", "2024-02-29"), ("3. march 2024", "2024-03-03", "2024-03-03"),
    ],
)  # fmt: skip
def test_what_means_a_day(text: str, first: str, last: str) -> None:
    """Words, begun or with a slip; dates of two orders, without a year the latest; months."""
    found = days_of(text, TODAY)
    assert found is not None
    assert (found.first.isoformat(), found.last.isoformat()) == (first, last)


@pytest.mark.parametrize(
    "text", ["", "supply", "radar", "30.2.", "2025-13", "9999-12", "0000-01", "oct 40", "to", "r2"]
)
def test_what_means_none(text: str) -> None:
    """A map, a day that no calendar has, a year that nobody played in."""
    assert days_of(text, TODAY) is None


@given(st.text(max_size=12), st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_anything_may_be_typed(text: str, today: date) -> None:
    """Whatever it is, it is some days in their order or none; each day's own name is that day."""
    found = days_of(text, today)
    assert found is None or found.first <= found.last
    assert days_of(f"{today:%d.%m.}", today) == days_of(f"{today:%A}", today) == days_of(today.isoformat(), today)
