"""Numbers, durations and dates have one short form each."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.pictures import texts
from core.pictures.texts import UNKNOWN, date_text

SUMMER = timezone(timedelta(hours=2), "CEST")
FORMS: dict[str, dict[float, str]] = {
    "count": {0: "0", 369.6: "370", 99_999: "99999", 123_456: "123k", 12_345_678: "12M", 10**20: "lots", -5: "-5"},
    "ratio": {2: "2.00", 0.333: "0.33", 123.4: "123"},
    "percent": {0.0: "0.0%", 0.3844: "38.4%", 1.0: "100%", 3.5: "350%"},
    "duration": {-1: UNKNOWN, 0: "0:00", 59.9: "0:59", 512.4: "8:32", 4265: "71:05"},
}


@pytest.mark.parametrize("form", ["count", "ratio", "percent", "duration"])
def test_numbers_are_short_and_unknown_ones_a_dash(form: str) -> None:
    """Each kind of number has one form, which fits its column; None and non-numbers are unknown."""
    show = getattr(texts, f"{form}_text")

    assert {value: show(value) for value in FORMS[form]} == FORMS[form]
    assert [show(value) for value in (None, float("nan"), float("inf"))] == [UNKNOWN] * 3


def test_dates_keep_their_zone_and_do_not_depend_on_the_locale() -> None:
    """The moment is printed as it stands, in English."""
    assert date_text(datetime(2031, 3, 9, 21, 5, tzinfo=SUMMER)) == "Sun 9 Mar 2031, 21:05 CEST"
    assert date_text(datetime(2031, 12, 24, 0, 0, tzinfo=UTC)) == "Wed 24 Dec 2031, 00:00 UTC"
