"""/plugin settings: typed, and by the form; who may, what is refused, and what is kept."""

import json
from pathlib import Path
from typing import Any

from core.db import Database
from roundhook.testing import Stage
from tests.filed import FiledStage
from tests.plugin_maker import running, write_plugin

MANIFEST = """
[config.pace]
type = "duration"
default = "90s"
max = "1h"
meaning = "How often."

[config.key]
type = "secret"
default = "file:key"

[config.address_url]
type = "str"
default = "http://x/?token=hunter2-hunter2"

[config.limit]
type = "int"
default = 3
scope = "guild"
min = 1
unit = "rounds"

[config.loud]
type = "bool"
default = false
scope = "guild"

[config.mood]
type = "str"
choices = ["calm", "wild"]
scope = "guild"

[config.days]
type = "list[str]"
choices = ["mon", "tue", "wed"]
default = ["mon"]
scope = "guild"

[config.channel]
type = "channel"
scope = "guild"

[config.role]
type = "role"
scope = "guild"

[config.person]
type = "user"
scope = "guild"

[config.greeting]
type = "str"
default = "Hello"
scope = "guild"

[config.words]
type = "list[str]"
default = ["a"]
scope = "guild"
"""
CODE = """
from roundhook import Plugin

class Keeper(Plugin):
    async def setup(self):
        if self.ctx.config.pace == 13:
            raise ValueError("13 is no pace")
"""
OWNER: dict[str, Any] = {"user": 0, "guild": 1}
ADMIN: dict[str, Any] = {"user": 8, "guild": 1, "admin": True}


def staged(folder: Path, manifest: str = MANIFEST, **more: Any) -> FiledStage:
    write_plugin(folder, "keeper", CODE, manifest=manifest)
    (folder / "bot").mkdir(exist_ok=True)
    (folder / "bot" / "key").write_text("hunter2-hunter2")
    return FiledStage(["keeper"], folders=[folder], guilds=(1, 2), folder=folder / "bot", **more)


async def typed(stage: Stage, who: dict[str, Any], key: str = "", value: str = "", **more: Any) -> Any:
    options = {"name": "keeper", **({"key": key} if key else {}), **({"value": value} if value else {}), **more}
    reply = await stage.discord.invoke("plugin settings", options=options, **as_owner(stage, who))
    assert reply.ephemeral
    return reply


async def press(stage: Stage, who: dict[str, Any], form: Any, label: str, *values: str) -> Any:
    """Press the button, or choose in the menu, that is called *label*; the guild is the form's."""
    known = [one for row in form["components"] for one in row["components"]]
    (found,) = [one["custom_id"] for one in known if label in (one.get("label"), one.get("placeholder"))]
    asker = {key: value for key, value in as_owner(stage, who).items() if key != "guild"}
    return await stage.discord.click(form, found, values=list(values) or None, **asker)


async def fill(stage: Stage, who: dict[str, Any], modal: Any, value: str) -> Any:
    asker = {key: value for key, value in as_owner(stage, who).items() if key != "guild"}
    return await stage.discord.submit_modal(modal, {"value": value}, **asker)


def as_owner(stage: Stage, who: dict[str, Any]) -> dict[str, Any]:
    return who | {"user": who["user"] or stage.discord.owner_id}


async def rows(database: Database) -> dict[tuple[int, str], Any]:
    found = await database.fetch("SELECT * FROM plugin_settings")
    return {(row["guild_id"], row["key"]): json.loads(row["value"]) for row in found}


def here(stage: Stage, guild: int = 1) -> dict[str, Any]:
    return dict(running(stage, "keeper").ctx.guild(guild).settings)


