"""Commands, components and permissions on the real bot and the loopback Discord."""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hikari
import pytest

from core.app import Application
from roundhook import PluginError
from roundhook.testing import Stage
from tests.plugin_maker import idle, recorder, running, until, write_plugin

COMMANDS = """
import hikari
import lightbulb
from lightbulb import Choice
from roundhook import Message, Plugin, UserFacingError, plugin_of

loader = lightbulb.Loader()

@loader.command
class Many(
    lightbulb.SlashCommand,
    name="many",
    description="DESCRIPTION",
    nsfw=False,
    localize=True,
    default_member_permissions=PERMISSIONS,
):
    text = lightbulb.string("text", "a text", min_length=1, max_length=20, default="x", localize=True)
    chosen = lightbulb.string("chosen", "one of", choices=[Choice("One", "1"), Choice("Two", "2")], default="1")
    whole = lightbulb.integer("whole", "a number", min_value=1, max_value=9, default=1)
    part = lightbulb.number("part", "a fraction", min_value=1, max_value=9.5, default=1.0)
    share = lightbulb.number("share", "a fraction of", choices=[Choice("all", 1.0)], default=1.0)
    where = lightbulb.channel("where", "a channel", channel_types=[hikari.ChannelType.GUILD_TEXT], default=None)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        row = hikari.impl.MessageActionRowBuilder()
        row.add_interactive_button(hikari.ButtonStyle.PRIMARY, plugin.ctx.component_id("press", "a:b"), label="Press")
        await context.respond(**Message(content="VERSION", components=(row,)).options())

@loader.command
class Fails(lightbulb.SlashCommand, name="fails", description="fails"):
    how = lightbulb.string("how", "how")

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        if self.how == "user":
            raise UserFacingError("No round yet. Try /stats days:90.")
        if self.how == "exit":
            raise SystemExit(1)
        raise ValueError("secret detail")

class Commands(Plugin):
    async def setup(self):
        self.pressed = []
        self.ctx.add_commands(loader, {"de": {"many": "viele", "a text": "ein Text"}})
        self.ctx.on_component("press", self.press)

    async def press(self, interaction, args):
        self.pressed.append(args)
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, f"VERSION pressed {args}")
"""


def write(
    folder: Path, version: str = "one", *, permissions: str = "hikari.UNDEFINED", description: str = "many"
) -> None:
    code = COMMANDS.replace("VERSION", version).replace("PERMISSIONS", permissions).replace("DESCRIPTION", description)
    write_plugin(folder, "commands", code, scope="guild")


def calls(stage: Stage) -> list[tuple[str, str]]:
    """Return what was asked of Discord about commands."""
    return [(one.method, one.path) for one in stage.discord.requests if one.path.endswith("/commands")]


async def synced(stage: Stage) -> None:
    assert stage.app.discord is not None
    await stage.app.discord.sync.flush()


async def begun(app: Application) -> None:
    assert app.discord is not None
    await app.discord.sync.begun.wait()


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ('"viele"', '"Viele"', "'Viele' is no name"),
        ('"ein Text"', '"x" * 101', "101 characters"),
        ('"de"', '"xx"', "xx"),
    ],
)
async def test_a_translation_that_discord_refuses_is_refused(tmp_path: Path, good: str, bad: str, said: str) -> None:
    """It would take the commands of all plugins with it."""
    write(tmp_path)
    file = tmp_path / "commands" / "plugin.py"
    file.write_text(file.read_text("utf-8").replace(good, bad), "utf-8")
    with pytest.raises(PluginError, match=f"/many cannot be built: .*{said}"):
        async with Stage(plugins=["commands"], folders=[tmp_path]):
            pass


