"""``roundhook import --reread``: a wrong time zone is put right, with the notices that it kept from their rounds."""

import asyncio
from datetime import UTC, datetime, timedelta

from roundhook.testing import Stage
from tests.core.cli.conftest import Command
from tests.plugins.notices import notice
from tests.plugins.rounds import hand_over
from tests.plugins.stats_import.invented import name_of, stats_file

PLUGINS = ["stats_import", "timing_override", "stats_commands"]


async def test_a_wrong_zone_is_put_right(database_url: str, roundhook: Command) -> None:
    """Stored nine hours off, the round is moved, has its notice, and its true play time."""
    now = datetime.now(UTC)  # as of the command's clock
    end = (now - timedelta(hours=30)).replace(microsecond=0)
    name = name_of(f"{end + timedelta(seconds=4):%Y-%m-%d-%H%M%S}")
    wrong = {"servers": {"local": {"timezone": "Asia/Tokyo"}}}
    async with Stage(PLUGINS, database=database_url, config=wrong, begins=now) as stage:
        said = notice(round_end_unix=int(end.timestamp()), round_start_unix=int(end.timestamp()) - 512)
        await stage.publish(said)
        before = await hand_over(stage, name, stats_file(shown="12:00", winner=1))

    words = ("import", "--reread", "--server", "local", "--timezone", "UTC", "--db", database_url, "--json")
    first, again = [await asyncio.to_thread(roundhook, *words) for _ in range(2)]

    async with Stage(PLUGINS, database=database_url, begins=now) as stage:
        await stage.settled()
        (after,) = await stage.db.fetch("SELECT * FROM rounds")
        (session,) = await stage.db.fetch("SELECT started_at, ended_at FROM sessions")
        (linked,) = await stage.db.fetch("SELECT round_id FROM round_notices")
        days = await stage.db.fetch("SELECT DISTINCT day FROM player_days")
    assert (first.code, first.err) == (0, "")
    assert first.document == {"local": {"files": 1, "moved": 1, "changed": 1, "refused": 0}}
    assert again.document["local"] | {"files": 1} == {"files": 1, "moved": 0, "changed": 0, "refused": 0}
    assert after["played_at"] - before["played_at"] == timedelta(hours=9)
    assert (after["id"], after["duration_source"], after["actual_duration_seconds"]) == (before["id"], "notice", 512)
    assert after["revision"] > before["revision"]
    assert linked["round_id"] == after["id"]
    assert {session["started_at"], session["ended_at"]} == {after["played_at"]}
    assert days == [{"day": f"{after['played_at']:%Y-%m-%d}"}]


def test_what_it_wants(roundhook: Command, filled: str) -> None:
    """Paths, or --reread: one of both; in words it says what came of each server."""
    both = roundhook("import", "evening", "--reread", "--db", filled)
    neither = roundhook("import", "--db", filled)
    said = roundhook("import", "--reread", "--timezone", "Europe/Ljubljana", "--db", filled)

    assert both.code != 0
    assert "Leave the paths out" in both.err
    assert neither.code != 0
    assert "Nothing to import" in neither.err
    assert "local: 4 files read again: 3 rounds moved in time, 3 changed, 0 files refused." in said.out
