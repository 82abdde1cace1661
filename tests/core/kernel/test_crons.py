"""The times of cron expressions, over both changes of daylight saving."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import PluginError
from core.kernel.crons import Cron, read_cron

SPRING, AUTUMN = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)
"""The day before the clocks change in Ljubljana, at 01:00 UTC."""
minutes = st.integers(0, 2 * 24 * 60)
EXPRESSIONS = ("30 2 * * *", "0,30 2 * * *", "*/20 2 * * *", "15 * * * *", "0 3 29 3 *", "* * * * *")


def times(expression: str, start: datetime, count: int) -> list[str]:
    """Return the next times in UTC, by day, hour and minute."""
    cron, found = Cron(expression, "Europe/Ljubljana"), []
    for _ in range(count):
        found.append(start := cron.after(start))
    return [f"{one:%d %H:%M}" for one in found]


def test_both_changes_of_daylight_saving() -> None:
    """What is skipped comes at the end of the hour, what is repeated once; what is hourly comes each real hour."""
    assert times("30 2 * * *", SPRING, 3) == ["29 01:00", "30 00:30", "31 00:30"]
    assert times("30 2 * * *", AUTUMN, 3) == ["25 00:30", "26 01:30", "27 01:30"]
    assert times("30 8 * * *", SPRING - timedelta(hours=6), 3) == ["28 07:30", "29 06:30", "30 06:30"]
    assert times("30 8 * * *", AUTUMN - timedelta(hours=7), 3) == ["24 06:30", "25 07:30", "26 07:30"]
    assert times("30 * * * *", datetime(2026, 3, 29, tzinfo=UTC), 3) == ["29 00:30", "29 01:30", "29 02:30"]
    assert times("30 * * * *", datetime(2026, 10, 25, tzinfo=UTC), 3) == ["25 00:30", "25 01:30", "25 02:30"]
    assert times("30 2 * * *", datetime(2026, 10, 25, 1, 10, tzinfo=UTC), 1) == ["26 01:30"]  # in the second 02:10


@given(st.sampled_from([SPRING, AUTUMN]), minutes, st.sampled_from(EXPRESSIONS))
@example(AUTUMN, 13 * 60 + 10, "30 2 * * *")
def test_times_only_go_forward(day: datetime, minutes: int, expression: str) -> None:
    """The next time is later than the one asked about, and nothing lies between."""
    cron, start = Cron(expression, "Europe/Ljubljana"), day + timedelta(minutes=minutes)
    found = cron.after(start)
    assert found > start
    assert cron.after(found - timedelta(microseconds=1)) == found
    assert cron.after(start + (found - start) / 2) == found
    assert cron.after(found) > found


WRONG = (
    "", "* * * *", "* * * * * *", "0 0 31 2 *", "61 * * * *", "? * * * *", "@daily", "a b c d e", "*/0 * * * *",
    "5-1 * * * *", "0 0 * * MON#6", "L L L L L", "1/1/1/1 * * *", 7, None, "* " * 300, "0 0 30 2 *",
)  # fmt: skip


@pytest.mark.parametrize("expression", WRONG)
def test_what_is_no_expression_is_refused(expression: object) -> None:
    """With what it is called by, and how one is written."""
    with pytest.raises(PluginError, match=r"^mine: cron\(\): .*(minute, hour, day of the month|never comes)"):
        read_cron("mine: cron()", expression, "UTC", SPRING)


@pytest.mark.parametrize("zone", ["Mars/Base", "", None, 7, "../etc/passwd", "/etc/localtime", "Europe", "a\0b"])
def test_what_is_no_time_zone_is_refused(zone: object) -> None:
    """The message shows how one is written."""
    with pytest.raises(PluginError, match=r"is no time zone\. Write one as in 'Europe/Ljubljana'"):
        read_cron("mine: cron()", "* * * * *", zone, SPRING)


fields = st.text("0123456789*/,-LW#?@ MONJ²", max_size=6)


@given(st.lists(fields, min_size=5, max_size=5).map(" ".join))
def test_an_expression_is_read_or_refused(expression: str) -> None:
    """Nothing else comes of it, and it is short to find out."""
    try:
        cron = read_cron("mine: cron()", expression, "Europe/Ljubljana", SPRING)
    except PluginError:
        return
    assert Cron.of(str(cron)) == cron
    assert all(earlier < later for earlier, later in itertools.pairwise([SPRING, cron.after(SPRING)]))
