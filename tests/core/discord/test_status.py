"""/status: how the bot is, for everybody, for a guild's admins, for its owner; and that there is one of it."""

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import Clock, MovableClock
from core.db import open_database
from core.db.database import Row
from core.db.migrate import migrate
from core.db.presence import Presence, running
from core.errors import PeerUnavailableError
from roundhook.testing import Stage
from tests.plugin_maker import write_plugin

LINES = """
from roundhook import Plugin

class Lines(Plugin):
    async def setup(self):
        self.ctx.on_status(self.lines)
        self.ctx.on_status(self.broken)

    async def lines(self, guild, admin):
        return [f"guild {guild}, admin {admin}"]

    async def broken(self, guild, admin):
        raise RuntimeError("no")
"""
SERVERS = {"servers": {"a": {"timezone": "UTC", "guilds": [1]}, "b": {"timezone": "UTC", "guilds": [2]}}}


async def test_each_reads_what_is_his(tmp_path: Path) -> None:
    """A member that it is up, and the rounds; a guild's admin the troubles of his servers; the owner everything."""
    write_plugin(tmp_path, "lines", LINES, scope="guild")
    write_plugin(tmp_path, "broken", "raise RuntimeError('x')")
    async with Stage(["lines", "stats_import"], folders=[tmp_path], guilds=(1, 2), config=SERVERS) as stage:
        await stage.plugins.enable("broken")
        troubles = stage.app.services.troubles
        await troubles.trouble("ssh_poller", "away", "The way to b is away.", "Mend it.", server="b")
        said = {
            who: (await stage.discord.invoke("status", user=user, guild=guild, admin=admin)).text
            for who, user, guild, admin in (
                ("member", 7, 1, False), ("admin of 1", 8, 1, True), ("admin of 2", 9, 2, True),
                ("owner", stage.discord.owner_id, 1, False),
            )
        }  # fmt: skip

    assert all(text.startswith("🟢 roundhook ") for text in said.values())
    assert "guild 1, admin False" in said["member"]
    assert "guild 2, admin True" in said["admin of 2"]
    assert "guild 0, admin True" in said["owner"]
    assert "lines: its line failed" in said["member"]
    assert "**a**: no round yet" in said["member"]
    assert "**b**" not in said["member"]
    assert {who for who, text in said.items() if "away" in text} == {"admin of 2", "owner"}
    assert {who for who, text in said.items() if "**broken** does not run" in text} == {
        "admin of 1",
        "admin of 2",
        "owner",
    }
    assert {who for who, text in said.items() if "deliveries" in text} == {"owner"}


async def test_a_trouble_reads_as_it_was_told() -> None:
    """A channel by its name, lines to copy as they are to be written; nothing else in it does anything."""
    async with Stage([], guilds=(1, 2)) as stage:
        troubles, remedy = stage.app.services.troubles, "Add:\n```toml\n[guilds.5]\nadmin_channel = 0\n```"
        await troubles.trouble("roundhook", "key", "<#5> takes no message of @everyone **now**.", remedy)
        said = (await stage.discord.invoke("status", user=stage.discord.owner_id)).text

    assert f": <#5> takes no message of @\u200beveryone \\*\\*now\\*\\*. {remedy}" in said


async def test_the_last_round_and_how_late_it_was() -> None:
    async with Stage(["lua_webhook", "ssh_poller", "stats_import"]) as stage:
        await stage.games["local"].play_round(map_name="supply")
        await stage.until(lambda: _some(stage))
        await stage.settled()
        said = (await stage.discord.invoke("status")).text

    assert "last supply R1" in said
    assert "after its end" in said


async def _some(stage: Stage) -> bool:
    return await stage.count("rounds") > 0


async def test_two_bots_on_one_database(database_url: str) -> None:
    """The second says who uses it and since when; one that was killed, or is silent for long, holds up nobody."""
    clock = MovableClock()
    async with open_database(database_url) as database:
        await migrate(database)
        async with Presence(database, clock).held():
            await database.execute("UPDATE bots SET host = 'elsewhere', pid = 4711")
            with pytest.raises(PeerUnavailableError, match="process 4711 on elsewhere, since"):
                async with Presence(database, clock).held():
                    pass
            await clock.advance(61)
            async with Presence(database, clock).held():
                assert await database.fetch("SELECT pid FROM bots") == [{"pid": os.getpid()}]
        assert await running(database, clock) is None


@pytest.mark.parametrize("left", [False, True])
async def test_of_two_bots_that_start_at_once_one_runs(
    database_url: str, monkeypatch: pytest.MonkeyPatch, left: bool
) -> None:
    """The other finds nobody there, or one that has ended, and is refused all the same."""
    now = datetime.now(UTC)
    row = "INSERT INTO bots (id, owner, host, pid, since, beat_at, status) VALUES (1, ?, 'elsewhere', ?, ?, ?, '{}')"
    async with open_database(database_url) as database:
        await migrate(database)
        if left:
            await database.execute(row, ("ended", 1, now, now - timedelta(hours=1)))
        fetch = database.fetch

        async def another_comes(sql: str, args: Sequence[Any] = ()) -> list[Row]:
            found = await fetch(sql, args)
            if [one["owner"] for one in found] in ([], ["ended"]):
                await database.execute("DELETE FROM bots")
                await database.execute(row, ("other", 4711, now, now))
            return found

        monkeypatch.setattr(database, "fetch", another_comes)
        with pytest.raises(PeerUnavailableError, match="process 4711 on elsewhere, since"):
            async with Presence(database, Clock()).held():
                pass
        assert await database.fetch("SELECT owner FROM bots") == [{"owner": "other"}]


async def test_a_bot_that_was_killed(database_url: str) -> None:
    async with open_database(database_url) as database:
        await migrate(database)
        async with Presence(database, Clock()).held():
            gone = await asyncio.create_subprocess_exec("true")
            await gone.wait()
            await database.execute("UPDATE bots SET pid = ?", (gone.pid,))
            async with Presence(database, Clock()).held():
                assert await database.fetch("SELECT pid FROM bots") == [{"pid": os.getpid()}]
