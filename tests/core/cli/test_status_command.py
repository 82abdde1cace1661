"""``roundhook status``: from another process, for people and for monitors."""

import asyncio
import signal
from typing import Any

from tests.core.cli.conftest import Command, Outside, Said, ended, started
from tests.patience import PATIENCE


async def test_for_a_monitor(outside: Outside, roundhook: Command) -> None:
    """Not running; running; with something that needs a person: exit codes 3, 0 and 1, one JSON document each."""
    environment = {"ROUNDHOOK_TEST_TOKEN": outside.discord.token}
    other = f"[guilds.2]\nstats_channel = {outside.discord.guild_channels(2).stats}\n"
    outside.write_config(more=f"{other}[plugin.ssh_poller]\npoll_seconds = 1")
    await asyncio.to_thread(roundhook, "db", "upgrade")
    before = await _asked(roundhook)
    async with started("run", folder=outside.folder, **environment) as process:
        well = await _status_when(roundhook, 0)
        await outside.game.outage()
        trouble = await _status_when(roundhook, 1)
        text = await asyncio.to_thread(roundhook, "status")
        process.send_signal(signal.SIGTERM)
        await ended(process)
    after = await asyncio.to_thread(roundhook, "status")

    assert (before.code, before.document) == (3, {"running": False})
    assert [well[key] for key in ("well", "running", "connected")] == [True] * 3
    assert {one["name"] for one in well["plugins"]} >= {"stats_import", "ssh_poller"}
    assert trouble["troubles"][0]["server"] == "puran"
    assert text.code == 1
    assert "! ssh_poller" in text.out
    assert after.code == 3
    assert "does not run" in after.out


async def _status_when(roundhook: Command, code: int) -> dict[str, Any]:
    """Ask, from another process than the bot's, until the answer has this exit code; a bot says how it is in steps."""
    async with asyncio.timeout(PATIENCE):
        while (said := await _asked(roundhook)).code != code or len(said.document) <= 3:  # noqa: ASYNC110
            await asyncio.sleep(0.3)  # there is nothing to wait on
    return dict(said.document)


async def _asked(roundhook: Command) -> Said:
    return await asyncio.to_thread(roundhook, "status", "--json")