class TestSync:
    """Discord has exactly our commands, at the least cost."""

    async def test_a_restart_with_the_same_commands_asks_nothing(self, tmp_path: Path) -> None:
        """What was registered is known from the database, with every kind of option, choice and bound."""
        from core.app import bot_application

        write(tmp_path)
        async with Stage(plugins=["commands"], folders=[tmp_path], guilds=(1, 2)) as stage:
            first = calls(stage)
            assert [method for method, _ in first] == ["PUT"] * 3  # of both guilds, and that none is global
            async with bot_application(stage.app.config, clock=stage.clock, plugins=["commands"]) as again:
                await begun(again)
            assert calls(stage) == first
            many = {one["name"]: one for one in stage.discord.commands(1)}["many"]
            said = await stage.discord.invoke("many", user=7, guild=1, options={"text": "y"})

        assert said.content == "one"
        assert many["name_localizations"] == {"en-US": "many", "de": "viele"}
        assert many["options"][0]["description_localizations"] == {"en-US": "a text", "de": "ein Text"}

    async def test_a_reload_that_changes_no_definition_asks_nothing(self, tmp_path: Path) -> None:
        """Neither the same code nor another body of a command costs a call (I8)."""
        write(tmp_path)
        async with Stage(plugins=["commands"], folders=[tmp_path]) as stage:
            before = calls(stage)

            await stage.plugins.reload("commands")
            await synced(stage)
            write(tmp_path, "two")
            await stage.plugins.reload("commands")
            await synced(stage)

            assert calls(stage) == before
            assert (await stage.discord.invoke("many", user=7, guild=1)).content == "two"

    async def test_a_change_is_one_update_for_each_guild(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:  # fmt: skip
        """Several reloads within seconds are one; a change of permissions alone is one too."""
        monkeypatch.setattr("core.discord.sync.DEBOUNCE_SECONDS", 600.0)  # seconds that no machine takes for them
        write(tmp_path)
        async with Stage(plugins=["commands"], folders=[tmp_path], guilds=(1, 2)) as stage:
            before = len(calls(stage))
            for number in range(4):
                write(tmp_path, permissions="hikari.Permissions.MANAGE_GUILD", description=f"many {number}")
                await stage.plugins.reload("commands")
            await idle()
            await stage.clock.advance(601)
            await until(lambda: len(calls(stage)) >= before + 2)
            write(tmp_path, permissions="hikari.Permissions.BAN_MEMBERS", description="many 3")
            await stage.plugins.reload("commands")
            await synced(stage)

            assert [method for method, _ in calls(stage)[before:]] == ["PUT"] * 4
            described = {one["name"]: one for one in stage.discord.commands(1)}["many"]
            assert described["description"] == "many 3"
            assert described["default_member_permissions"] == "4"

    async def test_commands_that_are_left_over_go(self, tmp_path: Path) -> None:
        """Those of a plugin that is gone since the last start; strange ones, when somebody uses one or at "anew"."""
        from core.app import bot_application

        write(tmp_path)
        async with Stage(plugins=["commands"], folders=[tmp_path]) as stage:
            assert "many" in {one["name"] for one in stage.discord.commands(1)}
            application, rest = stage.discord.application_id, stage.app.services.discord.rest
            await rest.create_slash_command(application, "stray", "left over")
            await stage.discord.invoke("stray", user=7, guild=1)
            await synced(stage)
            assert stage.discord.commands() == []
            await rest.create_slash_command(application, "stray", "left over")
            await rest.set_application_commands(application, [], 1)

            async with bot_application(stage.app.config, clock=stage.clock, plugins=[], register=True) as again:
                await begun(again)
                assert {one["name"] for one in stage.discord.commands(1)} == {"plugin", "events", "status"}
                assert stage.discord.commands() == []

    async def test_a_guild_that_refuses_does_not_keep_the_others_from_theirs(self, tmp_path: Path) -> None:
        """The bot was invited there without the scope; the others get their commands, and it starts."""
        write(tmp_path)
        async with Stage(plugins=[], folders=[tmp_path], guilds=(1, 2)) as stage:
            stage.discord.fail_next("PUT", "/applications/*/guilds/1/commands", 403)

            await stage.plugins.enable("commands")
            assert stage.app.discord is not None
            with pytest.raises(hikari.ForbiddenError):
                await stage.app.discord.sync.flush()

            assert "many" in {one["name"] for one in stage.discord.commands(2)}
            assert "many" not in {one["name"] for one in stage.discord.commands(1)}


class TestNames:
    """A command name belongs to one plugin."""

    async def test_of_two_plugins_loaded_at_once_one_gets_the_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both find it free and go on together; the second to be put in place is refused, and leaves no trace."""
        meeting = SimpleNamespace(here=0, both=asyncio.Event())
        monkeypatch.setitem(sys.modules, "meeting", meeting)
        for name in ("first", "second"):
            write_plugin(tmp_path, name, MEETS.replace("NAME", name))
        async with Stage(plugins=[], folders=[tmp_path]) as stage:
            reports = await asyncio.gather(*(stage.plugins.enable(name) for name in ("first", "second")))

            refused, accepted = sorted(reports, key=lambda report: report.ok)
            assert meeting.here >= 2
            assert accepted.ok
            assert refused.generation is None
            problem = f"plugin.py:10: the command /taken is taken by the plugin {accepted.plugin}. Rename it."
            assert refused.error == f"{refused.plugin}: {problem}"
            assert (await stage.discord.invoke("taken", user=7, guild=1)).content == accepted.plugin


MEETS = """
import asyncio
import lightbulb
import meeting
from roundhook import Plugin

loader = lightbulb.Loader()

@loader.command
class Taken(lightbulb.SlashCommand, name="taken", description="mine"):
    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        await context.respond("NAME")

    @classmethod
    async def as_command_builder(cls, *args):
        meeting.here += 1
        if meeting.here == 2:
            meeting.both.set()
        await meeting.both.wait()
        return await super().as_command_builder(*args)

class Meets(Plugin):
    async def setup(self):
        self.ctx.add_commands(loader)
"""


class TestInvoking:
    """Commands and components reach the generation that serves, or say why not."""

    async def test_components_work_after_a_reload(self, tmp_path: Path) -> None:
        """A button under an old message is answered by the new code."""
        write(tmp_path)
        async with Stage(plugins=["commands"], folders=[tmp_path]) as stage:
            message = await stage.discord.invoke("many", user=7, guild=1)
            write(tmp_path, "two")
            await stage.plugins.reload("commands")

            reply = await stage.discord.click(message, "rh1:commands:press:a:b")

            assert reply.content == "two pressed a:b"
            assert running(stage, "commands").pressed == ["a:b"]

    async def test_a_plugin_that_is_off_here_says_so_and_serves_elsewhere(self, tmp_path: Path) -> None:
        """Command and component are refused in guild 1, answered in guild 2 (I11)."""
        write(tmp_path)
        async with Stage(plugins=["commands"], folders=[tmp_path], guilds=(1, 2)) as stage:
            message = await stage.discord.invoke("many", user=7, guild=1)
            await stage.plugins.disable("commands", guild=1)

            here = await stage.discord.invoke("many", user=7, guild=1)
            clicked = await stage.discord.click(message, "rh1:commands:press:a:b")
            there = await stage.discord.invoke("many", user=7, guild=2)

            assert "switched off on this server" in here.content
            assert "/plugin enable commands" in here.content
            assert "switched off on this server" in clicked.content
            assert there.content == "one"

    async def test_what_is_gone_is_told(self, tmp_path: Path) -> None:
        """A command and a button of a plugin that was switched off answer instead of failing."""
        write(tmp_path)
        async with Stage(plugins=["commands"], folders=[tmp_path]) as stage:
            message = await stage.discord.invoke("many", user=7, guild=1)
            await stage.plugins.disable("commands")

            clicked = await stage.discord.click(message, "rh1:commands:press:a:b")

            assert "does not offer this" in clicked.content

    @pytest.mark.parametrize(
        ("how", "words"), [("user", "Try /stats days:90."), ("bug", "Reference "), ("exit", "Reference ")]
    )
    async def test_a_command_that_fails_is_answered(
        self, how: str, words: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """With what to do, or with a reference that is in the log; never with the details, never with silence."""
        write(tmp_path)
        async with Stage(plugins=["commands"], folders=[tmp_path]) as stage:
            reply = await stage.discord.invoke("fails", user=7, guild=1, options={"how": how})

            assert words in reply.content
            assert "secret detail" not in reply.content
            if how != "user":
                reference = reply.content.partition("Reference ")[2][:4]
                assert f"reference {reference}" in caplog.text

    async def test_a_listener_obeys_the_switch_of_its_guild(self, tmp_path: Path) -> None:
        """Messages of a guild that has the plugin off are not handed over."""
        code = """
        import hikari
        from roundhook import Plugin

        class Hears(Plugin):
            async def setup(self):
                self.heard = []
                self.ctx.listen(hikari.GuildMessageCreateEvent, self.hear)

            async def hear(self, event):
                self.heard.append(event.message.content)
        """
        write_plugin(tmp_path, "hears", code, scope="guild")
        async with Stage(plugins=["hears"], folders=[tmp_path]) as stage:
            await stage.discord.post_webhook("local", content="one")
            await until(lambda: running(stage, "hears").heard == ["one"])
            await stage.plugins.disable("hears", guild=1)
            await stage.discord.post_webhook("local", content="two")
            await stage.plugins.enable("hears", guild=1)
            await stage.plugins.reload("hears")
            await stage.discord.post_webhook("local", content="three")

            await until(lambda: "three" in running(stage, "hears").heard)

            assert running(stage, "hears").heard[-1] == "three"
            assert running(stage, "hears").heard.count("three") == 1


class TestAdmins:
    """Admin commands are checked on our side, whatever a guild has opened."""

    @pytest.mark.parametrize(
        ("who", "allowed"),
        [
            ({"user": 7}, False),
            ({"user": 7, "roles": [5]}, False),
            ({"user": 7, "roles": [456]}, True),
            ({"user": 7, "admin": True}, True),
            ({"user": "owner"}, True),
        ],
    )
    async def test_only_admins_may_change_plugins(self, who: dict[str, Any], allowed: bool, tmp_path: Path) -> None:
        """The owner, administrators, and those with one of admin_roles."""
        write_plugin(tmp_path, "plain", recorder(), scope="guild")
        config = {"guilds": {"1": {"admin_roles": [456]}}}
        async with Stage(plugins=["plain"], folders=[tmp_path], config=config) as stage:
            who = {**who, "user": stage.discord.owner_id} if who["user"] == "owner" else who

            reply = await stage.discord.invoke("plugin reload", guild=1, options={"name": "plain"}, **who)

            assert ("Only admins" not in reply.content) is allowed
            assert stage.plugins.status("plain").generation == (2 if allowed else 1)

    async def test_an_admin_sees_what_runs_now(self, tmp_path: Path) -> None:
        """Each answer names version, source hash and generation, also when a reload was refused."""
        write_plugin(tmp_path, "plain", recorder(), scope="guild")
        async with Stage(plugins=["plain"], folders=[tmp_path]) as stage:
            status = stage.plugins.status("plain")
            write_plugin(tmp_path, "plain", "1 / 0\n", scope="guild", version="2")

            reply = await stage.discord.invoke("plugin reload", guild=1, admin=True, options={"name": "plain"})

            text = reply.content.replace("\\", "")
            assert "was not reloaded" in text
            assert "plugin.py:1" in text
            assert f"version 1, source `{status.source_hash}`, generation 1" in text


async def test_a_command_that_is_answering_keeps_its_generation(tmp_path: Path) -> None:
    """A reload does not wait for it, but its code is disposed only when it has answered."""
    code = """
    import asyncio
    import lightbulb
    from roundhook import Plugin, plugin_of

    loader = lightbulb.Loader()

    @loader.command
    class Slow(lightbulb.SlashCommand, name="slow", description="slow"):
        @lightbulb.invoke
        async def invoke(self, context: lightbulb.Context) -> None:
            plugin = plugin_of(context)
            await context.defer()
            plugin.entered.set()
            await plugin.go.wait()
            await context.respond(f"VERSION {plugin_of(context) is plugin}")

    class Slowly(Plugin):
        async def setup(self):
            self.entered, self.go = asyncio.Event(), asyncio.Event()
            self.closed = False
            self.ctx.add_commands(loader)
            self.ctx.on_close(self.close)

        def close(self):
            self.closed = True
    """
    write_plugin(tmp_path, "slow", code.replace("VERSION", "old"))
    async with Stage(plugins=["slow"], folders=[tmp_path]) as stage:
        old = running(stage, "slow")
        asking = asyncio.create_task(stage.discord.invoke("slow", user=7, guild=1))
        await old.entered.wait()
        write_plugin(tmp_path, "slow", code.replace("VERSION", "new"))
        reloading = asyncio.create_task(stage.plugins.reload("slow"))
        await until(lambda: stage.plugins.status("slow").generation == 2)
        assert not old.closed

        old.go.set()

        assert (await asking).content == "old True" or "old True" in str((await asking).get("followups"))
        assert (await reloading).ok
        assert old.closed
