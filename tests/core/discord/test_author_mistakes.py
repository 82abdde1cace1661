"""What an author sees of his mistakes, in /plugin logs, and what his users see meanwhile."""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import pytest

from core.discord import rest
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugin_maker import idle, running, save, until, write_plugin

OOPS = """
import asyncio
import hikari
import lightbulb
from lightbulb import prefab
from roundhook import Plugin, UserFacingError, plugin_of

loader = lightbulb.Loader()
CREATE = hikari.ResponseType.MESSAGE_CREATE
PERMISSIONS = hikari.Permissions.MANAGE_GUILD | hikari.Permissions.BAN_MEMBERS

async def suggest(context):
    await getattr(plugin_of(context), "suggest_" + context.focused.value)(context)

@loader.command
class Oops(lightbulb.SlashCommand, name="oops", description="makes a mistake"):
    kind = lightbulb.string("kind", "which", autocomplete=suggest)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        await getattr(plugin_of(context), self.kind)(context)

def command(name, *hooks):
    class Checked(lightbulb.SlashCommand, name=name, description=name, hooks=hooks):
        @lightbulb.invoke
        async def invoke(self, context: lightbulb.Context) -> None:
            await context.respond("done")
    loader.command(Checked)

command("cool", prefab.fixed_window(600, 1, "user"))
command("cold", prefab.sliding_window(12, 1, "global"))
command("permitted", prefab.has_permissions(PERMISSIONS))
command("granted", prefab.bot_has_permissions(PERMISSIONS))
command("role", prefab.has_roles(5, 6, mode="any"))
command("owned", prefab.owner_only)
command("alone", *prefab.max_concurrency(0, "global"))

class Oops(Plugin):
    async def setup(self):
        self.go = asyncio.Event()
        self.early = self.ctx.component_id("silent"), self.ctx.component_id("forgotten")
        self.ctx.add_commands(loader)
        for action in ("boom", "silent", "slow", "slow_edit", "words", "form", "form_slow"):
            self.ctx.on_component(action, getattr(self, "on_" + action))
        self.ctx.listen(hikari.GuildMessageCreateEvent, self.hear)

    async def hear(self, event):
        if event.message.content == "a word":
            self.deep("a word")

    def deep(self, text, depth=90):
        return self.deep(text, depth - 1) if depth % 2 else self.deeper(text, depth)

    def deeper(self, text, depth):
        if not depth:
            raise KeyError(f"heard {text}")
        return self.deep(text, depth - 1)

    async def fail(self, context):
        raise ValueError("in a command")
    async def long(self, context):
        await context.respond("x" * 2001)
    async def empty(self, context):
        await context.respond("")
    async def noawait(self, context):
        context.respond("never").close()
    async def nothing(self, context):
        pass
    async def late(self, context):
        await self.go.wait()
        await context.respond("late")
    async def late_secret(self, context):
        await self.go.wait()
        await context.interaction.create_initial_response(CREATE, "secret", flags=hikari.MessageFlag.EPHEMERAL)
    async def late_nothing(self, context):
        await self.go.wait()
    async def late_failure(self, context):
        await self.go.wait()
        raise ValueError("late failure")
    async def elsewhere(self, context):
        self.ctx.spawn(self.later(context))
    async def later(self, context):
        await self.go.wait()
        await context.respond("from elsewhere")
    async def over(self, context):
        await context.defer()
        await self.go.wait()
        await context.respond("too late")
    async def job(self, context):
        self.ctx.spawn(self.breaks())
        await context.respond("begun")
    async def stray(self, context):
        asyncio.get_running_loop().create_task(self.breaks())
        await context.respond("begun")
    async def menu(self, context):
        async def pressed(menu_context):
            raise ValueError("in a menu")
        menu = lightbulb.components.Menu()
        menu.add_interactive_button(hikari.ButtonStyle.PRIMARY, pressed, label="Press")
        await context.respond("press", components=menu)
        handle = menu.attach_persistent(context.client, timeout=60)
        await self.go.wait()
        handle.stop_interacting()
    async def breaks(self):
        raise ValueError("in the background")
    async def buttons(self, context):
        row, second = hikari.impl.MessageActionRowBuilder(), hikari.impl.MessageActionRowBuilder()
        for action in ("boom", "silent", "slow", "slow_edit", "unknown"):
            row.add_interactive_button(hikari.ButtonStyle.PRIMARY, self.ctx.component_id(action), label=action)
        for action in ("words", "form"):
            second.add_interactive_button(hikari.ButtonStyle.PRIMARY, self.ctx.component_id(action), label=action)
        await context.respond("press", components=[row, second])
    async def ask(self, context):
        row = hikari.impl.ModalActionRowBuilder()
        row.add_text_input("what", "What")
        await context.respond_with_modal("A form", self.ctx.component_id("form_slow"), components=[row])

    async def on_boom(self, interaction):
        raise ValueError("in a button")
    async def on_silent(self, interaction):
        pass
    async def on_slow(self, interaction):
        await self.go.wait()
        await interaction.create_initial_response(CREATE, "slow", flags=hikari.MessageFlag.EPHEMERAL)
    async def on_slow_edit(self, interaction):
        await self.go.wait()
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_UPDATE, "edited")
    async def on_words(self, interaction):
        raise UserFacingError("Not today.")
    async def on_form(self, interaction):
        row = hikari.impl.ModalActionRowBuilder()
        row.add_text_input("what", "What")
        await interaction.create_modal_response("A form", self.ctx.component_id("boom"), components=[row])
    async def on_form_slow(self, interaction):
        await self.go.wait()
        await interaction.create_initial_response(CREATE, "form taken")

    async def suggest_fail(self, context):
        raise ValueError("in an autocompletion")
    async def suggest_nothing(self, context):
        pass
    async def suggest_late(self, context):
        await self.go.wait()
        await context.respond(["late"])
"""


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A bot with the plugin; its Discord waits longer than the bot thinks, as far as real time goes."""
    write_plugin(tmp_path, "oops", OOPS, scope="guild")
    async with Stage(["oops"], folders=[tmp_path], discord={"interaction_seconds": 60}) as stage:
        yield stage


async def logs(stage: Stage) -> str:
    """Return what the bot's owner reads in /plugin logs."""
    end = (stage.app.kernel.logbook.last("oops", 1) or ["It has logged nothing yet."])[0].split("\n")[-1]
    reply = await stage.discord.invoke("plugin logs", user=stage.discord.owner_id, options={"name": "oops"})
    await until(lambda: [reply, *reply.followups][-1].content.endswith(f"{end}\n```"))
    texts = [reply.content, *(one.content for one in reply.followups)]
    assert all(len(text) <= 2000 and text.count("```") == 2 for text in texts)
    return "\n".join(texts)


