"""Times from SQLite are those that Piccolo's own converter gives."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from piccolo.engine.sqlite import convert_datetime_in, convert_timestamptz_out

from core.db.sqlite_values import moment

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=st.just(UTC) | OFFSETS))
def test_what_piccolo_has_written_comes_back(written: datetime) -> None:
    """The same instant, aware and in UTC."""
    try:
        text = convert_datetime_in(written).encode()
    except OverflowError:  # beyond the calendar in UTC: it cannot be written
        return
    assert moment(text) == convert_timestamptz_out(text) == written
    assert moment(text).tzinfo is UTC


@given(st.datetimes(timezones=st.none() | OFFSETS), st.sampled_from("T "))
def test_what_others_have_written_is_read_as_piccolo_reads_it(written: datetime, between: str) -> None:
    """Without an offset, or with another one: it is read as UTC."""
    text = written.isoformat(between).encode()
    assert moment(text) == convert_timestamptz_out(text)
    assert moment(text).tzinfo is UTC
