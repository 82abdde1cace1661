"""Reload on save, and the watchdog that names whoever blocks the loop."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from core.kernel.watch import watch
from core.kernel.watchdog import Watchdog
from roundhook.testing import Stage
from tests.plugin_maker import says, write_plugin
from tests.plugins.notices import notice

BLOCKS = """
import time
from roundhook import Plugin, hookimpl

class Blocks(Plugin):
    @hookimpl
    async def on_round_notice(self, notice):
        time.sleep(0.6)
"""


async def said(stage: Stage) -> str:
    return str((await stage.discord.invoke("say", user=7, guild=1)).content)


async def test_a_saved_file_answers_and_a_broken_one_does_not_disturb(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """New code answers after the save; a syntax error is logged with its line, and the old code goes on."""
    folder = write_plugin(tmp_path, "says", says("one"))
    reloaded = Reloads(logging.getLogger("core.kernel.watch"))
    async with Stage(["says"], folders=[tmp_path]) as stage:
        watching = asyncio.create_task(watch(stage.app.kernel))
        await asyncio.sleep(0)
        before = await said(stage)
        await reloaded.after(lambda: (folder / "plugin.py").write_text(says("two")))
        after = await said(stage)
        await reloaded.after(lambda: (folder / "plugin.py").write_text("def broken(:\n"))
        still = await said(stage)
        watching.cancel()
        reloaded.close()

    assert (before, after, still) == ("one", "two", "two")
    assert "plugin.py:1" in caplog.text


async def test_who_blocks_the_loop_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the plugin, the file and the line at which the loop stands still."""
    write_plugin(tmp_path, "blocks", BLOCKS)
    async with Stage(["blocks"], folders=[tmp_path]) as stage:
        watchdog = Watchdog(stage.app.kernel, blocked_seconds=0.1)
        await stage.publish(notice())
        await stage.settled()
        watchdog.close()

    assert "blocks blocks the event loop" in caplog.text
    assert "plugin.py:8 in on_round_notice" in caplog.text


class Reloads(logging.Handler):
    """Lets a test wait for what the watch says about a reload."""

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__()
        self._said = asyncio.Event()
        self._logger = logger
        logger.addHandler(self)
        logger.setLevel(logging.INFO)

    def close(self) -> None:
        self._logger.removeHandler(self)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        self._said.set()

    async def after(self, change: Callable[[], object]) -> None:
        """Make a change and return when the watch has said what came of it."""
        await asyncio.to_thread(change)
        async with asyncio.timeout(10):
            await self._said.wait()
        self._said.clear()
