"""A stage says what it was asked for and could not do: a test on it cannot pass over a plugin that is not there."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hikari
import pytest

from roundhook import PluginError
from roundhook.testing import Stage
from tests.plugin_maker import recorder, running, until, write_plugin


async def test_a_plugin_that_does_not_load_is_raised(tmp_path: Path) -> None:
    """With file and line, as the author is told."""
    write_plugin(tmp_path, "odd", "def (\n")

    with pytest.raises(PluginError, match=r"odd: plugin\.py:1: "):
        async with Stage(["odd"], folders=[tmp_path]):
            pytest.fail("the stage stands")


async def test_a_plugin_that_does_not_exist_is_raised() -> None:
    """A slip of the pen is no empty stage."""
    with pytest.raises(PluginError, match="no plugin 'stats_imprt'"):
        async with Stage(["stats_imprt"]):
            pytest.fail("the stage stands")


async def test_it_watches_where_the_settings_say_so(tmp_path: Path) -> None:
    """What is saved runs, without a word."""
    write_plugin(tmp_path, "plain", recorder())
    async with Stage(["plain"], folders=[tmp_path], config={"plugins": {"watch": True}}) as stage:
        write_plugin(tmp_path, "plain", recorder(body="self.changed = True"), version="2")

        await until(lambda: stage.plugins.status("plain").version == "2")

        assert running(stage, "plain").seen == []


async def test_it_begins_when_it_is_told_to_and_goes_on_from_there() -> None:
    """Bot, Discord and game server have that time; how long something takes is measured as ever."""
    begins, before = datetime(2027, 12, 31, 23, 59, tzinfo=UTC), time.monotonic()
    async with Stage([], begins=begins) as stage:
        assert begins <= stage.clock.now()
        assert before <= stage.clock.monotonic() <= time.monotonic()
        await stage.clock.advance(60)

        assert (await stage.games["local"].play_round()).ended_unix >= begins.timestamp() + 60
        message = await stage.discord.post_webhook("local", content="hello")
        assert hikari.Snowflake(message.id).created_at >= begins + timedelta(minutes=1)
