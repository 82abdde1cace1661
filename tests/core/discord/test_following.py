"""A followed channel: each message at least once and in order, whatever is away, odd or refused meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from core.discord import following
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugin_maker import running, until, write_plugin

FOLLOWS = """
from roundhook import BadInputError, Plugin

class Follows(Plugin):
    async def setup(self):
        self.seen, self.refuse, self.fail = [], {}, []
        self.ctx.follow(self.ctx.control_channel, self.on_message)

    def export_state(self):
        return {"seen": self.seen}

    def import_state(self, state, from_version):
        self.seen = state["seen"]

    async def on_message(self, message, live):
        if message.content in self.refuse:
            raise BadInputError(self.refuse[message.content])
        if message.content in self.fail:
            self.fail.remove(message.content)
            raise OSError("the disk is full")
        self.seen.append(message.content)
"""


@pytest.fixture
def stage_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stage]:
    """Makes stages with one plugin that follows the control channel; our pauses and hikari's are short."""
    monkeypatch.setattr(following, "PAUSES", (0.01, 0.02))
    monkeypatch.setattr("hikari.impl.rate_limits.ExponentialBackOff.__next__", lambda _: 0.01)
    write_plugin(tmp_path, "follows", FOLLOWS)
    return lambda **values: Stage(["follows"], folders=[tmp_path], **values)


def plugin(stage: Stage) -> Any:
    return running(stage, "follows")


async def say(stage: Stage, *texts: str) -> list[Any]:
    return [await stage.discord.post_message(text, channel=stage.discord.control_channel) for text in texts]


async def mark(stage: Stage) -> int:
    rows = await stage.db.fetch("SELECT message_id FROM reading_marks WHERE plugin = 'follows'")
    return int(rows[0]["message_id"]) if rows else 0


async def marked(stage: Stage, message: Any) -> None:
    """Return when all up to *message* is handled or refused."""
    async with asyncio.timeout(PATIENCE):
        while await mark(stage) < int(message["id"]):  # noqa: ASYNC110 - a row has no event
            await asyncio.sleep(0.005)


async def test_in_order_over_reloads_and_toggles(stage_of: Callable[..., Stage], database_url: str) -> None:
    """Live, over a reload, and what came while the plugin was off."""
    async with stage_of(database=database_url) as stage:
        await say(stage, "1", "2")
        await stage.plugins.reload("follows")
        last = (await say(stage, "3"))[-1]
        await marked(stage, last)
        assert plugin(stage).seen == ["1", "2", "3"]
        await stage.plugins.disable("follows")
        last = (await say(stage, "4", "5"))[-1]

        await stage.plugins.enable("follows")

        await marked(stage, last)
        assert plugin(stage).seen == ["4", "5"]


@pytest.mark.parametrize("between", [0, 250])
async def test_what_came_without_a_session_is_read(stage_of: Callable[..., Stage], between: int) -> None:
    """However many others are in between, and although reading fails at first."""
    async with stage_of() as stage:
        await marked(stage, (await say(stage, "before"))[-1])
        await stage.discord.drop_gateway()
        stage.discord.forget_sessions()
        stage.discord.fail_next("GET", "/channels/*/messages", status=503, count=6)
        last = (await say(stage, *(f"other {number}" for number in range(between)), "after"))[-1]

        await marked(stage, last)

        assert plugin(stage).seen == ["before", *(f"other {number}" for number in range(between)), "after"]


async def test_a_failure_holds_back_what_is_behind_it(stage_of: Callable[..., Stage]) -> None:
    """It is tried again until it succeeds; the order stays."""
    async with stage_of() as stage:
        plugin(stage).fail = ["2"] * 4
        last = (await say(stage, "1", "2", "3"))[-1]

        await marked(stage, last)

        assert plugin(stage).seen == ["1", "2", "3"]


