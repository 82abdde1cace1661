"""The clock of the bot's machine is wrong: it goes by Discord's time, and one trouble names it."""

import time
from datetime import UTC, datetime

import pytest

from core.clock import Clock
from roundhook.testing import Stage
from tests.plugins.stats_import.invented import name_of, stats_file

PLUGINS = ["stats_import", "stats_commands"]
WRONG = "The clock of the bot's machine is"


@pytest.mark.parametrize(("ahead", "words"), [(3600, "1 h 0 min ahead of"), (-5400, "1 h 30 min behind")])
async def test_an_hour_off(database_url: str, ahead: int, words: str) -> None:
    """What was just played is announced, what is long over is not, and the admins read once what is wrong."""
    right = {"now": lambda: time.time() - ahead}
    async with Stage(PLUGINS, database=database_url, begins=datetime.now(UTC), discord=right) as stage:
        for ago, map_name in ((100, "supply"), (4500, "radar")):
            at = time.gmtime(time.time() - ahead - ago)
            name = name_of(time.strftime("%Y-%m-%d-%H%M%S", at), map_name)
            file = await stage.app.services.files.put("local", name, stats_file(map_name), trigger="poll")
            await stage.publish(file)
            await stage.settled()
        said = [str(one.text) for one in stage.discord.messages(stage.discord.stats_channel)]
        await stage.clock.advance(1300)
        await stage.discord.wait_for_message(stage.discord.admin_channel, lambda one: WRONG in one.text)
        troubles = [str(one.text) for one in stage.discord.messages(stage.discord.admin_channel)]

    assert ["supply" in text for text in said if "round 1" in text] == [True]
    assert len([text for text in troubles if WRONG in text]) == 1
    assert f"{WRONG} {words} Discord's." in troubles[0]
    assert "timedatectl set-ntp true" in troubles[0]


async def test_a_clock_that_is_put_right(database_url: str) -> None:
    """The trouble is over at the next look, and so is the correction."""
    ahead = 7200.0
    right = {"now": lambda: time.time() - ahead}
    async with Stage([], database=database_url, begins=datetime.now(UTC), discord=right) as stage:
        keeper = stage.app.discord.timekeeper  # type: ignore[union-attr]
        assert abs(stage.clock.ahead_seconds - 7200) < 5
        ahead = 0.0
        keeper._looked_at = None
        await keeper.look()
        assert stage.clock.ahead_seconds == 0
        assert await stage.db.fetch("SELECT 1 AS one FROM troubles WHERE over_at IS NULL") == []


async def test_a_clock_that_is_right_is_left_alone() -> None:
    """Seconds, as every answer is late by some, are no trouble; nor is a stage whose time is moved by hand."""
    right = {"now": lambda: time.time() - 20}
    async with Stage([], begins=datetime.now(UTC), discord=right) as stage:
        assert stage.clock.ahead_seconds == 0
    async with Stage([]) as stage:
        await stage.clock.advance(86400)
        await stage.app.discord.look_at_clock()  # type: ignore[union-attr]
        assert stage.clock.ahead_seconds == 0
        assert await stage.count("troubles") == 0
    assert abs(Clock().now().timestamp() - time.time()) < 5
