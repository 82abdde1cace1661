"""``roundhook status``: from another process, for people and for monitors."""

import asyncio
import json
import signal
from typing import Any

from tests.core.cli.conftest import Outside, Process, ended, started


async def test_for_a_monitor(outside: Outside, separately: Process) -> None:
    """Not running; running; with something that needs a person: exit codes 3, 0 and 1, one JSON document each."""
    environment = {"ROUNDHOOK_TEST_TOKEN": outside.discord.token}
    other = f"[guilds.2]\nstats_channel = {outside.discord.guild_channels(2).stats}\n"
    outside.write_config(more=f"{other}[plugin.ssh_poller]\npoll_seconds = 1")
    await separately("db", "upgrade")
    before = await separately("status", "--json")
    async with started("run", folder=outside.folder, **environment) as process:
        well = await _status_when(separately, 0)
        await outside.game.outage()
        trouble = await _status_when(separately, 1)
        text = await separately("status")
        process.send_signal(signal.SIGTERM)
        await ended(process)
    after = await separately("status")

    assert (before.code, json.loads(before.out)) == (3, {"running": False})
    assert [well[key] for key in ("well", "running", "connected")] == [True] * 3
    assert {one["name"] for one in well["plugins"]} >= {"stats_import", "ssh_poller"}
    assert trouble["troubles"][0]["server"] == "puran"
    assert text.code == 1
    assert "! ssh_poller" in text.out
    assert after.code == 3
    assert "does not run" in after.out


async def _status_when(separately: Process, code: int) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            said = await separately("status", "--json")
            if said.code == code and len(json.loads(said.out)) > 3:
                return dict(json.loads(said.out))
