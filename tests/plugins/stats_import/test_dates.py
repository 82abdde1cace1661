"""Times that cannot be: a name dated in the future, a modification time of 2106."""

from datetime import UTC, datetime, timedelta

from plugins.stats_import.contents import StoredFile, choose
from roundhook.testing import Stage
from tests.plugins.rounds import filename, hand_over, play
from tests.plugins.stats_import.invented import stats_file

PLUGINS = ["stats_import", "stats_commands"]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def test_a_file_of_the_future_waits_for_its_time(database_url: str) -> None:
    """It is kept aside with a reason that is told once, owns no command, and is taken when its time has come."""
    async with Stage(PLUGINS, database=database_url) as stage:
        played = await play(stage, "supply", ago=300)
        early = filename(stage, "radar", ago=-86400 * 2)
        assert await hand_over(stage, early, stats_file("radar")) == {}
        assert await hand_over(stage, early, stats_file("radar")) == {}
        assert (await stage.plugins.reload("stats_import")).ok
        (row,) = await stage.db.fetch("SELECT state, reason FROM stats_files WHERE filename = ?", (early,))
        told = [str(message.text) for message in stage.discord.messages(stage.discord.admin_channel)]
        timing = await stage.discord.invoke("timing", user=7, guild=1, options={})

        await stage.clock.advance(86400 + 3600)
        await stage.until(lambda: _is_stored(stage, early))

        assert await stage.db.fetch("SELECT state, reason FROM stats_files WHERE filename = ?", (early,)) == [
            {"state": "imported", "reason": None}
        ]
    assert row["state"] == "aside"
    assert "which is to come: it is taken then. Look at the game server's clock." in row["reason"]
    assert [text for text in told if "was left aside" in text] == told
    assert len(told) == 1
    assert f"round {played['id']}" in timing["embeds"][0]["footer"]["text"]


async def test_a_few_hours_ahead_are_taken(database_url: str) -> None:
    """A clock or a zone that is hours off is no reason to keep a round back."""
    async with Stage(PLUGINS, database=database_url) as stage:
        assert await play(stage, "supply", ago=-3600 * 20)
        assert await hand_over(stage, filename(stage, "radar", ago=-86400 * 3), b"no stats file") == {}
        states = await stage.db.fetch("SELECT state FROM stats_files ORDER BY id")

    assert [row["state"] for row in states] == ["imported", "quarantined"]


def test_a_modification_time_from_the_future_counts_as_the_fetch() -> None:
    """What claims 2106 does not beat a later correction; what was fetched later still does."""
    future = datetime(2106, 2, 7, tzinfo=UTC)
    wrong = StoredFile("a", "1", "round", "imported", modified_at=future, fetched_at=NOON, size=99)
    corrected = StoredFile("a", "2", "round", "imported", modified_at=NOON + timedelta(hours=1), fetched_at=NOON)
    older = StoredFile("a", "3", "round", "imported", modified_at=NOON - timedelta(hours=1), fetched_at=NOON)

    assert choose([wrong, corrected]) is corrected
    assert choose([wrong, older]) is wrong


async def _is_stored(stage: Stage, name: str) -> bool:
    return bool(await stage.db.fetch("SELECT 1 AS one FROM rounds WHERE filename = ?", (name,)))
