"""What a plugin sets in context variables when it is imported is there in all that it does, and nowhere else."""

from pathlib import Path

from roundhook.testing import Stage
from tests.plugin_maker import running, until, write_plugin
from tests.plugins.notices import notice

SETS = """
import contextvars
import decimal

import hikari
import lightbulb
from roundhook import Plugin, hookimpl, offer, plugin_of

OWN = contextvars.ContextVar("own", default="not set")
OWN.set("set at import")
decimal.getcontext().prec = 7
loader = lightbulb.Loader()

@loader.command
class Say(lightbulb.SlashCommand, name="say", description="says it"):
    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin_of(context).note("command")
        await context.respond("said")

class Sets(Plugin):
    def __init__(self):
        self.seen = {}
        self.note("__init__")

    async def setup(self):
        self.note("setup")
        self.ctx.add_commands(loader)
        self.ctx.listen(hikari.MessageCreateEvent, self.heard)
        self.ctx.spawn(self.spawned())
        self.ctx.service(self.served)
        self.ctx.on_status(self.status)
        self.ctx.on_component("press", self.pressed)

    def note(self, where):
        self.seen[where] = (OWN.get(), decimal.getcontext().prec)

    async def heard(self, event):
        self.note("listener")

    async def spawned(self):
        self.note("spawn")

    async def served(self):
        self.note("service")

    async def status(self, guild, admin):
        self.note("status")
        return []

    async def pressed(self, interaction):
        self.note("component")

    async def job(self, data):
        self.note("job")

    @offer
    async def look(self):
        self.note("offer")

    @hookimpl
    async def on_round_notice(self, notice):
        self.note("handler")
        await self.ctx.at(self.ctx.clock.now(), self.job, 1)
        from roundhook import ImportedRound
        await self.ctx.publish(ImportedRound(round_id=1, file_sha256="a"))
        await self.ctx.call("other.ask")

    def export_state(self):
        self.note("export_state")
        return {"seen": {name: list(value) for name, value in self.seen.items()}}

    def import_state(self, state, from_version):
        self.note("import_state")
        self.before = state["seen"]

    async def teardown(self):
        self.note("teardown")
"""
OTHER = """
import decimal

from roundhook import Plugin, hookimpl, offer

class Other(Plugin):
    async def setup(self):
        self.seen = {}

    @hookimpl
    async def on_round_imported(self, round):
        self.seen["handler"] = decimal.getcontext().prec

    @offer
    async def ask(self):
        self.seen["offer"] = decimal.getcontext().prec
        await self.ctx.call("sets.look")
"""


async def test_what_the_import_has_set_is_there_in_all_that_the_plugin_does(tmp_path: Path) -> None:
    """In every step and every kind of work, also after a reload; another plugin has its own."""
    write_plugin(tmp_path, "sets", SETS)
    write_plugin(tmp_path, "other", OTHER)
    async with Stage(["sets", "other"], folders=[tmp_path]) as stage:
        plugin, other = running(stage, "sets"), running(stage, "other")
        await stage.publish(notice())
        await stage.settled()
        await stage.discord.invoke("say", user=7, guild=1)
        await stage.discord.invoke("status", user=7, guild=1)
        await until(lambda: {"spawn", "service", "job"} <= set(plugin.seen))
        report = await stage.plugins.reload("sets")
        new = running(stage, "sets")

    assert report.ok, report.error
    expected = {
        "__init__", "setup", "handler", "offer", "job", "command", "status", "spawn", "service", "export_state",
        "teardown",
    }  # fmt: skip
    assert expected <= set(plugin.seen)
    assert set(plugin.seen.values()) == {("set at import", 7)}
    assert new.seen["import_state"] == ("set at import", 7)
    assert other.seen == {"handler": 28, "offer": 28}
