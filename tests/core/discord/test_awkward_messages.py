"""Messages that cannot be sent as they are cost themselves at most: what is behind them in the channel is posted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.discord import channel_sender
from roundhook import Embed, File, Message, PluginError
from roundhook.testing import Stage
from tests.plugin_maker import running, write_plugin

SAYS = """
from roundhook import Plugin

class Says(Plugin):
    async def say(self, channel, message, once=""):
        await self.ctx.send(channel, message, once=once)
"""


@pytest.fixture
def stage_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stage]:
    """Makes stages with a plugin that says what it is told to; pauses are short."""
    monkeypatch.setattr(channel_sender, "PAUSES", (0.01, 0.02))
    write_plugin(tmp_path, "says", SAYS)
    return lambda **values: Stage(["says"], folders=[tmp_path], **values)


async def say(stage: Stage, message: Any, once: str = "") -> None:
    await running(stage, "says").say(stage.discord.stats_channel, message, once)


def texts(stage: Stage) -> list[str]:
    return [one.text for one in stage.discord.messages(stage.discord.stats_channel)]


async def errors(stage: Stage) -> list[str]:
    rows = await stage.db.fetch("SELECT error FROM announcements WHERE wanted > revision ORDER BY id")
    return [row["error"] for row in rows]


async def test_a_file_that_is_too_large_holds_nothing_up(stage_of: Callable[..., Stage]) -> None:
    """Discord takes 10 MiB, and says 413 to more: trying that again can never help."""
    large = File(name="a.bin", data=bytes(10 * 1024 * 1024 + 1))
    async with stage_of() as stage:
        for message in ("one", Message(content="large", files=(large,)), "two"):
            await say(stage, message)
        await stage.settled()

        assert texts(stage) == ["one", "two"]
        (error,) = await errors(stage)
        assert "too large" in error
        assert any("refused" in line for line in stage.app.kernel.logbook.last("says", 50))


@pytest.mark.parametrize("color", ["red", -1, 0x1000000, 1.5, True])
async def test_a_color_that_is_none_is_told_where_it_is_sent(stage_of: Callable[..., Stage], color: Any) -> None:
    async with stage_of() as stage:
        with pytest.raises(PluginError, match=r"0x000000 to 0xFFFFFF, or None"):
            await say(stage, Message(embeds=(Embed(title="x", color=color),)))
        assert await stage.count("announcements") == 0


async def test_what_cannot_be_built_holds_nothing_up(stage_of: Callable[..., Stage], database_url: str) -> None:
    """A row that an earlier version has let through is refused by itself; others' messages and alarms are posted."""
    async with stage_of(database=database_url) as stage:
        await say(stage, Message(embeds=(Embed(title="x"),)), once="odd")
        await stage.settled()
        await stage.db.execute(
            "UPDATE announcements SET wanted = wanted + 1, content = replace(content, ?, ?)",
            ('"color": null', '"color": "red"'),
        )
        await say(stage, "two")
        await stage.settled()

        assert texts(stage)[-1] == "two"
        (error,) = await errors(stage)
        assert "red" in error


async def test_names_in_another_script_stay_apart(stage_of: Callable[..., Stage]) -> None:
    """Of the two files, and of the embeds that show them, none takes the other's place."""
    names = ("Радар.png", "База.png", "a b.png", "a-b.png")
    files = tuple(File(name=name, data=name.encode()) for name in names)
    async with stage_of() as stage:
        await say(stage, Message(content="four", files=files))
        await say(stage, Message(embeds=tuple(Embed(title=name, image=name) for name in names), files=files))
        await stage.settled()
        attached, shown = stage.discord.messages(stage.discord.stats_channel)

    assert [one["size"] for one in attached["attachments"]] == [len(name.encode()) for name in names]
    assert len({one["image"]["url"] for one in shown["embeds"]}) == 4


@pytest.mark.parametrize("name", ["m" * 150 + ".png", "m" * 150, "m.png" + "x" * 100])
async def test_a_file_of_a_long_name_is_found_again(stage_of: Callable[..., Stage], name: str) -> None:
    """What marks it in the channel is in the name as Discord gets it: a lost answer makes no second message."""
    async with stage_of() as stage:
        stage.discord.nonce_seconds = 0
        stage.discord.fail_next("POST", "/channels/*/messages", status=None, after_work=True)
        await say(stage, Message(content="drawn", files=(File(name=name, data=b"1"),)))
        await stage.settled()

        assert texts(stage) == ["drawn"]


async def test_more_files_than_a_message_holds(stage_of: Callable[..., Stage]) -> None:
    """They go on in further messages; an embed's picture stays with it, the components are on the last."""
    files = tuple(File(name=f"{number}.png", data=b"1") for number in range(23))
    embeds = tuple(Embed(title=str(number), image=f"{number}.png") for number in range(2))
    async with stage_of() as stage:
        await say(stage, Message(content="many", embeds=embeds, files=files), once="it")
        await stage.settled()
        messages = stage.discord.messages(stage.discord.stats_channel)

    assert [len(one["attachments"]) + len(one["embeds"]) for one in messages] == [10, 10, 3]


async def test_an_edit_that_can_never_be_holds_nothing_up(stage_of: Callable[..., Stage]) -> None:
    """What another account of the bot has posted stays as it is, as in a channel that is gone: that is no trouble."""
    async with stage_of() as stage:
        other = await stage.discord.post_message("an earlier account's", channel=stage.discord.stats_channel)
        for number, channel in enumerate((stage.discord.stats_channel, 77)):
            await say(stage, f"kept {number}", once=str(number))
            await stage.settled()
            values = (int(other["id"]), channel, str(number))
            await stage.db.execute("UPDATE announcements SET message_id = ?, channel_id = ? WHERE subject = ?", values)
            await running(stage, "says").say(channel, "changed", str(number))
        await say(stage, "two")
        await stage.settled()

        assert texts(stage) == ["kept 0", "kept 1", "two"]
        assert await errors(stage) == []
        assert await stage.app.services.troubles.open() == []


async def test_a_channel_for_which_nothing_waits_is_no_trouble_after_a_start(
    stage_of: Callable[..., Stage], database_url: str
) -> None:
    """The settings name another channel now: what waited goes there, and the trouble of the old one is over."""
    async with stage_of(database=database_url) as stage:
        stage.discord.deny(stage.discord.stats_channel, "SEND_MESSAGES")
        await say(stage, "one", once="it")
        await stage.settled()
        speech = stage.app.discord.speech  # type: ignore[union-attr]
        before = await stage.app.services.troubles.open()

        await speech.sender.start({1: stage.discord.control_channel})
        await speech.end_troubles_of_empty_channels()

        assert [row["key"] for row in before] == [f"channel:{stage.discord.stats_channel}"]
        assert await stage.app.services.troubles.open() == []


async def test_a_trouble_of_before_the_guilds_are_known_ends(stage_of: Callable[..., Stage]) -> None:
    """At a start a plugin's channel may refuse before Discord has told whose it is: that is over too once it takes."""
    async with stage_of(guilds=(1, 2)) as stage:
        channel = stage.discord.control_channel
        await stage.app.services.troubles.trouble("roundhook", f"channel:{channel}", "Discord takes no message there.")
        before = await stage.app.services.troubles.open()
        await running(stage, "says").say(channel, "taken")
        await stage.settled()

        assert len(before) == 1
        assert await stage.app.services.troubles.open() == []
