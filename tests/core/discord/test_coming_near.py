"""The way to Discord is taken while a message is made, and kept for the next one."""

import asyncio
from pathlib import Path

from roundhook.testing import Stage
from tests.plugin_maker import running, until, write_plugin

DRAWS = """
import asyncio
from roundhook import Plugin

class {cls}(Plugin):
    async def setup(self):
        self.asked, self.drawn = asyncio.Event(), asyncio.Event()

    async def draw(self):
        self.asked.set()
        await self.drawn.wait()
        return "drawn"

    async def say(self, channel):
        await self.ctx.send(channel, self.draw, once="one")
        await self.ctx.send(channel, "again", once="one")
"""


async def test_a_message_finds_the_connection_made(tmp_path: Path) -> None:
    """It is made while the message is drawn; the post and the edit go that way."""
    write_plugin(tmp_path, "draws", DRAWS.format(cls="Draws"))
    async with Stage(["draws"], folders=[tmp_path]) as stage:
        plugin, channel = running(stage, "draws"), stage.discord.stats_channel
        saying = asyncio.create_task(plugin.say(channel))
        await plugin.asked.wait()
        assert stage.app.discord is not None
        await asyncio.gather(*stage.app.discord.speech.sender._calls)
        plugin.drawn.set()
        await saying
        await stage.settled()

        near = {one.connection for one in stage.discord.requests if one.path == "/gateway"}
        said = f"/channels/{channel}/messages"
        calls = {one.connection for one in stage.discord.requests if one.path.startswith(said) and one.method != "GET"}
        assert [one.text for one in stage.discord.messages(channel)] == ["again"]
        assert len(calls) == 1
        assert calls <= near  # the bot's other calls have connections of their own


async def test_who_cannot_come_near_says_nothing_of_it(tmp_path: Path) -> None:
    """That Discord is away is told by the message's own call, which is tried again."""
    write_plugin(tmp_path, "draws", DRAWS.format(cls="Draws"))
    async with Stage(["draws"], folders=[tmp_path]) as stage:
        plugin, channel = running(stage, "draws"), stage.discord.stats_channel
        stage.discord.fail_next("GET", "/gateway", status=None)
        plugin.drawn.set()
        await plugin.say(channel)
        await stage.settled()

        assert [one.text for one in stage.discord.messages(channel)] == ["again"]


async def test_a_notice_brings_it_near(tmp_path: Path) -> None:
    """A message in a control channel says that a round is over: its own is posted on a connection made then."""
    write_plugin(tmp_path, "draws", DRAWS.format(cls="Draws"))
    async with Stage(["draws"], folders=[tmp_path]) as stage:
        channel = stage.discord.stats_channel
        assert stage.app.discord is not None
        sender = stage.app.discord.speech.sender
        await stage.discord.post_webhook("local", content="STATS_READY")
        await until(lambda: sender._near_until > 0)
        await asyncio.gather(*sender._calls)
        await running(stage, "draws").ctx.send(channel, "told")
        await stage.settled()

        near = {one.connection for one in stage.discord.requests if one.path == "/gateway"}
        said = f"/channels/{channel}/messages"
        calls = {one.connection for one in stage.discord.requests if (one.method, one.path) == ("POST", said)}
        assert [one.text for one in stage.discord.messages(channel)] == ["told"]
        assert calls <= near
