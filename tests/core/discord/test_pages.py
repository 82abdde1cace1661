"""``pages``: one message that is turned in place, by whoever may, over reloads and restarts."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core.discord.stored import Built
from roundhook.testing import Stage
from tests.plugin_maker import running, write_plugin

PAGER = """
import lightbulb
from roundhook import Embed, File, Message, Plugin, plugin_of
from roundhook.commands import admins_only, pages

loader = lightbulb.Loader()

@loader.command
class Browse(lightbulb.SlashCommand, name="browse", description="page by page"):
    what = lightbulb.string("what", "what")

    @lightbulb.invoke
    async def invoke(self, context):
        plugin = plugin_of(context)
        source = {
            "texts": ["one @everyone", "two", "x" * 2500], "long": "line\\n" * 1000, "none": [], "single": ["alone"],
            "strange": print, "huge": ["x" * 2000] * 200, "method": plugin.page, "open": plugin.page,
            "wide": plugin.wide, "few": plugin.few, "number": 5, "mixed": ["one", 2],
        }[self.what]
        await pages(context, source, {"name": self.what}, anyone=self.what == "open", ephemeral=self.what == "long")

@loader.command
class Secret(lightbulb.SlashCommand, name="secret", description="for admins", hooks=[admins_only]):
    @lightbulb.invoke
    async def invoke(self, context):
        await pages(context, ["one", "two"], anyone=True)

class Pager(Plugin):
    async def setup(self):
        self.count = 3
        self.ctx.add_commands(loader)

    async def page(self, data, number):
        if number >= self.count:
            return None
        name = f"{number}.png"
        file = File(name=name, data=b"\\x89PNG", description=f"picture {number}")
        embed = Embed(title="drawn", image=name)
        return Message(content=f"VERSION {data['name']} {number}", embeds=(embed,), files=(file,))

    async def wide(self, data, number):
        return "x" * 2001

    async def few(self, data):
        return "one"
"""
CHANGED = PAGER.replace("page(self", "sheet(self").replace("plugin.page", "None")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_plugin(tmp_path, "pager", PAGER.replace("VERSION", "old"), scope="guild")
    return tmp_path


async def browse(stage: Stage, what: str) -> Any:
    return await stage.discord.invoke("browse", options={"what": what})


def buttons(message: Any) -> list[tuple[str, bool]]:
    return [(one["label"], not one.get("disabled")) for row in message["components"] for one in row["components"]]


async def test_texts_are_turned_in_place(folder: Path) -> None:
    """There is one message, without a ping; a text that is too long is more pages; the ends are ends."""
    async with Stage(["pager"], folders=[folder]) as stage:
        message = await browse(stage, "texts")
        assert message.content == "one @everyone"
        assert not message["mention_everyone"]
        assert buttons(message) == [("◀", False), ("1 / 4", False), ("▶", True)]
        for _ in range(3):
            message = await stage.discord.click(message, "▶")
        assert message.content == "x" * 500
        assert buttons(message) == [("◀", True), ("4 / 4", False), ("▶", False)]
        assert (await stage.discord.click(message, "◀")).content == "x" * 2000
        assert len(stage.discord.messages(stage.discord.stats_channel)) == 1

        long = await browse(stage, "long")
        assert long.ephemeral
        assert (await stage.discord.click(long, "▶"))["components"]
        single = await browse(stage, "single")
        assert (single.content, single["components"]) == ("alone", [])
        assert (await browse(stage, "none")).content == "There is nothing to show."
        assert await stage.count("confirmations") == 2
        for what in ("strange", "huge", "wide", "few", "number", "mixed"):
            assert "Reference" in (await browse(stage, what)).content
        told = "".join(stage.app.kernel.logbook.last("pager", 6))
        for problem in (
            "pages() takes an `async def` function, not print", "Name a method that makes one page", "into one message",
            "calls Pager.few with 2 arguments", "as in self.page, or texts, not 5", "or texts, not ['one', 2]",
        ):  # fmt: skip
            assert problem in told


async def test_a_method_makes_them_over_reloads_and_for_whom(folder: Path) -> None:
    """Each page is made when it is turned to, by the code that runs then; twice at once is once."""
    async with Stage(["pager"], folders=[folder]) as stage:
        message = await browse(stage, "method")
        assert (message.content, buttons(message)) == ("old method 0", [("◀", False), ("1", False), ("▶", True)])
        other = await stage.discord.click(message, "▶", user=8)
        assert (other.content, other.ephemeral) == ("Somebody else has asked for that. Use the command yourself.", True)
        twice = await asyncio.gather(*(stage.discord.click(message, "▶") for _ in range(2)))
        assert [one.content for one in twice] == ["old method 1"] * 2
        opened = await browse(stage, "open")
        assert (await stage.discord.click(opened, "▶", user=8)).content == "old open 1"

        write_plugin(folder, "pager", PAGER.replace("VERSION", "new"), scope="guild")
        await stage.plugins.reload("pager")
        message = await stage.discord.click(message, "▶")
        assert (message.content, buttons(message)[-1]) == ("new method 2", ("▶", False))
        running(stage, "pager").count = 1
        assert "no such page any more" in (await stage.discord.click(message, "◀")).content
        write_plugin(folder, "pager", CHANGED, scope="guild")
        await stage.plugins.reload("pager")
        assert "changed meanwhile" in (await stage.discord.click(message, "◀")).content
        secret = await stage.discord.invoke("secret", admin=True)
        assert "You may not do that any more" in (await stage.discord.click(secret, "▶", user=8)).content
        assert (await stage.discord.click(secret, "▶", user=9, admin=True)).content == "two"
        await stage.plugins.disable("pager", guild=1)
        assert "switched off on this server" in (await stage.discord.click(message, "◀")).content
        await stage.plugins.disable("pager")
        assert "does not run" in (await stage.discord.click(message, "◀")).content
        await stage.plugins.enable("pager")
        await stage.plugins.enable("pager", guild=1)
        await stage.clock.advance(31 * 86400)
        assert "older than 30 days" in (await stage.discord.click(message, "◀")).content


async def test_after_a_restart_they_are_turned_on(folder: Path, database_url: str) -> None:
    """What a button needs stands in the database."""
    async with Stage(["pager"], folders=[folder], database=database_url) as stage:
        rows = (await browse(stage, "method"))["components"]
    buttons = [{name: value for name, value in one.items() if name != "id"} for one in rows[0]["components"]]
    async with Stage(["pager"], folders=[folder], database=database_url) as stage:
        channel, row = stage.discord.stats_channel, Built({"type": 1, "components": buttons})
        await stage.app.services.discord.rest.create_message(channel, "old method 0", components=[row])  # type: ignore[list-item]
        (message,) = stage.discord.messages(channel)
        assert (await stage.discord.click(message, "▶")).content == "old method 1"
