"""Which file counts."""

from datetime import UTC, datetime, timedelta

from plugins.stats_import.contents import StoredFile, choose, duplicates

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def stored(sha256: str, *, at: datetime | None = NOON, size: int = 10, state: str = "imported") -> StoredFile:
    return StoredFile("a", sha256, "round", state, modified_at=at, size=size)


def repeated(name: str, hours: float, key: str = "k") -> StoredFile:
    return StoredFile(name, name, "round", "imported", content_key=key, time=int(hours * 3600))


def test_the_content_modified_last_counts_then_the_larger() -> None:
    """Later beats larger; unknown is earliest; what is in quarantine never counts."""
    early, late, large = stored("1", size=99), stored("2", at=NOON + timedelta(seconds=1)), stored("3", size=20)

    assert choose([early, late, large]) is late
    assert choose([stored("4", at=None, size=99), large]) is large
    assert choose([large, stored("5", size=20)]) == stored("5", size=20)
    assert choose([stored("6", state="quarantined")]) is None


def test_the_beginning_of_another_content_never_counts() -> None:
    """A file fetched half and modified later, by a copy or a wrong clock, gives way to the whole one."""
    half, whole = stored("1", at=NOON + timedelta(days=9)), stored("2", size=99)
    half.beginning = True

    assert choose([half, whole]) is whole


def test_the_earlier_name_counts_within_a_day() -> None:
    """The same content within 24 hours is one round, a day later it is another, a third repeats that."""
    files = [repeated("a", 0), repeated("b", 24), repeated("c", 24.5), repeated("d", 40), repeated("e", 1, "other")]

    assert duplicates(files) == {"b": "a", "d": "c"}
    assert duplicates(reversed(files)) == {"b": "a", "d": "c"}