async def oops(stage: Stage, kind: str) -> Any:
    return await stage.discord.invoke("oops", options={"kind": kind}, timeout=PATIENCE)


async def late(stage: Stage, using: Coroutine[Any, Any, Any], *, go: bool = True) -> Any:
    """Let 2.6 s pass while the plugin works, then let it go on; return what the user sees."""
    await until(lambda: not rest.OPEN)
    plugin, seen = running(stage, "oops"), asyncio.ensure_future(using)
    plugin.go.clear()
    await until(lambda: rest.OPEN)
    (answer,) = rest.OPEN.values()
    await idle()
    await stage.clock.advance(2.6)
    if go:
        await until(lambda: answer.deferred)
        plugin.go.set()
    return await seen


async def test_what_fails_is_in_the_plugins_log_to_its_last_line(stage: Stage) -> None:
    """Command, button, form, autocompletion, listener, background; who used it gets a reference or the words."""
    nobody = r"plugin\.py:\d+: component_id\('forgotten'\): nothing answers it\. Write self\.ctx\.on_component"
    assert re.search(nobody, await logs(stage))
    for kind, said, logged in (
        ("fail", "Reference", "\n.*ValueError: in a command\n"),
        (
            "long",
            "Reference",
            ". If it is too long: `await answer\\(context, text\\)` of roundhook.commands splits it\n.*50035",
        ),
        ("empty", "Reference", ". The message is empty\n.*50006"),
        ("job", "begun", " Oops.breaks failed in the background\n.*ValueError: in the background\n"),
    ):
        reply = await oops(stage, kind)
        assert said in reply.content
        reference = reply.content.partition("Reference ")[2][:4]
        assert re.search(f"ERROR ?(reference {reference}: /oops failed)?{logged}", await logs(stage), re.DOTALL), kind

    assert (await oops(stage, "stray")).content == "begun"
    await until(lambda: "a task that it has started by itself" in "".join(stage.app.kernel.logbook.last("oops", 1)))
    assert "Reference" in (await stage.discord.click(await oops(stage, "menu"), "Press")).content
    running(stage, "oops").go.set()
    assert re.search("form of lightbulb's failed\n.*ValueError: in a menu\n", await logs(stage), re.DOTALL)

    buttons = await oops(stage, "buttons")
    told = await logs(stage)
    assert told.count(": component_id('unknown'): nothing answers it. Write self.ctx.on_component('unknown', …)") == 1
    assert "'silent'" not in told
    assert "Reference" in (await stage.discord.click(buttons, "boom")).content
    assert re.search("'boom' failed\n.*ValueError: in a button\n", await logs(stage), re.DOTALL)
    assert (await stage.discord.click(buttons, "words")).content == "Not today."
    form = await stage.discord.click(buttons, "form")
    assert "Reference" in (await stage.discord.submit_modal(form, {"what": "x"})).content
    assert (await logs(stage)).count("ValueError: in a button") == 2
    assert await stage.discord.autocomplete("oops", "kind", "fail") == []
    assert re.search("autocompletion of /oops kind failed\n.*in an autocompletion\n", await logs(stage), re.DOTALL)

    await stage.discord.post_webhook("local", content="a word")
    await until(lambda: "heard a word" in "".join(stage.app.kernel.logbook.last("oops", 1)))
    assert re.search(
        r"listening to GuildMessageCreateEvent failed\n  …\n.*in deeper\n.*KeyError: 'heard a word'\n",
        await logs(stage), re.DOTALL,
    )  # fmt: skip


