"""What should stand in a channel stands there once: lost answers, refusals, limits, stops, edits, deletions."""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.discord import channel_sender
from core.discord.channel_sender import snowflake_of
from roundhook import Embed, File, Message, PluginError
from roundhook.testing import Stage
from tests.plugin_maker import running, write_plugin

SAYS = """
from roundhook import Plugin

class {cls}(Plugin):
    async def say(self, channel, message, once=""):
        await self.ctx.send(channel, message, once=once)
"""
POST = "/channels/*/messages"


@pytest.fixture
def stage_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stage]:
    """Makes stages with a plugin that says what it is told to; pauses are short."""
    monkeypatch.setattr(channel_sender, "PAUSES", (0.01, 0.02))
    write_plugin(tmp_path, "says", SAYS.format(cls="Says"))
    return lambda **values: Stage(["says"], folders=[tmp_path], **values)


async def say(stage: Stage, message: Any, once: str = "", channel: int = 0) -> None:
    await running(stage, "says").say(channel or stage.discord.stats_channel, message, once)


def texts(stage: Stage, channel: int = 0) -> list[str]:
    return [one.text for one in stage.discord.messages(channel or stage.discord.stats_channel)]


def picture(text: str, data: bytes = b"\x89PNG") -> Message:
    return Message(embeds=(Embed(title=text, image="a card.png"),), files=(File(name="a card.png", data=data),))


LOSSES = {
    "the connection, before": {"status": None},
    "the connection, after it was posted": {"status": None, "after_work": True},
    "the answer: 502": {"status": 502},
}


@pytest.mark.parametrize("what", [lambda text: text, picture], ids=["texts", "pictures"])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("nonces", [300, 0], ids=["nonces known", "nonces forgotten"])
async def test_a_lost_answer(
    stage_of: Callable[..., Stage], database_url: str, what: Any, loss: dict[str, Any], nonces: float
) -> None:
    """Each of four messages, two of them equal, stands there once and in order, whatever was lost how often."""
    async with stage_of(database=database_url) as stage:
        stage.discord.nonce_seconds = nonces
        await say(stage, what("before"))
        stage.discord.fail_next("POST", POST, count=2, **loss)
        for text in ("one", "same", "same", "two"):
            await say(stage, what(text))
        await stage.settled()

        assert texts(stage) == ["before", "one", "same", "same", "two"]
        assert await rows(stage, "message_id IS NULL OR files IS NOT NULL OR wanted > revision") == []


async def test_each_is_a_readable_line(stage_of: Callable[..., Stage], caplog: pytest.LogCaptureFixture) -> None:
    """Posted, edited, deleted, refused: which plugin, what, and where by its name, on one line."""
    caplog.set_level(logging.INFO)
    async with stage_of() as stage:
        stats = stage.discord.stats_channel
        await say(stage, "first\nof two lines")
        for text in ("one", "two", None):
            await say(stage, text, once="poll")
            await stage.settled()
        stage.discord.deny(stats, "SEND_MESSAGES")
        await say(stage, picture("drawn"))
        await stage.settled()

        place = rf"in #[\w-]+ of [^(]+ \({stats}\): "
        lines = [one.getMessage() for one in caplog.records if one.name == "roundhook.says"]
    for line, expected in zip(
        (one for one in lines if " in #" in one),
        (
            rf"posted {place}'first of two lines' \(message \d+\)", rf"posted {place}poll \(message \d+\)",
            rf"edited {place}poll \(message \d+\)", rf"deleted {place}poll \(message \d+\)",
            rf"refused by Discord {place}'drawn': .+ \(50013\)",
        ),
        strict=True,
    ):  # fmt: skip
        assert re.fullmatch(expected, line), line


async def test_what_an_earlier_process_has_posted_is_found(stage_of: Callable[..., Stage]) -> None:
    """However long ago: a row without a message may have been posted, a new one is not looked for."""
    async with stage_of() as stage:
        stage.discord.nonce_seconds = 0
        await say(stage, "kept")
        await say(stage, picture("drawn"))
        await stage.settled()
        reads = reads_of(stage)
        await stage.db.execute("UPDATE announcements SET revision = 0, message_id = NULL, files = ?", (b"\x89PNG",))

        await started_again(stage)
        await stage.settled()

        assert reads == 0
        assert texts(stage) == ["kept", "drawn"]
        assert await rows(stage, "message_id IS NULL") == []


async def test_a_text_that_changed_meanwhile_is_edited(stage_of: Callable[..., Stage]) -> None:
    """The first text was posted, its answer lost, and another wanted since: it stands there instead."""
    async with stage_of() as stage:
        stage.discord.nonce_seconds = 0
        await say(stage, "first", "it")
        await stage.settled()
        await stage.db.execute("UPDATE announcements SET revision = 0, message_id = NULL")
        sender = stage.app.discord.speech.sender  # type: ignore[union-attr]
        await sender.close()
        await say(stage, "second", "it")

        await started_again(stage)
        await stage.settled()

        assert texts(stage) == ["second"]


