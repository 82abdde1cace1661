"""A clean stop: no more is taken, what runs is let end, what is left is said and made at the next start."""

import asyncio
import logging
from pathlib import Path

import pytest

from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import running, until, write_plugin

SLOW = """
import asyncio
from roundhook import Plugin, hookimpl

class Slow(Plugin):
    async def setup(self):
        self.began, self.ended, self.go = [], [], asyncio.Event()

    @hookimpl
    async def on_round_imported(self, round):
        self.began.append(round.round_id)
        await self.go.wait()
        self.ended.append(round.round_id)
"""


async def test_what_runs_is_let_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler in its midst when the bot is told to stop ends, and its delivery is done."""
    monkeypatch.setattr("core.kernel.dispatcher.FINISH_SECONDS", 10.0)
    write_plugin(tmp_path, "slow", SLOW)
    folder = tmp_path / "bot"
    folder.mkdir()
    stage = Stage(["slow"], folders=[tmp_path], folder=folder)
    async with stage:
        plugin = running(stage, "slow")
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await until(lambda: plugin.began == [1])
        asyncio.get_running_loop().call_later(0.2, plugin.go.set)

    assert plugin.ended == [1]
    async with Stage(["slow"], folders=[tmp_path], folder=folder) as again:
        running(again, "slow").go.set()
        await again.settled()
        assert running(again, "slow").began == []


async def test_what_does_not_end_is_left_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    write_plugin(tmp_path, "slow", SLOW)
    folder = tmp_path / "bot"
    folder.mkdir()
    async with Stage(["slow"], folders=[tmp_path], folder=folder) as stage:
        plugin = running(stage, "slow")
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await until(lambda: plugin.began == [1])

    assert "1 deliveries are left in the journal; the next start makes them" in caplog.text
    async with Stage(["slow"], folders=[tmp_path], folder=folder) as again:
        running(again, "slow").go.set()
        await again.settled()
        assert running(again, "slow").ended == [1]
