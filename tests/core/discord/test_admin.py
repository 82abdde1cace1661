"""/plugin and /events: what admins see and change, everywhere or in one guild."""

from pathlib import Path

from roundhook.testing import Stage
from tests.plugin_maker import write_plugin

HELLO = """
import lightbulb
from roundhook import Plugin, hookimpl, plugin_of

loader = lightbulb.Loader()

@loader.command
class Hello(lightbulb.SlashCommand, name="hello", description="says hello"):
    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        await context.respond("hello")

class HelloPlugin(Plugin):
    async def setup(self):
        self.ctx.add_commands(loader)
        self.ctx.log.info("ready to say hello")
"""


async def admin(stage: Stage, command: str, guild: int = 1, **options: object) -> str:
    reply = await stage.discord.invoke(f"plugin {command}", user=stage.discord.owner_id, guild=guild, options=options)
    assert reply.ephemeral
    return str(reply.text)


async def test_a_plugin_dropped_in_is_listed_and_enabled_at_once(tmp_path: Path) -> None:
    """A folder that appears while the bot runs can be enabled without a restart, and answers."""
    async with Stage([], folders=[tmp_path]) as stage:
        write_plugin(tmp_path, "hello", HELLO, scope="guild")
        listed = await admin(stage, "list")
        enabled = await admin(stage, "enable", name="hello")
        answer = await stage.discord.invoke("hello", user=7, guild=1)

    assert "hello" in listed
    assert "generation 1" in enabled
    assert answer.content == "hello"


async def test_enabling_in_one_guild_changes_nothing_in_another(tmp_path: Path) -> None:
    """A plugin that ran nowhere runs in the guild that asked for it, and there alone, also after a restart."""
    write_plugin(tmp_path, "hello", HELLO, scope="guild")
    async with Stage([], folders=[tmp_path], guilds=(1, 2)) as stage:
        await admin(stage, "enable", guild=1, name="hello")
        here = await stage.discord.invoke("hello", user=7, guild=1)
        there = await stage.discord.invoke("hello", user=7, guild=2)
        toggles = await stage.db.fetch("SELECT * FROM plugin_states ORDER BY guild_id")

    assert here.content == "hello"
    assert "switched off" in there.text
    assert [(row["guild_id"], bool(row["enabled"])) for row in toggles] == [(0, True), (1, True), (2, False)]


async def test_a_deleted_plugin_can_be_disabled(tmp_path: Path) -> None:
    """The folder is gone; the plugin is switched off all the same and its command goes."""
    import shutil

    folder = write_plugin(tmp_path, "hello", HELLO, scope="guild")
    async with Stage(["hello"], folders=[tmp_path]) as stage:
        shutil.rmtree(folder)
        told = await admin(stage, "disable", name="hello", everywhere=True)

        assert "switched off" in told
        assert stage.plugins.status("hello").state == "off"


async def test_info_logs_and_history_tell_what_happened(tmp_path: Path) -> None:
    """Version, source and generation now running; the plugin's own lines; who did what."""
    write_plugin(tmp_path, "hello", HELLO, scope="guild", version="1.2.3")
    async with Stage(["hello"], folders=[tmp_path]) as stage:
        await admin(stage, "reload", name="hello")
        info = await admin(stage, "info", name="hello")
        logs = await admin(stage, "logs", name="hello")
        history = await admin(stage, "history", name="hello")
        status = stage.plugins.status("hello")

    assert "1.2.3" in info
    assert status.source_hash in info
    assert "generation 2" in info
    assert logs.count("ready to say hello") == 2
    assert "reload" in history
    assert str(stage.discord.owner_id) in history


async def test_names_complete_and_an_unknown_one_is_explained(tmp_path: Path) -> None:
    """The option offers the plugins that fit; a name that is none says where to look."""
    write_plugin(tmp_path, "hello", HELLO, scope="guild")
    async with Stage(["hello"], folders=[tmp_path]) as stage:
        choices = await stage.discord.autocomplete("plugin info", "name", "hel", user=7, guild=1, admin=True)
        unknown = await admin(stage, "info", name="helo")

    assert [choice["value"] for choice in choices] == ["hello"]
    assert "/plugin list" in unknown


async def test_others_may_not(tmp_path: Path) -> None:
    """Members who are no admins are refused by the bot itself, whatever Discord lets through."""
    write_plugin(tmp_path, "hello", HELLO, scope="guild")
    async with Stage(["hello"], folders=[tmp_path]) as stage:
        for command in ("plugin list", "events failed"):
            reply = await stage.discord.invoke(command, user=7, guild=1)
            assert "Only admins" in reply.text
        refused = await stage.discord.invoke("plugin disable", user=7, guild=1, options={"name": "hello"})

        assert "Only admins" in refused.text
        assert stage.plugins.status("hello").off_guilds == ()
