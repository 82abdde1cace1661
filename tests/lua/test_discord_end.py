"""The script's notices on their way to Discord and to the bot: down, slow, limited, refusing, dropping.

Everything is real but Discord itself: the script, curl, the HTTP API, the gateway, the bot's plugins.
"""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from devkit.game import PlayedRound
from roundhook.testing import Stage
from tests.patience import PATIENCE

PLUGINS = ["lua_webhook", "stats_import"]
WEBHOOK = "/webhooks/*"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A bot that hears the game server's notices; rate limits are kept as Discord keeps them."""
    async with Stage(PLUGINS) as stage:
        yield stage


async def play(stage: Stage, map_name: str) -> PlayedRound:
    """Play a round that ends now; a minute passes before the next one."""
    played = await stage.games["local"].play_round(map_name=map_name, duration=60, write_file=False)
    await stage.clock.advance(60)
    return played


async def heard(stage: Stage, count: int) -> list[str]:
    """Return the maps of the stored notices in the order in which they came, once there are *count*."""

    async def enough() -> bool:
        return await stage.count("round_notices") >= count

    await stage.until(enough, timeout=PATIENCE)
    await stage.settled()
    return [row["map_name"] for row in await stage.db.fetch("SELECT map_name FROM round_notices ORDER BY id")]


def posts(stage: Stage) -> list[int | None]:
    """Return what Discord answered to the script, in order."""
    return [one.status for one in stage.discord.requests if one.method == "POST" and one.path.startswith("/webhooks/")]


@pytest.mark.parametrize("mode", ["down", 500, 502])
async def test_outage_over_map_loads(stage: Stage, mode: str | int) -> None:
    """Rounds on several maps during an outage come afterwards, oldest first, each once."""
    stage.discord.webhook_mode = mode
    for map_name in ("supply", "radar", "adlernest"):
        assert not (await play(stage, map_name)).notice_sent
    assert len(stage.games["local"].home.waiting()) == 3

    stage.discord.webhook_mode = "ok"
    await play(stage, "frostbite")

    assert await heard(stage, 4) == ["supply", "radar", "adlernest", "frostbite"]
    assert await stage.count("events") == 4
    assert stage.games["local"].home.waiting() == []


async def test_limited(stage: Stage) -> None:
    """A 429 is waited out as long as Discord says."""
    stage.discord.rate_limit_next("POST", WEBHOOK, retry_after=0.3, count=2)

    await play(stage, "supply")

    assert await heard(stage, 1) == ["supply"]
    assert posts(stage) == [429, 429, 200]


async def test_more_than_the_customary_limit(stage: Stage) -> None:
    """Eight notices that have piled up go out as fast as the limit allows; none is lost, none refused for good."""
    stage.discord.webhook_mode = "down"
    maps = [f"map{number}" for number in range(8)]
    for map_name in maps:
        await play(stage, map_name)

    stage.discord.webhook_mode = "ok"
    await play(stage, "last")

    assert await heard(stage, 9) == [*maps, "last"]
    assert stage.games["local"].home.waiting() == []


async def test_a_lost_answer_is_one_round(stage: Stage) -> None:
    """Discord took the message and the answer was lost: it is sent again, and is one round for the bot."""
    stage.discord.fail_next("POST", WEBHOOK, status=None, after_work=True)

    await play(stage, "supply")
    await play(stage, "radar")

    assert await heard(stage, 2) == ["supply", "radar"]
    assert len([status for status in posts(stage) if status == 200]) == 2
    assert await stage.count("events") == 2


async def test_a_refused_notice_holds_up_no_other(stage: Stage) -> None:
    """What Discord finds malformed is put aside; the ones behind it go out."""
    stage.discord.fail_next("POST", WEBHOOK, status=400)

    await play(stage, "supply")
    await play(stage, "radar")

    assert await heard(stage, 1) == ["radar"]
    assert posts(stage) == [400, 200]


async def test_slow_discord_is_given_up_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook that does not answer holds up one sender for its time limit, never the game; then it is sent again."""
    monkeypatch.setenv("ROUNDHOOK_MOST_SECONDS", "0.5")
    async with Stage(PLUGINS) as stage:
        stage.discord.webhook_mode = "slow"
        slow = await play(stage, "supply")
        status = (stage.games["local"].home.path / "legacy/roundhook_outbox/status").read_text()

        stage.discord.release_webhooks()
        stage.games["local"]._running_engine.shell.environment.pop("ROUNDHOOK_MOST_SECONDS")  # now it may take its time
        await play(stage, "radar")
        maps = await heard(stage, 2)

        assert not slow.notice_sent
        assert "HTTP 000, curl 28" in status
        assert maps == ["supply", "radar"]
        assert await stage.count("events") == 2


async def test_the_bot_is_away_too(stage: Stage) -> None:
    """Notices that Discord took while the bot had no session are read back, each once."""
    await play(stage, "supply")
    await heard(stage, 1)
    await stage.discord.drop_gateway()
    stage.discord.forget_sessions()

    await play(stage, "radar")

    assert await heard(stage, 2) == ["supply", "radar"]


async def test_what_the_bot_reads_is_what_was_played(stage: Stage) -> None:
    """End, length, pauses and people of a round with two pauses, surrendered, to the second."""
    played = await stage.games["local"].play_round(
        map_name="supply", surrender_at=512, pauses=[(100, 30.05), (200, 60.05)], write_file=False
    )
    await heard(stage, 1)
    (row,) = await stage.db.fetch("SELECT notice FROM round_notices")
    said = json.loads(row["notice"])

    assert said["actual_duration_seconds"] == pytest.approx(512, abs=0.06)
    assert said["total_pause_seconds"] == pytest.approx(90.1, abs=0.5)
    assert [pause["end_unix"] - pause["start_unix"] for pause in said["pauses"]] == pytest.approx(
        [30.05, 60.05], abs=0.5
    )
    assert (said["end_reason"], said["surrender_side"], said["winner_side"]) == ("surrender", 2, 1)
    assert said["round_end_unix"] == pytest.approx(played.ended_unix, abs=1.1)  # whole seconds, of a frame before
    assert len(said["axis_players"] + said["allies_players"]) == 6
    assert said["sender"].startswith("roundhook ")
    assert datetime.fromtimestamp(said["round_end_unix"], UTC) <= stage.clock.now()
