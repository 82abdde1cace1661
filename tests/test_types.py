"""A plugin outside the checkout passes ``mypy --strict`` on the public face alone."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "how-to" / "check-a-plugins-types.md"
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
CONTRACT = """
from datetime import datetime
from typing import NamedTuple

from roundhook import event


class Player(NamedTuple):
    guid: str
    hits: int


@event(hook="on_mvp_chosen", key=("round_id",), about="round_id", server="server", at="at")
class MvpChosen:
    server: str
    round_id: int
    players: tuple[Player, ...] = ()
    at: datetime | None = None


chosen = MvpChosen(server="", round_id=1, players=(Player("0A", 3),))
hits: int = chosen.players[0].hits
"""
USES_CONTRACTS = """
from typing import TYPE_CHECKING

from roundhook import Plugin, hookimpl
from roundhook.contracts import mvp_shout

from contract import MvpChosen, chosen

if TYPE_CHECKING:
    from contract import Player


class Uses(Plugin):
    @hookimpl(optionalhook=True)
    async def on_mvp_chosen(self, event: "MvpChosen") -> None:
        best: "Player" = event.players[0]
        self.ctx.log.info("%s of %s", best.guid, isinstance(event, mvp_shout.MvpChosen))
        await self.ctx.publish(chosen)
        await self.ctx.send_to_guilds(event, "well done")
"""
WRONG_CONTRACT = """
from contract import MvpChosen, chosen

MvpChosen("", 1)
MvpChosen(server="", round_id="five")
MvpChosen(server="")
chosen.round_id = 2
"""
WRONG = """
from roundhook import Plugin


class Wrong(Plugin):
    async def setup(self) -> None:
        self.ctx.every("often", self.look)

    async def look(self) -> int:
        return self.ctx.name
"""


def checked(folder: Path, **codes: str) -> subprocess.CompletedProcess[str]:
    """Run mypy on modules with the settings that the page shows, its path to the checkout being this one."""
    for name, code in codes.items():
        (folder / f"{name}.py").write_text(code)
    (settings,) = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (folder / "pyproject.toml").write_text(settings.replace('"../roundhook"', f'"{ROOT}"'))
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, *(f"{name}.py" for name in codes)],
        cwd=folder, capture_output=True, text=True, check=False, env={"PATH": ""},
    )  # fmt: skip


@pytest.mark.parametrize("package", ["roundhook", "core", "plugins", "devkit"])
def test_a_package_says_that_it_is_typed(package: str) -> None:
    """So that mypy looks into it where it is installed; the wheel takes whole packages."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert (ROOT / package / "py.typed").read_bytes() == b""
    assert package in wheel["packages"]
    assert "exclude" not in wheel


def test_a_plugin_outside_is_typed(tmp_path: Path) -> None:
    """What is right passes; what is wrong is found: the types are not Any.

    What ``@event`` makes is a frozen, keyword-only dataclass for mypy too; others' contracts are Any.
    """
    codes = {"typed": PLUGIN, "contract": CONTRACT, "uses": USES_CONTRACTS}
    told = checked(tmp_path, **codes, wrong=WRONG, wrong_contract=WRONG_CONTRACT).stdout

    assert {line.partition(".py:")[0] for line in told.splitlines()[:-1]} == {"wrong", "wrong_contract"}, told
    for words in (
        'Argument 1 to "every" of "Context" has incompatible type "str"',
        'Incompatible return value type (got "str", expected "int")',
        'Too many positional arguments for "MvpChosen"',
        'Argument "round_id" to "MvpChosen" has incompatible type "str"; expected "int"',
        'Missing named argument "round_id" for "MvpChosen"',
        'Property "round_id" defined in "MvpChosen" is read-only',
    ):
        assert words in told, told