async def test_what_is_refused_is_kept_with_its_reason(
    stage_of: Callable[..., Stage], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For good, and nothing behind it waits; without a secret that stands in it, and as a database keeps it."""
    monkeypatch.setattr("core.shown._secrets", ["hunter2-hunter2"])
    async with stage_of(database=database_url) as stage:
        plugin(stage).refuse = {"bad": "not hunter2-hunter2, \0 nor \ud800", "worse": ""}
        _, bad, worse, last = await say(stage, "1", "bad", "worse", "3")

        await marked(stage, last)

        assert plugin(stage).seen == ["1", "3"]
        rows = await stage.db.fetch("SELECT channel_id, message_id, reason FROM refused_messages ORDER BY message_id")
        control = stage.discord.control_channel
        assert [tuple(row.values()) for row in rows] == [
            (control, int(bad["id"]), "not …, \N{REPLACEMENT CHARACTER} nor ?"),
            (control, int(worse["id"]), "without a reason"),
        ]


async def test_a_message_that_hikari_cannot_read(
    stage_of: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its text is there, live and when it is read afterwards."""
    async with stage_of() as stage:
        assert stage.app.discord is not None
        read = type(stage.app.discord.app.entity_factory).deserialize_message

        def odd(self: Any, payload: Any, **values: Any) -> Any:
            if payload["content"].startswith("odd"):
                raise KeyError("something new")
            return read(self, payload, **values)

        monkeypatch.setattr(type(stage.app.discord.app.entity_factory), "deserialize_message", odd)
        await marked(stage, (await say(stage, "1", "odd live"))[-1])
        await stage.discord.drop_gateway()
        stage.discord.forget_sessions()
        last = (await say(stage, "odd read", "4"))[-1]

        await marked(stage, last)

        assert plugin(stage).seen == ["1", "odd live", "odd read", "4"]


async def test_the_first_start_reads_the_last_messages(
    stage_of: Callable[..., Stage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many pages, and no further back; a mark whose message is gone does no harm."""
    monkeypatch.setattr(following, "PAGE", 10)
    monkeypatch.setattr(following, "FIRST_PAGES", 2)
    async with stage_of() as stage:
        await stage.plugins.disable("follows")
        last = (await say(stage, *map(str, range(30))))[-1]
        feeds = stage.app.discord._channels._feeds  # type: ignore[union-attr]
        feeds.clear()
        await stage.plugins.enable("follows")
        await marked(stage, last)
        assert plugin(stage).seen == [str(number) for number in range(10, 30)]
        await stage.plugins.disable("follows")
        await stage.db.execute("UPDATE reading_marks SET message_id = message_id - 1")
        feeds.clear()

        await stage.plugins.enable("follows")

        await marked(stage, last)
        assert plugin(stage).seen == ["29"]


async def test_a_database_that_is_away_loses_nothing(
    stage_of: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark is kept when the database takes it again; no message is handed over twice meanwhile."""
    async with stage_of() as stage:
        move: Callable[..., Awaitable[None]] = following.Follower._move
        fails = [OSError("database is locked")] * 3

        async def locked(self: Any, *args: Any) -> None:
            if fails:
                raise fails.pop()
            await move(self, *args)

        monkeypatch.setattr(following.Follower, "_move", locked)
        last = (await say(stage, "1", "2"))[-1]

        await marked(stage, last)

        assert plugin(stage).seen == ["1", "2"]


async def test_a_channel_is_followed_once(tmp_path: Path) -> None:
    """A second function for the same channel is refused, and what cannot be called."""
    twice = FOLLOWS.replace(
        "    def export", "        self.ctx.follow(self.ctx.control_channel, self.on_message)\n\n    def export"
    )
    write_plugin(tmp_path, "twice", twice)
    write_plugin(tmp_path, "plain", FOLLOWS.replace("self.on_message)", "print)", 1))
    async with Stage(["twice", "plain"], folders=[tmp_path], broken=True) as stage:
        await until(lambda: stage.plugins.status("plain").error)

        assert "a second time" in stage.plugins.status("twice").error
        assert "follow() takes an `async def` function" in stage.plugins.status("plain").error


async def test_a_channel_that_cannot_be_read_is_told_once(stage_of: Callable[..., Stage]) -> None:
    """And what came meanwhile is there when it can."""
    async with stage_of() as stage:
        await marked(stage, (await say(stage, "1"))[-1])
        stage.discord.fail_next("GET", "/channels/*/messages", status=403, count=5)
        await stage.discord.drop_gateway()
        stage.discord.forget_sessions()
        last = (await say(stage, "2"))[-1]

        await marked(stage, last)

        told = await stage.discord.wait_for_message(stage.discord.admin_channel, lambda one: "is over" in one.text)
        assert plugin(stage).seen == ["1", "2"]
        assert "cannot be read" in told.text
        assert len(stage.discord.messages(stage.discord.admin_channel)) == 2