async def test_without_the_right_to_read_the_nonce_alone_helps(stage_of: Callable[..., Stage]) -> None:
    """Discord gives an empty list then."""
    async with stage_of() as stage:
        stage.discord.deny(stage.discord.stats_channel, "READ_MESSAGE_HISTORY")
        stage.discord.fail_next("POST", POST, status=None, after_work=True)
        await say(stage, "one")
        await stage.settled()

        assert texts(stage) == ["one"]


async def test_once_is_one_message(stage_of: Callable[..., Stage], database_url: str) -> None:
    """Edited in place, shortened, left alone where nothing has changed, deleted, and new after that."""
    long = "\n".join(f"line {number} " + "x" * 90 for number in range(40))
    async with stage_of(database=database_url) as stage:
        seen = []
        for message in (long, "short", "short", None, "again"):
            await say(stage, message, "it")
            await stage.settled()
            seen.append([(one.id, one.text) for one in stage.discord.messages(stage.discord.stats_channel)])
        edits = [one for one in stage.discord.requests if one.method == "PATCH"]

        assert "\n".join(text for _, text in seen[0]) == long.strip()
        assert seen[1] == [(seen[0][0][0], "short")] == seen[2]
        assert seen[3] == []
        assert [text for _, text in seen[4]] == ["again"]
        assert len(edits) == 1


async def test_what_cannot_be_sent_is_refused_where_it_is_sent(stage_of: Callable[..., Stage]) -> None:
    """No channel, no message, an empty one, no subject: told to the author at once, and nothing is wanted."""
    channel = 5

    async def nothing() -> Message:
        return Message(content=" \n")

    async with stage_of() as stage:
        send = running(stage, "says").ctx.send
        for number in (0, -1, None, "general", 2**63, 1.5):
            with pytest.raises(PluginError, match=rf"says: send\(\): {number!r} is no channel. .* 0 where none is"):
                await send(number, "x")
        for message, told in (
            (5, "not 5"), (["x"], r"not \['x'\]"), ("", "empty"), (Message(), "empty"), (nothing, "empty"),
        ):  # fmt: skip
            with pytest.raises(PluginError, match=told):
                await send(channel, message)
        for once in (5, None, "x" * 201, "a\0b"):
            with pytest.raises(PluginError, match=r"send\(\), once: a key is a text of 1 to 200 characters"):
                await send(channel, "x", once=once)
        assert await stage.count("announcements") == 0


async def test_files_have_descriptions(stage_of: Callable[..., Stage]) -> None:
    """What is read out to who cannot see a file; after an edit too, and where a plugin posts by itself."""
    async with stage_of() as stage:
        files = (
            File(name="a.png", data=b"\x89PNG", description="ten lines\u202e of numbers"),
            File(name="b.txt", data=b"text", description="x" * 1100),
            File(name="c.txt", data=b"text"),
        )
        for text in ("first", "second"):
            await say(stage, Message(content=text, files=files), once="card")
            await stage.settled()
        await running(stage, "says").ctx.rest.create_message(
            stage.discord.stats_channel, **Message(files=files).options()
        )
        edited, posted = stage.discord.messages(stage.discord.stats_channel)

        assert edited["content"] == "second"
        for message in (edited, posted):
            described = [one.get("description") for one in message["attachments"]]
            assert described == ["ten lines of numbers", "x" * 1023 + "…", None]


async def test_of_several_that_wait_only_the_last_is_posted(stage_of: Callable[..., Stage]) -> None:
    async with stage_of() as stage:
        stage.discord.fail_next("POST", POST, status=503, count=20)
        for number in range(5):
            await say(stage, f"{number} of 5", "it")
        await stage.settled()

        assert texts(stage) == ["4 of 5"]
        assert [one for one in stage.discord.requests if one.method == "PATCH"] == []


async def test_what_a_person_has_deleted_stays_deleted(stage_of: Callable[..., Stage]) -> None:
    """Also while its answer was lost, where Discord remembers the nonce."""
    async with stage_of() as stage:
        await say(stage, "one", "it")
        await stage.settled()
        (message,) = stage.discord.messages(stage.discord.stats_channel)
        await stage.app.services.discord.rest.delete_message(int(message.channel_id), int(message.id))

        await say(stage, "two", "it")
        await stage.settled()

        assert texts(stage) == []
        assert await rows(stage, "wanted > revision OR error IS NOT NULL") == []