async def test_typed(tmp_path: Path, database_url: str) -> None:
    """A guild's admins set what is their guild's, the owner what is for all; each change has its line."""
    async with staged(tmp_path, database=database_url) as stage:
        first = running(stage, "keeper")
        said = [
            (await typed(stage, ADMIN, "limit", "5")).text,
            (await typed(stage, ADMIN, "pace", "10m")).text,
            (await typed(stage, ADMIN, "limit", "7", everywhere=True)).text,
            (await typed(stage, OWNER, "limit", "7", everywhere=True)).text,
            (await typed(stage, OWNER, "pace", "10m")).text,
            (await typed(stage, OWNER, "pace", "13")).text,
            (await typed(stage, OWNER, "pace", "2h")).text,
            (await typed(stage, OWNER, "key", "hunter2-again")).text,
            (await typed(stage, {"user": 9, "guild": 1}, "limit", "6")).text,
        ]
        expected = (
            "`limit` is `5` on this server", "only the bot's owner", "only the bot's owner may see and set",
            "`limit` is `7` for all servers", "`pace` is `10m` for all servers", "as it was: keeper: setup() failed at",
            "is as it was. It must be at most 3600 seconds", "never stands in the database", "Only admins may do that",
        )  # fmt: skip
        assert [(words, text) for words, text in zip(expected, said, strict=True) if words not in text] == []
        assert await rows(stage.db) == {(1, "limit"): 5, (0, "limit"): 7, (0, "pace"): "10m"}
        assert (here(stage)["limit"], here(stage, 2)["limit"], running(stage, "keeper").ctx.config.pace) == (5, 7, 600)
        assert running(stage, "keeper") is not first
        assert "`limit` is `7` for all servers" in (await typed(stage, ADMIN, "limit", "-")).text
        assert "nothing to take back" in (await typed(stage, ADMIN, "limit", "-")).text
        stage.edit("keeper", pace="30s")
        told = await stage.discord.invoke("plugin reload", **as_owner(stage, OWNER), options={"name": "keeper"})
        assert "pace is 10m by /plugin settings, which goes before 30s in the file." in told.text
        assert "before `30s` of the file" in (await typed(stage, OWNER)).text
        assert "`pace` is `30s` by the settings file" in (await typed(stage, OWNER, "pace", "-")).text
        history = await stage.discord.invoke("plugin history", options={"name": "keeper"}, **as_owner(stage, OWNER))
        actions = await stage.db.fetch("SELECT * FROM plugin_actions WHERE action = 'settings' ORDER BY id")
        owner = stage.discord.owner_id
        assert [(row["user_id"], row["guild_id"], row["detail"].partition(":")[0]) for row in actions] == [
            (8, 1, "limit = 5"), (owner, None, "limit = 7"), (owner, None, "pace = 10m"), (owner, None, "pace = 13"),
            (8, 1, "limit taken back"), (owner, None, "pace taken back"),
        ]  # fmt: skip
        assert "hunter2" not in str([*said, history.text, actions])


