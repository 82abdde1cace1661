"""Messages that cannot be sent as they are cost themselves at most: what is behind them in the channel is posted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.discord import channel_sender
from roundhook import File, Message
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
