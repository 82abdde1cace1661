"""The whole way, through the front door: a round ends on the game server, its true result is on Discord."""

import pytest

from core.rounds.events import ImportedRound
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugins.notices import embed_of

OFTEN = {"plugin": {"ssh_poller": {"poll_seconds": 0.1}}}


async def announced(stage: Stage, words: str) -> str:
    message = await stage.discord.wait_for_message(
        stage.discord.stats_channel, lambda one: words in one.text, timeout=PATIENCE
    )
    await stage.settled()
    return str(message.text)


async def test_a_surrendered_round_is_announced_with_its_real_time(database_url: str) -> None:
    """A surrender at 8:32 of 12:00 reads 8:32 in the database, in the message and in /timing."""
    async with Stage(database=database_url) as stage:
        played = await stage.games["local"].play_round(map_name="supply", surrender_at=512)
        text = await announced(stage, "surrendered at 8:32")
        row = (await stage.db.fetch("SELECT * FROM rounds"))[0]
        timing = await stage.discord.invoke("timing", user=7, guild=1, options={"id": row["id"]})
        picture = stage.discord.messages(stage.discord.stats_channel)[0].files

    assert (row["time_shown_seconds"], row["actual_duration_seconds"]) == (720, 512)
    assert (row["end_reason"], row["duration_source"], row["status"]) == ("surrender", "notice", "ok")
    assert row["filename"] == played.filename
    assert "round 1" in text
    assert "12:00" in timing.text
    assert "⚠️ 3:28" in timing.text
    assert next(iter(picture.values())).startswith(b"\x89PNG")


async def test_a_match_is_paired_and_its_second_round_stands_alone(database_url: str) -> None:
    """R2's numbers are its own, and R1 and R2 are one match with a result."""
    async with Stage(database=database_url) as stage:
        await stage.games["local"].play_round(map_name="supply", duration=400)
        await announced(stage, "round 1")
        await stage.clock.advance(840)
        await stage.games["local"].play_round(map_name="supply", duration=300)
        await announced(stage, "round 2")
        await stage.until(lambda: _has_met(stage, 2))
        await stage.settled()
        match = (await stage.db.fetch("SELECT * FROM matches"))[0]
        longest = await stage.db.fetch(
            "SELECT max(time_played_seconds) AS longest FROM player_rounds GROUP BY round_id ORDER BY round_id"
        )
        teams = await stage.db.fetch("SELECT * FROM lua_round_teams ORDER BY round_id")
        last = await stage.discord.invoke("last", user=7, guild=1)

    assert (match["round1_id"], match["round2_id"], match["result"]) == (1, 2, "second_attackers")
    assert [row["longest"] for row in longest] == [pytest.approx(400, abs=6), pytest.approx(300, abs=6)]
    assert teams[0]["axis_players"] == teams[1]["allies_players"]
    assert "supply" in last.text


async def test_a_late_notice_amends_the_round_and_edits_its_message(database_url: str) -> None:
    """The notice comes after the message: the round is corrected and the posted message is edited in place."""
    async with Stage(database=database_url, config=OFTEN) as stage:
        played = await stage.games["local"].play_round(map_name="supply", surrender_at=512, send_notice=False)
        await announced(stage, "Axis held")
        fields = {
            "Map": "supply", "Round": "1", "Winner": "1", "Defender": "1", "Lua_Playtime": "512 sec",
            "Lua_EndReason": "surrender", "Lua_SurrenderTeam": "2", "Lua_RoundEnd": f"{played.ended_unix:.0f}",
        }  # fmt: skip
        await stage.discord.post_webhook("local", content="STATS_READY", embeds=[embed_of(fields)])
        text = await announced(stage, "surrendered at 8:32")
        row = (await stage.db.fetch("SELECT * FROM rounds"))[0]
        messages = stage.discord.messages(stage.discord.stats_channel)

    assert "Allies surrendered" in text
    assert (row["actual_duration_seconds"], row["duration_source"]) == (512, "notice")
    assert row["revision"] > 1
    assert len(messages) == 1
    assert len(messages[0].files) == 1


async def test_an_old_round_is_stored_and_not_announced() -> None:
    """A file found hours later is imported without a word."""
    async with Stage() as stage:
        await stage.games["local"].play_round(map_name="supply", ended_at=stage.clock.now().timestamp() - 7200)
        await stage.until(lambda: _has_rounds(stage, 1))
        await stage.settled()

        assert stage.discord.messages(stage.discord.stats_channel) == []


async def test_the_same_round_is_announced_once() -> None:
    """The event again, as after a crash, posts nothing new."""
    async with Stage() as stage:
        await stage.games["local"].play_round(map_name="supply")
        await announced(stage, "round 1")
        row = (await stage.db.fetch("SELECT * FROM rounds"))[0]
        again = ImportedRound(
            round_id=row["id"], file_sha256="another", server="local", map_name="supply", played_at=row["played_at"]
        )
        await stage.publish(again)
        await stage.settled()

        assert len(stage.discord.messages(stage.discord.stats_channel)) == 1


async def _has_met(stage: Stage, count: int) -> bool:
    return len(await stage.db.fetch("SELECT id FROM round_notices WHERE round_id IS NOT NULL")) >= count


async def _has_rounds(stage: Stage, count: int) -> bool:
    return await stage.count("rounds") >= count
