"""What the admins are told about notices: each thing once, over restarts and reloads."""

from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugins.notices import notice

PLUGINS = ["stats_import"]
MINUTES = 60.0


async def told(stage: Stage) -> list[str]:
    """Return what the admins have read, after all that is due has been looked at."""
    generation = stage.app.kernel.slots["stats_import"].generation
    assert generation is not None
    await generation.plugin.watch.look()
    await generation.scope.activity.idle()  # a look that the clock has begun
    await stage.settled()
    return [str(message.text) for message in stage.discord.messages(stage.discord.admin_channel)]


async def publish(stage: Stage, **changes: object) -> None:
    """Let a notice come that ends now."""
    now = stage.clock.now()
    await stage.publish(notice(**{"round_end_unix": now.timestamp(), "received_at": now, **changes}))
    await stage.settled()


async def test_a_notice_without_a_file_is_told_once(database_url: str) -> None:
    """After ten minutes, not before, and not again after a reload or a restart."""
    async with Stage(PLUGINS, database=database_url) as stage:
        await publish(stage)
        await stage.clock.advance(9.9 * MINUTES)
        assert await told(stage) == []
        await stage.clock.advance(0.2 * MINUTES)
        found = await told(stage)
        assert (await stage.plugins.reload("stats_import")).ok
        await stage.clock.advance(20 * MINUTES)
        assert await told(stage) == found

    async with Stage(PLUGINS, database=database_url) as stage:
        await stage.clock.advance(60 * MINUTES)
        assert await told(stage) == []

    assert len(found) == 1
    assert "supply R1" in found[0]
    assert "local within 10 minutes" in found[0]


async def test_it_comes_by_itself_and_several_are_one_message() -> None:
    """Nobody has to ask: the plugin looks every few seconds. After an outage an evening's rounds are told together."""
    async with Stage(PLUGINS) as stage:
        for map_name in ("supply", "radar", "adlernest"):
            await publish(stage, map_name=map_name)
        await stage.clock.advance(11 * MINUTES)

        message = await stage.discord.wait_for_message(stage.discord.admin_channel)
        (text,) = await told(stage)

    assert message.text == text
    assert all(f"{map_name} R1" in text for map_name in ("supply", "radar", "adlernest"))


async def test_the_wait_goes_on_over_a_restart(database_url: str) -> None:
    """A bot that is restarted in the ten minutes tells it at the end of them."""
    async with Stage(PLUGINS, database=database_url) as stage:
        await publish(stage)

    async with Stage(PLUGINS, database=database_url) as stage:
        assert await told(stage) == []
        await stage.clock.advance(11 * MINUTES)

        assert len(await told(stage)) == 1


async def test_a_notice_with_its_file_is_no_matter(database_url: str) -> None:
    """A round whose file has come in time is not told of."""
    async with Stage([*PLUGINS, "lua_webhook", "ssh_poller"], database=database_url) as stage:
        await stage.games["local"].play_round(map_name="supply", duration=300)
        await stage.until(lambda: _are_matched(stage, 1), timeout=PATIENCE)
        await stage.settled()
        await stage.clock.advance(11 * MINUTES)

        assert await told(stage) == []
        assert await stage.count("notice_alarms") == 0


async def test_an_aborted_notice_never_alarms_and_never_announces() -> None:
    """No file is awaited for a round that did not end, and nobody is told of it anywhere."""
    async with Stage() as stage:
        await stage.games["local"].play_round(map_name="supply", aborted_by="restart", duration=100)
        await stage.until(lambda: _has_notice(stage), timeout=PATIENCE)
        await stage.settled()
        await stage.clock.advance(30 * MINUTES)

        assert await told(stage) == []
        assert stage.discord.messages(stage.discord.stats_channel) == []
        assert await stage.count("notice_alarms") == 0


async def test_a_mislabelled_file_is_aborted_by_its_notice(database_url: str) -> None:
    """The file of an aborted round claims the other number; its notice finds it and is believed; none announces it."""
    async with Stage(database=database_url) as stage:
        now, ways = stage.clock.now().timestamp(), {"map_change": 900.0, "quit": 0.0}
        rounds = [
            await stage.games["local"].play_round(
                map_name="supply", round_number=1, aborted_by=way, duration=100, ended_at=now - ago  # type: ignore[arg-type]
            )
            for way, ago in ways.items()
        ]  # fmt: skip
        await stage.until(lambda: _are_matched(stage, len(rounds)), timeout=PATIENCE)
        await stage.settled()
        columns = "filename, round_number, status, end_reason, winner_side, actual_duration_seconds, round_start_unix"
        rows = await stage.db.fetch(f"SELECT {columns} FROM rounds ORDER BY filename")
        teams = await stage.db.fetch("SELECT round_number FROM lua_round_teams")
        announced = stage.discord.messages(stage.discord.stats_channel)

    assert [one["round_number"] for one in teams] == [1, 1]
    for played, row in zip(rounds, rows, strict=True):
        assert row["filename"] == played.filename
        assert "-round-2" in row["filename"]
        assert (played.round_number, row["round_number"]) == (1, 1)
        assert (row["winner_side"], row["actual_duration_seconds"]) == (0, round(played.played_seconds))
        assert abs(row["round_start_unix"] - played.started_unix) <= 1
        assert (row["status"], row["end_reason"]) == ("aborted", "aborted")
    assert announced == []


async def _are_matched(stage: Stage, count: int) -> bool:
    return len(await stage.db.fetch("SELECT id FROM round_notices WHERE round_id IS NOT NULL")) == count


async def _has_notice(stage: Stage) -> bool:
    return bool(await stage.db.fetch("SELECT id FROM round_notices"))