async def test_who_gets_no_answer_gets_one_and_the_author_is_told_once(stage: Stage) -> None:
    """A command, a button, an autocompletion that end in silence, an await that is missing."""
    for kind in ("nothing", "noawait", "nothing"):
        reply = await late(stage, oops(stage, kind), go=False)
        assert reply.content == "The plugin oops has given no answer. Why is in its log."
        assert reply.ephemeral
    told = await logs(stage)
    assert told.count("/oops has ended without an answer. Write `await context.respond(…)`") == 1

    buttons = await oops(stage, "buttons")
    assert "no answer" in (await late(stage, stage.discord.click(buttons, "silent"), go=False)).content
    assert await late(stage, stage.discord.autocomplete("oops", "kind", "nothing"), go=False) == []
    told = await logs(stage)
    assert "'silent' has ended without an answer. Write `await interaction.create_initial_response(…)`" in told
    assert "the autocompletion of /oops kind has ended without an answer" in told


async def test_a_late_answer_is_deferred_in_time(stage: Stage) -> None:
    """What the plugin says then reaches its user, however it says it; the remedy is named once."""
    plugin = running(stage, "oops")
    for kind, said in (
        ("late", "late"), ("late_secret", "secret"), ("late_nothing", "no answer"), ("late_failure", "Reference"),
    ):  # fmt: skip
        reply = await late(stage, oops(stage, kind))
        assert said in reply.content
        assert reply.ephemeral
    told = await logs(stage)
    assert told.count("/oops has not answered after 2.5 s, and Discord waits for 3 s. Begin with") == 1
    assert "ValueError: late failure" in told

    plugin.go.clear()
    asking = asyncio.ensure_future(oops(stage, "elsewhere"))
    await until(lambda: rest.OPEN)
    await idle()
    plugin.go.set()
    assert (await asking).content == "from elsewhere"

    buttons = await oops(stage, "buttons")
    assert (await late(stage, stage.discord.click(buttons, "slow"))).content == "slow"
    assert (await late(stage, stage.discord.click(buttons, "slow_edit"))).content == "edited"
    form = await oops(stage, "ask")
    assert (await late(stage, stage.discord.submit_modal(form, {"what": "x"}))).content == "form taken"
    assert await late(stage, stage.discord.autocomplete("oops", "kind", "late")) == []
    told = await logs(stage)
    assert "'slow' has not answered after 2.5 s, and Discord waits for 3 s. Begin with" in told
    assert "the autocompletion of /oops kind has not answered after 2.5 s" in told
    assert told.count("Traceback") == 1
    assert rest.OPEN == {}


async def test_an_answer_after_fifteen_minutes_is_named(stage: Stage) -> None:
    """Nobody can be told any more, but the author is."""
    asking = asyncio.ensure_future(oops(stage, "over"))
    await until(lambda: any(one.path.endswith("/callback") for one in stage.discord.requests))
    await until(lambda: not rest.OPEN)
    await stage.clock.advance(901)
    running(stage, "oops").go.set()
    await until(lambda: "could not be told" in "".join(stage.app.kernel.logbook.last("oops", 1)))
    asking.cancel()

    assert "Discord takes answers for 15 minutes; what comes later goes out by `self.ctx.send" in await logs(stage)


async def test_lightbulbs_own_checks_are_answered_in_words(stage: Stage) -> None:
    """They are no mistakes: nothing is logged."""
    assert (await stage.discord.invoke("cool")).content == "done"
    assert (await stage.discord.invoke("cold")).content == "done"
    told = {
        name: (await stage.discord.invoke(name)).content
        for name in ("cool", "cold", "permitted", "role", "owned", "alone")
    }
    stage.discord.deny(stage.discord.stats_channel, "BAN_MEMBERS")
    granted = (await stage.discord.invoke("granted")).content

    assert told.pop("cool") == "Not so fast: again in 10 min."
    assert re.fullmatch(r"Not so fast: again in 1[12] s\.", told.pop("cold"))
    assert told == {
        "permitted": "You may not do that: it takes Ban Members and Manage Guild.",
        "role": "You may not do that: it takes <@&5> or <@&6>.",
        "owned": "Only the bot's owner may do that.",
        "alone": "That is under way already. Try again when it has ended.",
    }
    assert granted.startswith("The bot may not do that here: an admin has to give it ")
    assert "ERROR" not in await logs(stage)


async def test_a_reload_that_fails_is_there_with_its_traceback(stage: Stage, tmp_path: Path) -> None:
    """The answer is one line; what led to it is in the log."""
    save(tmp_path / "oops" / "plugin.py", OOPS.replace("self.go = asyncio.Event()", "self.begin()") + BEGINS)
    assert not (await stage.plugins.reload("oops")).ok

    told = await logs(stage)
    assert "ERROR oops: setup() failed at plugin.py" in told
    assert re.search(r"Traceback.*in begin\n.*ZeroDivisionError: division by zero\n", told, re.DOTALL)


BEGINS = """
    def begin(self):
        1 / 0
"""