REFUSALS: dict[str, tuple[Callable[[Stage, int], Any], Callable[[Stage, int], Any]]] = {
    "no right to post": (
        lambda stage, channel: stage.discord.deny(channel, "SEND_MESSAGES"),
        lambda stage, channel: stage.discord.allow(channel, "SEND_MESSAGES"),
    ),
    "no sight of it": (
        lambda stage, channel: stage.discord.deny(channel, "VIEW_CHANNEL"),
        lambda stage, channel: stage.discord.allow(channel, "VIEW_CHANNEL"),
    ),
    "a locked thread": (
        lambda stage, channel: stage.discord.change_kind(channel, 11, locked=True),
        lambda stage, channel: stage.discord.change_kind(channel, 11),
    ),
    "a forum": (
        lambda stage, channel: stage.discord.change_kind(channel, 15),
        lambda stage, channel: stage.discord.change_kind(channel, 0),
    ),
}


@pytest.mark.parametrize(("close", "open_"), REFUSALS.values(), ids=REFUSALS)
async def test_a_channel_that_refuses(
    stage_of: Callable[..., Stage], database_url: str, close: Any, open_: Any
) -> None:
    """It is a trouble of that guild, told once and once more when it is over; the other guild waits for nothing."""
    async with stage_of(database=database_url, guilds=(1, 2)) as stage:
        closed, other = stage.discord.guild_channels(1), stage.discord.guild_channels(2)
        close(stage, closed.stats)
        for number in (1, 2):
            await say(stage, f"to the closed {number}", channel=closed.stats)
            await say(stage, f"to the other {number}", channel=other.stats)
        await stage.settled()
        during = texts(stage, closed.stats), texts(stage, other.stats), texts(stage, closed.admin)

        open_(stage, closed.stats)
        await stage.discord.until(lambda: len(texts(stage, closed.stats)) == 2)
        await stage.settled()

        assert during[:2] == ([], ["to the other 1", "to the other 2"])
        assert len(during[2]) == 1
        assert f"<#{closed.stats}>" in during[2][0]
        assert texts(stage, closed.stats) == ["to the closed 1", "to the closed 2"]
        assert ["over" in one for one in texts(stage, closed.admin)] == [False, True]
        assert texts(stage, other.admin) == []


async def test_a_channel_that_is_a_guilds_again(stage_of: Callable[..., Stage], database_url: str) -> None:
    """What could not be said where the settings pointed meanwhile takes the place of what stands about the same."""
    async with stage_of(database=database_url) as stage:
        stats, meanwhile = stage.discord.stats_channel, stage.discord.add_channel("meanwhile")
        stage.discord.deny(meanwhile, "SEND_MESSAGES")
        for channel, said in ((stats, "first"), (meanwhile, "second")):
            for about in ("board", "board two"):
                await say(stage, f"{about} {said}", once=about, channel=channel)
        await say(stage, "new", once="new", channel=meanwhile)
        await stage.settled()
        await stage.db.execute("UPDATE announcements SET guild_id = 1 WHERE channel_id = ?", (meanwhile,))
        await started_again(stage, {1: stats})
        await stage.settled()
        left = await rows(stage, f"channel_id = {meanwhile}")

        assert texts(stage) == ["board second", "board two second", "new"]
        assert left == []


async def test_what_is_oldest_tells_whether_it_is_open_again(stage_of: Callable[..., Stage]) -> None:
    """Something new is a reason to try; what waited goes before it."""
    async with stage_of() as stage:
        stage.discord.fail_next("POST", f"/channels/{stage.discord.stats_channel}/messages", status=403, count=2)
        for text in ("one", "two"):
            await say(stage, text)
            await stage.settled()
        before = texts(stage)
        await say(stage, "three")
        await stage.settled()

        assert before == []
        assert texts(stage) == ["one", "two", "three"]


async def test_what_is_refused_is_tried_again_after_an_hour(stage_of: Callable[..., Stage]) -> None:
    """Where Discord tells of no change."""
    async with stage_of() as stage:
        stage.discord.fail_next("POST", POST, status=403)
        await say(stage, "one")
        await stage.settled()
        before = texts(stage)
        await stage.clock.advance(3601)
        await stage.discord.until(lambda: texts(stage) == ["one"])

        assert before == []


async def test_a_message_that_is_refused_holds_nothing_up(stage_of: Callable[..., Stage]) -> None:
    """A plugin's own mistake, such as a message with nothing in it, is in its log and in the row."""
    async with stage_of() as stage:
        await say(stage, "one")
        await say(stage, Message(embeds=(Embed(),)))
        await say(stage, "two")
        await stage.settled()
        (row,) = await rows(stage, "wanted > revision")

        assert texts(stage) == ["one", "two"]
        assert "empty message" in row["error"]
        assert any("refused" in line for line in stage.app.kernel.logbook.last("says", 50))


