"""What a plugin logs is in /plugin logs, by whichever of its loggers."""

from pathlib import Path

from roundhook.testing import Stage
from tests.plugin_maker import running, write_plugin

TALKS = """
import logging

from roundhook import Plugin

from .parts.deep import tell

log = logging.getLogger(__name__)

class Talks(Plugin):
    def talk(self):
        self.ctx.log.info("by ctx.log")
        log.info("by the module's")
        tell()
"""
DEEP = "import logging\n\ndef tell():\n    logging.getLogger(__name__).info('by a deep one')\n"


async def test_loggers_of_a_plugins_modules_count(tmp_path: Path) -> None:
    """``logging.getLogger(__name__)``, as everywhere in Python, of each file and after a reload."""
    write_plugin(tmp_path, "talks", TALKS, files={"parts/deep.py": DEEP})
    async with Stage(["talks"], folders=[tmp_path]) as stage:
        assert (await stage.plugins.reload("talks")).ok
        running(stage, "talks").talk()

        lines = stage.app.kernel.logbook.last("talks", 3)

    assert [line.split("INFO ")[1] for line in lines] == ["by ctx.log", "by the module's", "by a deep one"]
