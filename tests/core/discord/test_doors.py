"""Every door for every asker, through Discord: commands, suggestions, buttons and modals ask the one rule."""

import sys
from pathlib import Path
from typing import Any

import hikari
import pytest

from roundhook.testing import Stage
from tests.core.discord.test_who_may import ALONE, ASKERS, MAY, OWNER, QUESTIONS, ROLE, A, B
from tests.plugin_maker import running, write_plugin

DOORS = """
import hikari
import lightbulb
from roundhook import Message, Plugin, plugin_of
from roundhook.commands import admins_only, answer, owner_only

loader = lightbulb.Loader()
QUESTIONS = {questions}


async def suggestions(context):
    await context.respond(["secret"])


def command(name, *hooks):
    class Door(lightbulb.SlashCommand, name=name, description="a door", hooks=list(hooks)):
        word = lightbulb.string("word", "a word", default="", autocomplete=suggestions)

        @lightbulb.invoke
        async def invoke(self, context):
            plugin = plugin_of(context)
            plugin.opened.append(name)
            said = "".join("ny"[plugin.ctx.may(context.interaction, *one)] for one in QUESTIONS)
            await answer(context, f"open {{said}}")

    loader.command(Door)


command("anybody")
command("admins", admins_only)
command("owners", owner_only)


class Doors(Plugin):
    async def setup(self):
        self.opened = []
        self.ctx.add_commands(loader)
        self.ctx.on_component("button", self.pressed, admins=True)
        self.ctx.on_component("form", self.shown)
        self.ctx.on_component("modal", self.filled, admins=True)
        self.ctx.spawn(self.offer())

    async def offer(self):
        for guild in self.ctx.guilds():
            row = hikari.impl.MessageActionRowBuilder()
            row.add_interactive_button(hikari.ButtonStyle.PRIMARY, self.ctx.component_id("button"), label="Admins")
            row.add_interactive_button(hikari.ButtonStyle.PRIMARY, self.ctx.component_id("form"), label="Form")
            message = Message(content="doors", components=(row,))
            await self.ctx.send(self.ctx.guild(guild).stats_channel, message, once="doors")

    async def pressed(self, interaction):
        self.opened.append("button")
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "open")

    async def shown(self, interaction):
        row = hikari.impl.ModalActionRowBuilder()
        row.add_text_input("word", "A word")
        await interaction.create_modal_response("Form", self.ctx.component_id("modal"), components=[row])

    async def filled(self, interaction):
        self.opened.append("modal")
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "open")
"""
HERE = ["owner", "A's administrator", "A's admin by role", "A's member", "B's administrator"]


def stage_of(folder: Path, guilds: tuple[int, ...]) -> Stage:
    servers = (
        {"all": {}, "a": {"guilds": [A]}, "b": {"guilds": [B]}} if len(guilds) > 1 else {"all": {}, "a": {}, "b": {}}
    )
    write_plugin(folder, "doors", DOORS.format(questions=QUESTIONS), scope="guild")
    config = {
        "guilds": {str(guild): {"admin_roles": [ROLE]} for guild in guilds},
        "servers": {key: {"timezone": "UTC", **one} for key, one in servers.items()},
    }
    return Stage(["doors"], folders=[folder], guilds=guilds, config=config)


async def opened_by(stage: Stage, asker: str) -> tuple[str, set[str]]:
    """Return what one asker is told of the rule, and which doors open to him."""
    about = dict(ASKERS[asker])
    guild, roles = about.pop("guild"), about.pop("roles", ())
    who: dict[str, Any] = {"user": about.get("user", 77), "admin": about.get("administrator", False)}
    if who["user"] == OWNER:
        who["user"] = stage.discord.owner_id
    doors = running(stage, "doors").opened
    doors.clear()
    said = await stage.discord.invoke("anybody", guild=guild, roles=roles, **who)
    for name in ("admins", "owners"):
        await stage.discord.invoke(name, guild=guild, roles=roles, **who)
        if not roles and await stage.discord.autocomplete(name, "word", "s", guild=guild, **who):
            doors.append(f"suggestions of {name}")
    channel = stage.discord.guild_channels(guild).stats
    message = await stage.discord.wait_for_message(channel, lambda one: one.text == "doors")
    await stage.discord.click(message, "Admins", roles=roles, **who)
    form = await stage.discord.click(message, "Form", roles=roles, **who)
    await stage.discord.submit_modal(form, {"word": "x"}, roles=roles, **who)
    return said.text.removeprefix("open "), {door for door in doors if door != "anybody"}


ADMINS = {"admins", "button", "modal"}


@pytest.mark.parametrize(("guilds", "table"), [((A, B), MAY), ((A,), ALONE)])
async def test_each_door_to_each_asker(
    tmp_path: Path, guilds: tuple[int, ...], table: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Prints who may do what."""
    async with stage_of(tmp_path, guilds) as stage:
        for asker in [one for one in HERE if one in table]:
            said, doors = await opened_by(stage, asker)
            with capsys.disabled():
                opened = ", ".join(sorted(doors)) or "nothing but /anybody"
                sys.stdout.write(f"\n{len(guilds)} guilds  {asker:20} {said}  {opened}")
            is_admin, is_for_all = said[0] == "y", said[1] == "y"
            wanted = (ADMINS if is_admin else set()) | ({"owners"} if is_for_all else set())
            if "role" not in asker:
                wanted |= {f"suggestions of {door}" for door in wanted & {"admins", "owners"}}

            assert said == table[asker], asker
            assert doors == wanted, asker


async def test_a_webhook_opens_no_door(tmp_path: Path) -> None:
    """Buttons that a webhook has posted lead nowhere, whoever presses, also the owner."""
    async with stage_of(tmp_path, (A, B)) as stage:
        stage.discord.add_webhook("stolen", by_bot=True)
        row = hikari.impl.MessageActionRowBuilder()
        row.add_interactive_button(hikari.ButtonStyle.PRIMARY, "rh1:doors:button:", label="Admins")
        row.add_interactive_button(hikari.ButtonStyle.PRIMARY, "rh1:doors:form:", label="Form")
        posted = await stage.discord.post_webhook("stolen", content="press", components=[dict(row.build()[0])])
        told = [
            (await stage.discord.click(posted, label, user=stage.discord.owner_id, admin=True)).text
            for label in ("Admins", "Form")
        ]

        assert running(stage, "doors").opened == []
    assert all("no button of this bot" in one for one in told)


async def test_who_is_admin_no_more(tmp_path: Path) -> None:
    """The button is asked for now, not for when it was made."""
    async with stage_of(tmp_path, (A, B)) as stage:
        channel = stage.discord.guild_channels(A).stats
        message = await stage.discord.wait_for_message(channel, lambda one: one.text == "doors")
        first = await stage.discord.click(message, "Admins", user=8, roles=(ROLE,))
        form = await stage.discord.click(message, "Form", user=8, roles=(ROLE,))
        then = await stage.discord.click(message, "Admins", user=9)
        late = await stage.discord.submit_modal(form, {"word": "x"}, user=9)

    assert first.text == "open"
    assert "Only admins" in then.text
    assert "Only admins" in late.text