async def test_a_place_of_another_guild_or_of_none(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        there = stage.discord.guild_channels(2).stats
        for key, value, words in (
            ("channel", f"<#{there}>", "no such channel here"), ("channel", "4242", "no such channel here"),
            ("channel", "#general", "a channel, as #name"), ("role", "<@&2>", "no such role here"),
            ("person", "<@424242>", "no such person here"), ("channel", "0", "no such channel here"),
        ):  # fmt: skip
            assert words in (await typed(stage, ADMIN, key, value)).text
        assert await rows(stage.db) == {}
        for key, value in (("channel", f"<#{stage.discord.stats_channel}>"), ("role", "<@&1>"), ("person", "<@8>")):
            await typed(stage, ADMIN, key, value)
        assert set(await rows(stage.db)) == {(1, "channel"), (1, "role"), (1, "person")}
        assert here(stage)["channel"] == stage.discord.stats_channel


async def test_the_form(tmp_path: Path) -> None:
    """Every kind of editor, in one form, over a reload of the plugin."""
    async with staged(tmp_path) as stage:
        discord = stage.discord
        form = await typed(stage, ADMIN)
        assert "hunter2" not in str(dict(form))
        assert "**`limit`** `3` rounds · default" in form.text
        assert "3 more are for all servers" in form.text
        assert "pace" not in form.text

        async def choose(key: str) -> Any:
            return await press(stage, ADMIN, form, "Change …", key)

        form = await press(stage, ADMIN, await choose("loud"), "On")
        assert (here(stage)["loud"], "`loud` is `true` on this server" in form.text) == (True, True)
        form = await press(stage, ADMIN, await choose("mood"), "mood: choose", "wild")
        assert here(stage)["mood"] == "wild"
        form = await press(stage, ADMIN, await choose("days"), "days: choose", "tue", "wed")
        assert here(stage)["days"] == ["tue", "wed"]
        form = await press(stage, ADMIN, await choose("channel"), "channel: choose", str(discord.stats_channel))
        form = await press(stage, ADMIN, await choose("role"), "role: choose", "1")
        form = await press(stage, ADMIN, await choose("person"), "person: choose", "8")
        assert (here(stage)["channel"], here(stage)["role"], here(stage)["person"]) == (discord.stats_channel, 1, 8)
        modal = await press(stage, ADMIN, await choose("limit"), "Write …")
        field = modal["modal"]["components"][0]["components"][0]
        assert (field["value"], field["label"]) == ("3", "limit (rounds)")
        refused = await fill(stage, ADMIN, modal, "many")
        assert "Write a whole number" in refused.text
        await stage.plugins.reload("keeper")
        form = await fill(stage, ADMIN, await press(stage, ADMIN, refused, "Write …"), "9")
        assert here(stage)["limit"] == 9
        form = await fill(stage, ADMIN, await press(stage, ADMIN, await choose("words"), "Write …"), "")
        form = await fill(stage, ADMIN, await press(stage, ADMIN, await choose("greeting"), "Write …"), "")
        assert (here(stage)["words"], here(stage)["greeting"]) == ([], "")
        form = await press(stage, ADMIN, await choose("limit"), "Back to default")
        assert (here(stage)["limit"], "`limit` is `3` by default" in form.text) == (3, True)
        form = await press(stage, ADMIN, form, "Back")
        assert len(form["components"]) == 1


async def test_a_form_answered_twice_late_or_by_somebody_else(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        editor = await typed(stage, ADMIN, "loud")
        again, other = await typed(stage, OWNER, "pace"), await typed(stage, ADMIN)
        modal = await press(stage, OWNER, again, "Write …")
        told = [(await press(stage, who, editor, "On")).text for who in (
            {**ADMIN, "user": 11}, {**ADMIN, "admin": False}, ADMIN, ADMIN,
        )]  # fmt: skip
        assert "Somebody else has opened this form" in told[0]
        assert "Only admins may do that" in told[1]
        assert "`loud` is `true` on this server" in told[2]
        assert "is that already" in told[3]

        write_plugin(tmp_path, "keeper", CODE.replace("pace", "pase"), manifest='[config.pase]\ntype = "int"\n')
        assert (await stage.plugins.reload("keeper")).ok
        late = await fill(stage, OWNER, modal, "5m")
        gone = await press(stage, ADMIN, editor, "Off")
        left = await press(stage, ADMIN, other, "Change …", "mood")
        assert "has no setting `pace`" in late.text
        assert "no setting `loud`" in gone.text
        assert "no setting `mood`" in left.text
        assert await rows(stage.db) == {(1, "loud"): True}
        shown = await typed(stage, ADMIN)
        assert "loud is not used: the plugin has no such setting any more" in shown.text
        assert "taken back" in (await typed(stage, ADMIN, "loud", "-")).text
        await stage.plugins.disable("keeper")
        assert "pase" in (await typed(stage, OWNER)).text


async def test_for_all_servers_and_more_than_a_menu_holds(tmp_path: Path) -> None:
    """Pages of 25; the owner sees what is for all, and can turn to the values for all of what guilds have their own."""
    many = "".join(f'[config.k{number:02}]\ntype = "int"\ndefault = {number}\nmeaning = "{"m" * 90}"\n'
                   for number in range(60))  # fmt: skip
    longest = f'[config.{"k" * 32}]\ntype = "bool"\ndefault = true\nscope = "guild"\n'
    write_plugin(tmp_path, "p" * 32, CODE.replace("pace", "k00"), manifest=longest + many)
    async with Stage(["p" * 32], folders=[tmp_path], guilds=(1, 2)) as stage:
        form = await stage.discord.invoke("plugin settings", options={"name": "p" * 32}, **as_owner(stage, OWNER))
        assert len(form["components"][0]["components"][0]["options"]) == 25
        form = await press(stage, OWNER, form, "▶")
        form = await press(stage, OWNER, form, "▶")
        assert [one["value"] for one in form["components"][0]["components"][0]["options"]] == [
            f"k{number:02}" for number in range(49, 60)
        ]
        form = await press(stage, OWNER, await press(stage, OWNER, form, "◀"), "◀")
        form = await press(stage, OWNER, form, "For all servers")
        form = await press(stage, OWNER, form, "Change …", "k" * 32)
        form = await press(stage, OWNER, form, "Off")
        assert "settings for all servers" in form["embeds"][0]["title"]
        assert await rows(stage.db) == {(0, "k" * 32): False}
        assert running(stage, "p" * 32).ctx.guild(2).settings["k" * 32] is False
        form = await press(stage, OWNER, form, "For this server")
        assert "settings on this server" in form["embeds"][0]["title"]


async def test_suggestions(tmp_path: Path) -> None:
    """Keys that the asker may set, and a value's choices; nothing for who may not."""
    async with staged(tmp_path) as stage:

        async def offered(option: str, text: str, who: dict[str, Any], **more: str) -> list[Any]:
            options = {"name": "keeper", **more}
            found = await stage.discord.autocomplete("plugin settings", option, text, options=options, **who)
            return [one["value"] for one in found]

        assert await offered("key", "o", ADMIN) == ["loud", "mood", "role", "person", "words"]
        assert "pace" in await offered("key", "", as_owner(stage, OWNER))
        assert "key" not in await offered("key", "", as_owner(stage, OWNER))
        assert await offered("value", "", ADMIN, key="mood") == ["calm", "wild"]
        assert await offered("value", "", ADMIN, key="loud") == ["true", "false"]
        assert await offered("value", "", ADMIN, key="limit") == ["3"]
        assert await offered("value", "", ADMIN, key="pace") == []
        assert await offered("key", "", {"user": 9, "guild": 1}) == []
