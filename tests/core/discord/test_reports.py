"""Messages to admins: merged, cut, counted; an alarm comes first, and a flood holds up nobody."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from devkit.discord import ratelimits
from roundhook.testing import Stage
from tests.plugin_maker import running, until, write_plugin

TELLS = """
import asyncio
from roundhook import Message, Plugin

class Tells(Plugin):
    async def tell(self, texts, **where):
        for text in texts:
            await self.ctx.tell_admins(text, **where)

    async def flood(self, count):
        for number in range(count):
            self.ctx.spawn(self.ctx.tell_admins(f"flood {number}"))

    async def alarm(self, key, text, remedy="", **where):
        await self.ctx.trouble(key, text, remedy, **where)

    async def well(self, key):
        await self.ctx.well(key)

    async def post(self, channel, text):
        await self.ctx.send(channel, text)
"""
HOUR = datetime(2026, 3, 4, 20, tzinfo=UTC)
"""Equal messages are one within an hour of the clock."""
SERVERS = {"a": {"timezone": "UTC"}, "b": {"timezone": "UTC", "guilds": [2]}}


@pytest.fixture(autouse=True)
def no_rate_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord's five messages in five seconds would only cost time here."""
    monkeypatch.setattr(ratelimits, "LIMITS", {})
    monkeypatch.setattr(ratelimits, "OTHERS", ratelimits.UNLIMITED)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Two guilds, two game servers more, and a plugin that tells what it is told to, at the beginning of an hour."""
    write_plugin(tmp_path, "tells", TELLS)
    options: dict[str, Any] = {"folders": [tmp_path], "guilds": (1, 2), "config": {"servers": SERVERS}}
    async with Stage(["tells"], begins=HOUR, **options) as stage:
        yield stage


def told(stage: Stage, guild: int = 1) -> list[str]:
    return [one.text for one in stage.discord.messages(stage.discord.guild_channels(guild).admin)]


async def test_equal_ones_are_one_and_each_is_cut(stage: Stage) -> None:
    """Within the hour, also those that are equal only as far as they are shown."""
    plugin = running(stage, "tells")

    await plugin.tell(["same"] * 50 + ["x" * 5000, "x" * 6000, "*" * 5000])
    await stage.clock.advance(120)
    await plugin.tell(["same"])
    await stage.settled()
    await stage.clock.advance(3600)
    await plugin.tell(["same"])
    await stage.settled()

    first, long, stars, again = told(stage)
    assert first == again == "**tells**: same"
    assert len(long) == 500
    assert long.endswith("x…")
    assert len(stars) <= 500
    assert stars.endswith("\\*…")


async def test_ten_a_minute_are_told_and_the_rest_are_counted(stage: Stage) -> None:
    """Of a flood; what is new after it is told again, and nothing of it is lost from the log."""
    plugin = running(stage, "tells")

    await plugin.tell([f"flood {number}" for number in range(400)])
    await stage.settled()
    assert told(stage) == told(stage, 2) == [f"**tells**: flood {number}" for number in range(10)]
    rows = await stage.count("announcements")
    await stage.clock.advance(61)
    await until(lambda: len(told(stage)) == len(told(stage, 2)) == 11)
    await plugin.tell(["another"])
    await stage.settled()

    assert rows == 20
    assert "390 more messages" in told(stage)[10]
    assert told(stage)[11] == "**tells**: another"
    assert any(line.endswith("WARNING flood 399") for line in stage.app.kernel.logbook.last("tells", 50))


async def test_each_game_server_has_ten_of_its_own(stage: Stage) -> None:
    """So a flood of one silences neither another nor what is about none; and only who sees a server is told."""
    plugin = running(stage, "tells")

    await plugin.tell([f"a {number}" for number in range(30)], server="a")
    await plugin.tell([f"b {number}" for number in range(30)], server="b")
    await plugin.tell(["about none"])
    await plugin.tell(["for the second"], guilds=[2])
    await stage.settled()

    assert (len(told(stage)), len(told(stage, 2))) == (11, 22)
    assert "**tells**: about none" in told(stage)
    assert not any("b 1" in text for text in told(stage))
    await stage.clock.advance(61)
    await until(lambda: (len(told(stage)), len(told(stage, 2))) == (12, 24))
    assert told(stage)[-1] == "**roundhook**: 20 more messages about a came within a minute; they are in the log."


async def test_an_alarm_does_not_wait_behind_them(stage: Stage) -> None:
    """Nor behind anything else that waits in the channel; its end comes as soon."""
    plugin, channel = running(stage, "tells"), stage.discord.guild_channels(1).admin
    stage.discord.slow_down("POST", f"/channels/{channel}/messages", 0.3)

    await plugin.tell([f"flood {number}" for number in range(20)], guilds=[1])
    for number in range(10):
        await plugin.post(channel, f"card {number}")
    await plugin.alarm("disk", "The disk is full.", "Make room.", guild=1)
    before = len(told(stage))
    await until(lambda: any("disk" in text for text in told(stage)))
    stage.discord.hurry()

    alarm = "\N{WARNING SIGN} **tells**: The disk is full.\nMake room."
    assert told(stage).index(alarm) <= before + 1  # one was under way


async def test_a_flood_does_not_hold_up_a_reload(stage: Stage) -> None:
    """400 jobs that tell something while Discord does not answer: they are done before one message is posted."""
    plugin = running(stage, "tells")
    for guild in (1, 2):
        channel = stage.discord.guild_channels(guild).admin
        stage.discord.slow_down("POST", f"/channels/{channel}/messages", 600)

    await plugin.flood(400)
    report = await stage.plugins.reload("tells")
    posted = told(stage)
    stage.discord.hurry()

    assert report.ok
    assert posted == []
    rows = await stage.db.fetch("SELECT count(*) AS count FROM announcements")
    assert rows[0]["count"] == 20


async def test_what_was_left_out_is_told_after_a_stop(tmp_path: Path) -> None:
    """It is kept in the database, and posted by the next start."""
    write_plugin(tmp_path, "tells", TELLS)
    url = f"sqlite:///{tmp_path / 'one.db'}"
    async with Stage(["tells"], folders=[tmp_path], database=url) as stage:
        await running(stage, "tells").tell([f"flood {number}" for number in range(15)])

    async with Stage(["tells"], folders=[tmp_path], database=url) as stage:
        rows = await stage.db.fetch("SELECT content FROM announcements WHERE subject LIKE 'single:more:%'")

    assert len(rows) == 1
    assert "5 more messages" in rows[0]["content"]


async def test_alarms_are_cut_too_and_keep_their_remedy(stage: Stage) -> None:
    """However long the text is that somebody else has made."""
    await running(stage, "tells").alarm("key", "y" * 5000, "Do this.", guild=1)
    await stage.settled()

    (text,) = told(stage)
    assert len(text) == 500
    assert text.endswith("y…\nDo this.")
