"""Hostile text on its way to Discord: by each of the calls that a plugin has, whoever forgot to clean it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.shown import label
from devkit.discord import ratelimits
from roundhook import Embed, Field, File, Message
from roundhook.testing import Stage
from tests.core.test_shown import HOSTILE, dangerous, strings_in
from tests.patience import PATIENCE
from tests.plugin_maker import running, write_plugin

SHOWS = """
import hikari
import lightbulb
from roundhook import Plugin, UserFacingError, plugin_of

loader = lightbulb.Loader()

async def offered(context):
    await context.respond([(text, "value") for text in plugin_of(context).texts])

@loader.command
class Say(lightbulb.SlashCommand, name="say", description="says it"):
    what = lightbulb.string("what", "what", autocomplete=offered)
    how = lightbulb.string("how", "how")

    @lightbulb.invoke
    async def invoke(self, context):
        text = plugin_of(context).texts[int(self.what)]
        if self.how == "error":
            raise UserFacingError(f"no {text}")
        embed = hikari.Embed(title=f"t{text}"[:200], description=f"d{text}"[:4000])
        await context.respond(f"it is {text}", embed=embed)

class Shows(Plugin):
    async def setup(self):
        self.texts = []
        self.ctx.add_commands(loader)

    async def send(self, channel, message):
        await self.ctx.send(channel, message)

    async def tell(self, text):
        await self.ctx.tell_admins(text, guilds=[1])

    async def raw(self, channel, text):
        await self.ctx.rest.create_message(channel, f"raw {text}"[:2000])

    async def trouble(self, key, text):
        await self.ctx.trouble(key, text, f"or {text}", guild=1)
        self.ctx.log.warning("it says %s", text)
"""


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A plugin that escapes nothing, on a Discord that takes as many messages as it is given."""
    monkeypatch.setattr(ratelimits, "LIMITS", {})
    monkeypatch.setattr(ratelimits, "OTHERS", ratelimits.UNLIMITED)
    write_plugin(tmp_path, "shows", SHOWS)
    async with Stage(["shows"], folders=[tmp_path]) as stage:
        yield stage


async def by_each_call(stage: Stage, name: str, text: str) -> list[Any]:
    """Send *text* by each call that a plugin has; return the answers."""
    shows, channel = running(stage, "shows"), stage.discord.stats_channel
    shows.texts = [text]
    fields = (Field(name=text, value=text),)
    embed = Embed(title=text, description=text, fields=fields, footer=text, image=text)
    files = (File(name=text, data=b"1"), File(name=f"{text}.txt", data=b"2"))
    answers = [await stage.discord.invoke("say", options={"what": "0", "how": how}) for how in ("error", "answer")]
    assert await stage.discord.autocomplete("say", "what", "", options={"how": "x"}) == [
        {"name": label(text), "value": "value"}
    ]
    await shows.send(channel, Message(content=f"m{text}", embeds=(embed,), files=files))
    await shows.raw(channel, text)
    await shows.trouble(name, f"t{text}")
    await shows.tell(f"r{text}")
    return answers


async def test_each_call_shows_only(stage: Stage) -> None:
    """Answers, errors, choices, messages with all their parts, raw calls, reports, alarms, a plugin's last lines."""
    said = [answer for name, text in HOSTILE.items() for answer in await by_each_call(stage, name, text)]
    await stage.settled(PATIENCE)
    posted, told = (
        stage.discord.messages(channel) for channel in (stage.discord.stats_channel, stage.discord.admin_channel)
    )
    lines = stage.app.kernel.logbook.last("shows", 200)

    for message in (*said, *posted, *told):
        assert not any(dangerous(text, lines=True, joiners=True) for text in strings_in(message)), message
        assert not any(dangerous(name) for name in message.files), message
    assert len(posted) >= 2 * len(HOSTILE)
    assert len([one for one in told if one.text.startswith("\N{WARNING SIGN}")]) == len(HOSTILE)
    assert len([one for one in told if one.text.startswith("**shows**")]) == 10
    assert not any("](" in one.text or "@everyone" in one.text for one in told)
    assert not any(dangerous(line.replace("\t", "")) for line in lines)
    assert len([line for line in lines if "it says" in line]) == len(HOSTILE)
