"""``roundhook dev`` in a process of its own: lines go in, what the bot says comes out."""

import asyncio
import signal
import sys
from pathlib import Path

from tests.core.cli.conftest import REPOSITORY, Command
from tests.patience import PATIENCE
from tests.plugin_maker import save, write_plugin

HELLO = """
import lightbulb

from roundhook import Plugin

loader = lightbulb.Loader()


@loader.command
class Hello(lightbulb.SlashCommand, name="hello", description="Hello"):
    @lightbulb.invoke
    async def invoke(self, context):
        await context.respond("hello")


class HelloPlugin(Plugin):
    async def setup(self):
        self.ctx.add_commands(loader)
        self.ctx.log.info("set to %s", self.ctx.config.word)
"""
WORD = '[config.word]\ntype = "str"\ndefault = "x"\nmeaning = "A word."\n'


class Dev:
    """A running ``roundhook dev``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def until(self, text: str) -> str:
        """Return what is said up to the line that holds *text*."""
        said = ""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while text not in said:
                line = await self.process.stdout.readline()
                assert line, said
                said += line.decode()
        return said

    async def types(self, line: str) -> None:
        """Send a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()

    async def ended(self) -> int:
        """Return the exit code."""
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


async def start(folder: Path, *words: object) -> Dev:
    pipe, environment = asyncio.subprocess.PIPE, {"PYTHONPATH": str(REPOSITORY), "PYTHONUTF8": "1"}
    command = (sys.executable, "-m", "roundhook", "dev", *map(str, words))
    both = asyncio.subprocess.STDOUT
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=pipe, stdout=pipe, stderr=both, env=environment
    )
    return Dev(process)


async def test_an_evening_of_an_author(tmp_path: Path) -> None:
    """Without settings: a broken plugin is said and the rest runs; saving reloads, and mends; quit ends it."""
    hello = write_plugin(tmp_path, "hello", HELLO, manifest=WORD)
    broken = write_plugin(tmp_path, "broken", "def x(:")
    (tmp_path / "my.toml").write_text('[plugin.hello]\nword = "five"\n[discord]\ntoken = "env:NOWHERE"\n')
    dev = await start(tmp_path, "--config", "my.toml")
    begun = await dev.until("Type help, or quit.")
    await dev.types("/hello")
    await dev.until("[1] #stats roundhook: hello")
    save(hello / "plugin.py", HELLO.replace('respond("hello")', 'respond("goodbye")'))
    await dev.until("hello reloaded in")
    await dev.types("/hello")
    await dev.until("[2] #stats roundhook: goodbye")
    save(hello / "plugin.py", HELLO + "def x(:")
    await dev.until("hello was not reloaded; generation 2 goes on")
    save(broken / "plugin.py", HELLO.replace("hello", "mended").replace("self.ctx.log", "# self.ctx.log"))
    await dev.until("broken reloaded in")
    await dev.types("/mended")
    await dev.until("[3] #stats roundhook: mended")
    await dev.types("quit")

    assert await dev.ended() == 0
    assert "set to five" in begun
    assert "broken: plugin.py:1: invalid syntax" in begun
    assert "Running: hello, beside ours.\nNot running: broken. Mend it and type: reload broken" in begun


async def test_ctrl_c_while_a_line_is_waited_for(tmp_path: Path) -> None:
    """It ends, and nothing is left to say. Where there is no plugin, ours run."""
    dev = await start(tmp_path)
    begun = await dev.until("Type help, or quit.")
    dev.process.send_signal(signal.SIGINT)
    left, _ = await dev.process.communicate()

    assert (await dev.ended(), left) == (0, b"")
    assert "Running: our own plugins." in begun


def test_a_folder_without_plugins(roundhook: Command, tmp_path: Path) -> None:
    """A PATH that leads to no plugin is named, and what should be there."""
    (tmp_path / "empty").mkdir()
    said = roundhook("dev", "empty")

    refusal = "roundhook: empty: there is no plugin. Name a plugin's folder, or one that holds such folders.\n"
    assert (said.code, said.err) == (1, refusal)