async def test_a_broken_admin_channel_is_told_to_the_owner(stage_of: Callable[..., Stage]) -> None:
    async with stage_of() as stage:
        stage.discord.deny(stage.discord.admin_channel, "SEND_MESSAGES")
        await say(stage, "one", channel=stage.discord.admin_channel)
        await stage.settled()

        (told,) = stage.discord.direct_messages(stage.discord.owner_id)
        assert f"<#{stage.discord.admin_channel}>" in told.text


async def test_fifty_messages_are_no_slowness(stage_of: Callable[..., Stage]) -> None:
    """Rate limits are waited out beside the handlers: nothing times out, all is posted in order, others at once."""
    async with stage_of(guilds=(1, 2)) as stage:
        stage.discord.enforce_rate_limits = False
        stage.discord.rate_limit_next("POST", POST, retry_after=0.05, count=8)
        for number in range(50):
            await say(stage, f"number {number}")
        await say(stage, "to another", channel=stage.discord.guild_channels(2).stats)
        await stage.settled()

        assert texts(stage) == [f"number {number}" for number in range(50)]
        assert texts(stage, stage.discord.guild_channels(2).stats) == ["to another"]


async def test_a_stop_waits_for_a_call_that_is_under_way(tmp_path: Path, database_url: str) -> None:
    """It is posted and noted: the next start has nothing to look for."""
    write_plugin(tmp_path, "says", SAYS.format(cls="Says"))
    stage = Stage(["says"], folders=[tmp_path], database=database_url)
    async with stage:
        stage.discord.rate_limit_next("POST", POST, retry_after=0.3)
        await say(stage, "one")
        await stage.discord.until(lambda: any(one.method == "POST" for one in stage.discord.requests))
        sender, database = stage.app.discord.speech.sender, stage.db  # type: ignore[union-attr]
        await sender.close()
        left = await database.fetch("SELECT id FROM announcements WHERE message_id IS NULL")
        said = texts(stage)

    assert said == ["one"]
    assert left == []


async def test_a_message_that_cannot_be_committed(stage_of: Callable[..., Stage]) -> None:
    """Inside a transaction it would be posted although that may be rolled back."""
    async with stage_of() as stage:
        async with stage.db.transaction():
            with pytest.raises(PluginError, match="inside a transaction"):
                await say(stage, "one")
        await stage.settled()

        assert texts(stage) == []


async def test_a_guild_that_nobody_has_configured(stage_of: Callable[..., Stage], tmp_path: Path) -> None:
    """Its invitation is told to the owner once, with the lines for the settings."""
    async with Stage([], guilds=(1, 2), config={"guilds": {"2": None}}) as stage:
        await stage.discord.until(lambda: bool(stage.discord.direct_messages(stage.discord.owner_id)))
        await stage.discord.drop_gateway()
        stage.discord.forget_sessions()
        await stage.discord.wait_for_gateway()
        await stage.settled()

        (told,) = stage.discord.direct_messages(stage.discord.owner_id)
        assert "[guilds.2]" in told.text
        assert texts(stage, stage.discord.admin_channel) == []


async def rows(stage: Stage, where: str) -> list[dict[str, Any]]:
    return await stage.db.fetch(f"SELECT * FROM announcements WHERE {where}")


def reads_of(stage: Stage) -> int:
    return len([one for one in stage.discord.requests if one.method == "GET" and one.path.endswith("/messages")])


async def started_again(stage: Stage, stats_channels: dict[int, int] | None = None) -> None:
    """Begin to send as the next process does."""
    speech = stage.app.discord.speech  # type: ignore[union-attr]
    await speech.sender.start(stats_channels or {})


def test_ids_begin_with_their_time() -> None:
    assert snowflake_of(datetime(2015, 1, 1, 0, 0, 1, tzinfo=UTC)) == 1000 << 22
    assert snowflake_of(datetime(2010, 1, 1, tzinfo=UTC)) == 0


async def test_an_owner_who_cannot_be_reached_now_is_told_later(stage_of: Callable[..., Stage]) -> None:
    """While Discord gives no channel of direct messages, the trouble counts as not told."""
    async with stage_of(guilds=(1, 2)) as stage:
        troubles = stage.app.services.troubles
        reach = troubles.owner_channel
        assert reach is not None

        async def away() -> None:
            return None

        troubles.owner_channel = away
        await troubles.trouble("says", "key", "The disk is full.")
        untold = await stage.db.fetch("SELECT told_at FROM troubles")
        troubles.owner_channel = reach
        await troubles.tell_untold()
        await stage.settled()

        assert [row["told_at"] for row in untold] == [None]
        (told,) = stage.discord.direct_messages(stage.discord.owner_id)
        assert "The disk is full." in told.text
