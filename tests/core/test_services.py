"""What plugins reach through their context, where it could go wrong."""

from pathlib import Path

from roundhook.testing import Stage
from tests.plugin_maker import write_plugin
from tests.plugins.notices import notice

PUBLISHES_INSIDE = """
from roundhook import ImportedRound, Plugin, RoundNotice, hookimpl

class Inside(Plugin):
    @hookimpl
    async def on_round_notice(self, notice):
        async with self.ctx.db.transaction():
            await self.ctx.publish(ImportedRound(round_id=1, file_sha256="x"))
"""
SPAWNS_INSIDE = """
from datetime import UTC, datetime
from roundhook import Plugin, hookimpl

class Spawns(Plugin):
    @hookimpl
    async def on_round_notice(self, notice):
        async with self.ctx.db.transaction():
            self.ctx.spawn(self.later())

    async def later(self):
        now = datetime.now(UTC)
        sql = "INSERT INTO sessions (server, started_at, ended_at) VALUES (?, ?, ?)"
        await self.ctx.db.execute(sql, ("x", now, now))
"""


async def test_publishing_inside_a_transaction_is_refused_at_once(tmp_path: Path) -> None:
    """The journal would wait for the transaction and the transaction for the journal; the message says what to do."""
    write_plugin(tmp_path, "inside", PUBLISHES_INSIDE)
    async with Stage(["inside"], folders=[tmp_path]) as stage:
        await stage.publish(notice())

        async def told() -> bool:
            await stage.app.services.journal.flush()
            return bool(
                await stage.db.fetch("SELECT 1 AS one FROM deliveries WHERE error LIKE '%inside a transaction%'")
            )

        await stage.until(told)


async def test_spawned_work_is_no_part_of_the_transaction_it_was_spawned_in(tmp_path: Path) -> None:
    """Work in the background outlives the transaction that spawned it, so it has one of its own."""
    write_plugin(tmp_path, "spawns", SPAWNS_INSIDE)
    async with Stage(["spawns"], folders=[tmp_path]) as stage:
        await stage.publish(notice())
        await stage.settled()
        await stage.plugins.reload("spawns")

        assert await stage.count("sessions") == 1
