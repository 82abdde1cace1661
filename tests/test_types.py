"""A plugin outside the checkout passes ``mypy --strict`` on the public face alone."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLUGIN = """
import argparse
from typing import Any

from roundhook import Embed, Event, ImportedRound, Message, Plugin, Secret, Server, escape_markdown, hookimpl
from roundhook.cli import Terminal
from roundhook.db import Database, Row, statements
from roundhook.rounds import Round, clean_name


class Typed(Plugin):
    async def setup(self) -> None:
        self.ctx.every(60, self.look)

    async def look(self) -> None:
        rows: list[Row] = await self.ctx.db.fetch("SELECT 1 AS one")
        servers: list[Server] = list(self.ctx.servers.values())
        self.ctx.log.info("%d rows, %d servers", len(rows), len(servers))

    @hookimpl
    async def on_round_imported(self, round: ImportedRound) -> None:
        text: str = escape_markdown(clean_name(round.map_name))
        await self.ctx.send_to_guilds(round, Message(embeds=(Embed(title=text),)))

    def export_state(self) -> dict[str, Any]:
        return {}


async def ladder(terminal: Terminal, arguments: argparse.Namespace) -> int:
    terminal.print(str(await terminal.db.fetch("SELECT 1 AS one")))
    return 0
"""
WRONG = """
from roundhook import Plugin


class Wrong(Plugin):
    async def setup(self) -> None:
        self.ctx.every("often", self.look)

    async def look(self) -> int:
        return self.ctx.name
"""


def checked(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    (folder / "plugin.py").write_text(code)
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", folder / "cache", "plugin.py"],
        cwd=folder, capture_output=True, text=True, check=False,
        env={"MYPYPATH": str(ROOT), "PATH": "", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_a_plugin_outside_is_typed(tmp_path: Path) -> None:
    """What is right passes; what is wrong is found: the types are not Any."""
    right, wrong = checked(tmp_path, PLUGIN), checked(tmp_path, WRONG)

    assert right.returncode == 0, right.stdout
    assert 'Argument 1 to "every" of "Context" has incompatible type "str"' in wrong.stdout
    assert 'Incompatible return value type (got "str", expected "int")' in wrong.stdout
