"""Reload on save, and the watchdog that names whoever blocks the loop."""

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.kernel.watch import watch
from core.kernel.watchdog import Watchdog
from roundhook.testing import Stage
from tests.plugin_maker import save, says, until, write_plugin
from tests.plugins.notices import notice

NAMED = threading.Event()
"""Set when somebody has been named who blocks the loop."""
BLOCKS = """
from roundhook import Plugin, hookimpl
from tests.core.kernel.test_watch import NAMED

class Blocks(Plugin):
    @hookimpl
    async def on_round_notice(self, notice):
        NAMED.wait(10)
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
        await reloaded.after(lambda: save(folder / "plugin.py", says("two")))
        after = await said(stage)
        await reloaded.after(lambda: save(folder / "plugin.py", "def broken(:\n"))
        still = await said(stage)
        watching.cancel()
        reloaded.close()

    assert (before, after, still) == ("one", "two", "two")
    assert "plugin.py:1" in caplog.text


async def test_who_blocks_the_loop_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the plugin, the file and the line at which the loop stands still."""
    write_plugin(tmp_path, "blocks", BLOCKS)
    NAMED.clear()
    named = Sets(NAMED)
    logging.getLogger("roundhook.blocks").addHandler(named)
    async with Stage(["blocks"], folders=[tmp_path]) as stage:
        watchdog = Watchdog(stage.app.kernel, blocked_seconds=0.1)
        await stage.publish(notice())
        await stage.settled()
        await until(lambda: "blocks blocks the event loop" in caplog.text)
        watchdog.close()
    logging.getLogger("roundhook.blocks").removeHandler(named)

    assert "plugin.py:8 in on_round_notice" in caplog.text


class Sets(logging.Handler):
    """Sets an event when something is logged."""

    def __init__(self, event: threading.Event) -> None:
        super().__init__()
        self._event = event

    def emit(self, record: logging.LogRecord) -> None:
        self._event.set()


class Reloads(logging.Handler):
    """Lets a test wait for what the watch says about a reload."""

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__()
        self._said = asyncio.Event()
        self._logger = logger
        self._level = logger.level
        logger.addHandler(self)
        logger.setLevel(logging.INFO)

    def close(self) -> None:
        self._logger.setLevel(self._level)
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
