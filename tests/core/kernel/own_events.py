"""A plugin with an event of its own, and one that handles it, for the tests of contracts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from roundhook.testing import Stage
from tests.plugin_maker import running, write_plugin

CONTRACT = '''
from roundhook import event

@event(hook="on_mvp_chosen", key=("round_id",), about="round_id", server="server")
class MvpChosen:
    """The best player of a round is known."""

    server: str
    round_id: int
    guid: str
    damage: int | None = None
'''
PRODUCER = """
from roundhook import Plugin, hookimpl
from .contract import MvpChosen

class MvpShout(Plugin):
    @hookimpl
    async def on_round_imported(self, round):
        await self.choose(round.round_id, server=round.server)

    async def choose(self, number, **values):
        await self.ctx.publish(MvpChosen(**{"server": "", "round_id": number, "guid": "0A", **values}))
"""
CONSUMER = """
from roundhook import Plugin, hookimpl

class Ladder(Plugin):
    async def setup(self):
        self.seen, self.kinds = [], []

    @hookimplMARK
    async def on_mvp_chosen(self, event):
        BODY
        self.seen.append(event.round_id)
        self.kinds.append(type(event))

    def export_state(self):
        return {"seen": self.seen}

    def import_state(self, state, from_version):
        self.seen = state["seen"]
"""
OPTIONAL = "(optionalhook=True)"
CATCHES_UP = "catch_up = true\n"


def write_producer(folder: Path, contract: str = CONTRACT, code: str = PRODUCER, **more: Any) -> Path:
    """Write ``mvp_shout``."""
    files: Mapping[str, str] = {"contract.py": contract, **more.pop("files", {})}
    return write_plugin(folder, "mvp_shout", code, files=files, **more)


def write_consumer(folder: Path, name: str = "ladder", mark: str = OPTIONAL, body: str = "pass", **more: Any) -> Path:
    """Write a plugin that handles the event of ``mvp_shout``."""
    return write_plugin(folder, name, CONSUMER.replace("MARK", mark).replace("BODY", body), **more)


async def choose(stage: Stage, number: int, **values: Any) -> None:
    """Have ``mvp_shout`` publish its event."""
    await running(stage, "mvp_shout").choose(number, **values)
