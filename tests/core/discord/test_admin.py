"""/plugin and /events: what admins see and change, everywhere or in one guild."""

from pathlib import Path
from typing import Any

import pytest

from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import recorder, running, until, write_plugin

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


async def admin(stage: Stage, command: str, guild: int = 1, **options: Any) -> str:
    reply = await stage.discord.invoke(f"plugin {command}", user=stage.discord.owner_id, guild=guild, options=options)
    assert reply.ephemeral
    if command == "disable" and reply["components"]:
        assert "Switch it off" in reply.text
        reply = await stage.discord.click(reply, "Yes", user=stage.discord.owner_id)
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


@pytest.mark.parametrize("command", ["list", "info", "enable", "disable", "reload", "logs", "history"])
async def test_each_answer_names_what_runs_now(command: str, tmp_path: Path) -> None:
    """Version, source hash and generation; where a plugin is to be named, its name completes."""
    write_plugin(tmp_path, "hello", HELLO, scope="guild", version="1.2.3")
    write_plugin(tmp_path, "other", HELLO.replace('"hello"', '"other"'))
    async with Stage(["hello"], folders=[tmp_path]) as stage:
        await stage.plugins.reload("hello")
        if command != "list":
            choices = await stage.discord.autocomplete(f"plugin {command}", "name", "hel", user=7, guild=1, admin=True)
            assert [choice["value"] for choice in choices] == ["hello"]

        answer = await (admin(stage, command) if command == "list" else admin(stage, command, name="hello"))

        status = stage.plugins.status("hello")
        assert status.generation == (3 if command == "reload" else 2)
        for words in ("hello", "1.2.3", f"source `{status.source_hash}`", f"generation {status.generation}"):
            assert words in answer


async def test_history_of_all_begins_with_how_each_stands(tmp_path: Path) -> None:
    """One line for each plugin that something was done with, one that is gone too; then who did what."""
    for name in ("bye", "hello", "quiet"):
        write_plugin(tmp_path, name, HELLO.replace('"hello"', f'"{name}"'), scope="guild", version="1.2.3")
    async with Stage(["hello", "quiet"], folders=[tmp_path]) as stage:
        await admin(stage, "reload", name="hello")
        await admin(stage, "enable", name="gone")
        await admin(stage, "disable", name="bye", everywhere=True)
        await stage.app.kernel.toggles.record("gone", "disable", guild=None, user=None, ok=True, detail="")

        lines = (await admin(stage, "history")).splitlines()

        source = stage.plugins.status("hello").source_hash
        assert lines[:3] == [
            "⚪ **bye** 1.2.3 · does not run",
            "⚪ **gone** · was not found",
            f"🟢 **hello** 1.2.3 · generation 2 · source `{source}`",
        ]
        assert len(lines) == 6
        assert "quiet" not in "".join(lines)


async def test_info_tells_what_is_at_work(tmp_path: Path) -> None:
    """A handler that does not end shows, which a reload would wait for."""
    body = "import asyncio\nself.seen.append('begun')\nawait asyncio.Event().wait()"
    write_plugin(tmp_path, "slow", recorder(body=body))
    async with Stage(["slow"], folders=[tmp_path]) as stage:
        before = await admin(stage, "info", name="slow")
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await until(lambda: running(stage, "slow").seen == ["begun"])

        during = await admin(stage, "info", name="slow")

    assert "at work" not in before
    assert "at work now: 1 of its handlers and background jobs" in during


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
