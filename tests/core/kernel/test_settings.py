"""Settings while the bot runs: which one is in force, and what a change does and leaves."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserFacingError
from roundhook.testing import Stage
from tests.filed import FiledStage
from tests.plugin_maker import running, until, write_plugin

MANIFEST = """
[config.pace]
type = "duration"
default = "90s"
min = 1
max = "1h"

[config.limit]
type = "int"
default = 3
scope = "guild"
min = 1

[config.channel]
type = "channel"
scope = "guild"

[config.words]
type = "list[str]"
default = ["a"]
"""
CODE = """
from roundhook import Plugin

class Keeper(Plugin):
    async def setup(self):
        if self.ctx.config.pace == 13:
            raise ValueError("13 is no pace")
        self.count = 0

    def export_state(self):
        return {"count": self.count}

    def import_state(self, state, from_version):
        self.count = state["count"]

    def limit(self, guild):
        return self.ctx.guild(guild).settings.limit
"""


def write(folder: Path, manifest: str = MANIFEST, code: str = CODE, scope: str = "global") -> None:
    write_plugin(folder, "keeper", code, manifest=manifest, scope=scope)


async def rows(stage: Stage) -> list[tuple[int, str, Any, int | None]]:
    found = await stage.db.fetch("SELECT * FROM plugin_settings WHERE plugin = 'keeper' ORDER BY guild_id, key")
    return [(row["guild_id"], row["key"], json.loads(row["value"]), row["user_id"]) for row in found]


async def test_the_order_over_reloads_and_restarts(tmp_path: Path, database_url: str) -> None:
    """A guild's row, the row for all, the file as it is now, the default; guilds' rows at the next use."""
    write(tmp_path)
    folders, where = {"folders": [tmp_path], "guilds": (1, 2)}, {"database": database_url, "folder": tmp_path / "bot"}
    (tmp_path / "bot").mkdir()
    async with FiledStage(["keeper"], **folders, **where) as stage:  # type: ignore[arg-type]
        kernel = stage.app.kernel
        first = running(stage, "keeper")
        assert (first.ctx.config.pace, first.ctx.config.channel, first.limit(1)) == (90, None, 3)
        first.count = 5
        stage.edit("keeper", limit=7, pace="2m")
        assert first.ctx.config.pace == 90  # an edited file is read at a reload
        assert (await stage.plugins.reload("keeper")).ok
        second = running(stage, "keeper")
        assert (second.ctx.config.pace, second.limit(1), second.limit(2)) == (120, 7, 7)

        here = second.ctx.guild(2)
        assert (await kernel.set_setting("keeper", "limit", "20", 2, user=9)).ok
        assert (here.settings.limit, second.limit(1), second.ctx.config.limit) == (20, 7, 7)
        assert running(stage, "keeper") is second
        report = await kernel.set_setting("keeper", "limit", "10", user=8)
        third = running(stage, "keeper")
        assert third is not second
        assert third.count == 5
        assert (third.limit(1), third.limit(2), third.ctx.config.limit) == (10, 20, 10)
        assert report.notes == (
            "limit is 10 by /plugin settings, which goes before 7 in the file.",
            "limit is 20 for guild 2 by /plugin settings, which goes before 7 in the file.",
        )
        assert (await stage.plugins.reload("keeper")).notes == report.notes
        assert await rows(stage) == [(0, "limit", 10, 8), (2, "limit", 20, 9)]
        with pytest.raises(AttributeError, match=r"'pace' has no scope = \"guild\""):
            _ = here.settings.pace
    async with FiledStage(["keeper"], **folders, **where) as stage:  # type: ignore[arg-type]
        kernel, kept = stage.app.kernel, running(stage, "keeper")
        assert (kept.limit(1), kept.limit(2)) == (10, 20)
        await kernel.set_setting("keeper", "limit", "-", user=8)
        await kernel.set_setting("keeper", "limit", "-", 2, user=9)
        last = running(stage, "keeper")
        assert (last.limit(1), last.limit(2), await rows(stage)) == (3, 3, [])
        told = await stage.db.fetch(
            "SELECT guild_id, user_id, ok, detail FROM plugin_actions WHERE action = 'settings'"
        )

    assert [(row["guild_id"], row["user_id"], bool(row["ok"]), row["detail"]) for row in told] == [
        (2, 9, True, "limit = 20"), (None, 8, True, "limit = 10"),
        (None, 8, True, "limit taken back"), (2, 9, True, "limit taken back"),
    ]  # fmt: skip


async def test_a_mistake_in_the_file_is_told_and_a_corrected_one_forgotten(tmp_path: Path) -> None:
    write(tmp_path)
    async with FiledStage(["keeper"], folders=[tmp_path]) as stage:
        for values, words in (
            ({"pace": "soon"}, "keeper.pace is no time"), ({"pace": "2h"}, "at most 3600 seconds"),
            ({"limit": "x"}, "keeper.limit is 'x'"), ({"pase": "1m"}, "keeper.pase"),
        ):  # fmt: skip
            stage.edit("keeper", **values)
            report = await stage.plugins.reload("keeper")
            assert not report.ok
            assert words in report.error
            assert running(stage, "keeper").ctx.config.pace == 90
        stage.file.write_text("[discord")
        assert "is not valid TOML" in (await stage.plugins.reload("keeper")).error
        stage.edit("keeper", pace="1m")
        assert (await stage.plugins.reload("keeper")).ok
        assert running(stage, "keeper").ctx.config.pace == 60


async def test_a_value_that_does_not_load_leaves_all_as_it_was(tmp_path: Path, database_url: str) -> None:
    """The code that runs is the code that ran: what is on the disk meanwhile is not taken."""
    write(tmp_path)
    async with Stage(["keeper"], folders=[tmp_path], database=database_url) as stage:
        kernel, plugin = stage.app.kernel, running(stage, "keeper")
        write(tmp_path, code="broken(")
        for earlier in ([], [(0, "pace", "5s", 8)]):
            report = await kernel.set_setting("keeper", "pace", "13", user=9)
            assert not report.ok
            assert "13 is no pace" in report.error
            assert running(stage, "keeper") is plugin
            assert await rows(stage) == earlier
            assert stage.plugins.status("keeper").error == ""
            if not earlier:
                assert (await kernel.set_setting("keeper", "pace", "5s", user=8)).ok
                plugin = running(stage, "keeper")
        assert plugin.ctx.config.pace == 5
        told = await stage.db.fetch("SELECT ok, detail FROM plugin_actions WHERE NOT ok")
        assert all("pace = 13" in row["detail"] and "13 is no pace" in row["detail"] for row in told)


async def test_rows_that_a_newer_version_does_not_allow_are_left_aside(tmp_path: Path) -> None:
    """They stay, are told with the remedy, and count again when they may."""
    write(tmp_path)
    async with Stage(["keeper"], folders=[tmp_path], guilds=(1, 2)) as stage:
        kernel, admins = stage.app.kernel, stage.discord.guild_channels(1).admin

        def told() -> list[str]:
            return [one.text for one in stage.discord.messages(admins)]

        await kernel.set_setting("keeper", "limit", "2", 1)
        await kernel.set_setting("keeper", "words", "b, c")
        newer = MANIFEST.replace('"guild"\nmin = 1', '"guild"\nmin = 5').replace("default = 3", "default = 6")
        write(tmp_path, newer.replace("config.words", "config.texts"))
        report = await stage.plugins.reload("keeper")
        now = running(stage, "keeper")
        assert report.ok
        assert (now.limit(1), now.ctx.config.texts) == (6, ["a"])
        assert "words is not used: the plugin has no such setting any more" in report.notes[0]
        assert "key:words value:- everywhere:True" in report.notes[0]
        assert "limit is not used: limit is 2: it must be at least 5" in report.notes[1]
        await stage.clock.advance(31)
        await until(lambda: len(told()) == 1)
        assert "What was set of limit is not used" in told()[0]
        assert "key:limit value:-" in told()[0]
        await kernel.set_setting("keeper", "words", "-")
        write(tmp_path)
        assert (await stage.plugins.reload("keeper")).notes == ()
        assert running(stage, "keeper").limit(1) == 2
        await stage.clock.advance(31)
        await until(lambda: len(told()) == 2)
        assert "that is over" in told()[1]


async def test_what_cannot_be_set_is_refused_in_words(tmp_path: Path) -> None:
    """Each refusal says what can be; nothing is stored of it. One that is off, or does not load, can be set too."""
    write(tmp_path, MANIFEST + '\n[config.key]\ntype = "secret"\n')
    async with Stage(["keeper"], folders=[tmp_path]) as stage:
        kernel = stage.app.kernel
        for key, text, guild, words in (
            ("pase", "1", None, "It has: `pace`"), ("pace", "soon", None, "10m"), ("pace", "2h", None, "at most 3600"),
            ("limit", "many", 1, "whole number"), ("limit", "0", 1, "at least 1"), ("channel", "general", 1, "#name"),
            ("pace", "1m", 1, "for all servers"), ("limit", "-", 1, "nothing to take back"),
            ("limit", "5", 42, "add [guilds.42] first"),
            ("key", "hunter2", None, "never stands in the database"), ("pase", "-", None, "It has"),
        ):  # fmt: skip
            with pytest.raises(UserFacingError) as told:
                await kernel.set_setting("keeper", key, text, guild)
            assert words in str(told.value)
            assert "hunter2" not in str(told.value)
        await kernel.set_setting("keeper", "limit", "5", 1)
        with pytest.raises(UserFacingError, match="that already"):
            await kernel.set_setting("keeper", "limit", "5", 1)
        assert await rows(stage) == [(1, "limit", 5, None)]

        await stage.plugins.disable("keeper")
        assert (await kernel.set_setting("keeper", "pace", "13")).ok  # nothing runs that could refuse it
        report = await stage.plugins.enable("keeper")
        assert "13 is no pace" in report.error
        report = await kernel.set_setting("keeper", "pace", "12")
        assert report.ok
        assert running(stage, "keeper").ctx.config.pace == 12
