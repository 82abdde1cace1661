"""Old events go, what is still to be done stays."""

from datetime import timedelta
from pathlib import Path

from core.clock import MovableClock
from core.db import Database
from tests.core.test_journal import append, event, journal_on


async def test_old_events_go_unless_something_is_pending(database: Database, tmp_path: Path) -> None:
    """What is pending for a plugin that is not installed any more does not keep an event."""
    clock = MovableClock()
    async with journal_on(database, tmp_path, clock) as journal:
        done, pending, gone = [await append(journal, event(number), "a") for number in (1, 2, 3)]
        journal.record(done, "a", "done", 1)
        await database.execute("UPDATE deliveries SET plugin = 'uninstalled' WHERE event_id = ?", (gone,))
        await clock.advance(timedelta(days=31).total_seconds())
        young = await append(journal, event(4), "a")
        await journal.flush()

        await journal.thin(timedelta(days=30))
        kept = [row["id"] for row in await database.fetch("SELECT id FROM events ORDER BY id")]
        await journal.thin(timedelta(days=30), ["a"])
        left = [row["id"] for row in await database.fetch("SELECT id FROM events ORDER BY id")]

    assert kept == [pending, gone, young]
    assert left == [pending, young]
    deliveries = await database.fetch("SELECT event_id FROM deliveries ORDER BY event_id")
    assert [row["event_id"] for row in deliveries] == left
