"""What plugins reach through their context, where it could go wrong."""

from pathlib import Path

from roundhook.testing import Stage
from tests.plugin_maker import write_plugin
from tests.plugins.notices import notice

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


async def test_spawned_work_is_no_part_of_the_transaction_it_was_spawned_in(tmp_path: Path) -> None:
    """Work in the background outlives the transaction that spawned it, so it has one of its own."""
    write_plugin(tmp_path, "spawns", SPAWNS_INSIDE)
    async with Stage(["spawns"], folders=[tmp_path]) as stage:
        await stage.publish(notice())
        await stage.settled()
        await stage.plugins.reload("spawns")

        assert await stage.count("sessions") == 1
