"""A plugin that offers one of everything, and a playground with it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devkit.play import Playground, looks
from devkit.play.prompt import Prompt
from tests.plugin_maker import write_plugin

PLUGIN = """
import hikari
import lightbulb

from roundhook import Plugin, plugin_of

loader = lightbulb.Loader()
rows = hikari.impl.MessageActionRowBuilder


async def names(context):
    await context.respond([("olz the first", context.focused.value + "z")])


@loader.command
class Add(lightbulb.SlashCommand, name="add", description="Adds"):
    first = lightbulb.integer("first", "A number")
    second = lightbulb.integer("second", "Another", default=1)

    @lightbulb.invoke
    async def invoke(self, context):
        await context.respond(str(self.first + self.second))


@loader.command
class Tell(lightbulb.SlashCommand, name="tell", description="Tells what it was given"):
    share = lightbulb.number("share", "A number", default=None)
    loud = lightbulb.boolean("loud", "Loud?", default=None)
    whom = lightbulb.user("whom", "Whom", default=None)
    where = lightbulb.channel("where", "Where", default=None)
    kind = lightbulb.string("kind", "Kind", default="", choices=[lightbulb.Choice("Big", "b")])
    name = lightbulb.string("name", "Name", default="", autocomplete=names)
    file = lightbulb.attachment("file", "File", default=None)

    @lightbulb.invoke
    async def invoke(self, context):
        data = (await self.file.read()).decode() if self.file else ""
        whom, where = self.whom and self.whom.username, self.where and self.where.name
        given = (self.share, self.loud, whom, where, self.kind, self.name, data)
        await context.respond(" ".join(map(str, given)), ephemeral=True)


@loader.command
class Ask(lightbulb.SlashCommand, name="ask", description="Asks"):
    @lightbulb.invoke
    async def invoke(self, context):
        ctx, row, menu = plugin_of(context).ctx, rows(), rows()
        style = hikari.ButtonStyle.PRIMARY
        row.add_interactive_button(style, ctx.component_id("form"), label="Fill in")
        row.add_interactive_button(style, ctx.component_id("form", "x"), label="Off", is_disabled=True)
        row.add_link_button("https://example.org/", label="More")
        menu.add_text_menu(ctx.component_id("chosen")).add_option("One", "1").add_option("Two", "2")
        await context.respond("well?", components=[row, menu], embed=hikari.Embed(title="Title", description="words"))


@loader.command
class Whois(lightbulb.UserCommand, name="Whois"):
    @lightbulb.invoke
    async def invoke(self, context):
        await context.respond(f"that is {self.target.username}")


@loader.command
class Quote(lightbulb.MessageCommand, name="Quote"):
    @lightbulb.invoke
    async def invoke(self, context):
        await context.respond(f"> {self.target.content}", attachment=hikari.Bytes(b"data", "quote.txt"))


class All(Plugin):
    async def setup(self):
        self.ctx.add_commands(loader)
        self.ctx.on_component("form", self.form)
        self.ctx.on_component("chosen", self.chosen)
        self.ctx.on_component("sent", self.sent)
        self.ctx.listen(hikari.GuildMessageCreateEvent, self.heard)

    async def form(self, interaction):
        row = hikari.impl.ModalActionRowBuilder()
        row.add_text_input("why", "Why?", min_length=2)
        row_id = self.ctx.component_id("sent")
        await interaction.create_modal_response("A form", row_id, components=[row])

    async def chosen(self, interaction):
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_UPDATE, f"chosen {interaction.values}")

    async def sent(self, interaction):
        said = interaction.components[0][0].value
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, said)

    async def heard(self, event):
        if event.is_human and event.content == "long":
            await self.ctx.rest.create_message(event.channel_id, "\\n".join(map(str, range(40))))
"""


class Screen:
    """A prompt, and what stands on the screen."""

    def __init__(self, *paths: Path) -> None:
        self.said: list[str] = []
        self.play = Playground(paths, heard=lambda what: self.said.append(looks.happening(self.play, what)))
        self.prompt = Prompt(self.play, self.said.append)

    async def types(self, line: str) -> str:
        """Type a line; return what is said by the time that it is done."""
        self.said.clear()
        await self.prompt.obey(line)
        return "\n".join(self.said)


@pytest.fixture
async def screen(tmp_path: Path) -> AsyncIterator[Screen]:
    """Two plugins beside ours: one of everything, and one that does not load."""
    write_plugin(tmp_path, "all_of_it", PLUGIN)
    write_plugin(tmp_path, "broken", "def x(:")
    made = Screen(tmp_path)
    async with made.play:
        yield made
