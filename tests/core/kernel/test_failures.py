"""What a plugin fails on for good is told to those who see that server, once, and once more when it is mended."""

from pathlib import Path

import pytest

from core.hookspecs import CONTRACTS
from core.kernel import dispatcher
from core.kernel.failures import tell_failures
from core.rounds.events import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import write_plugin

SERVERS = {"servers": {"second": {"timezone": "UTC", "webhook_ids": [99], "guilds": [2]}}}
BROKEN = """
from roundhook import BadInputError, Plugin, hookimpl

class Broken(Plugin):
    @hookimpl
    async def on_round_imported(self, round):
        {body}
"""


async def test_a_failure_is_a_trouble_until_it_is_mended(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the guild that sees the server hears of it; a reload with better code ends it."""
    monkeypatch.setattr(dispatcher, "RETRY_SECONDS", ())
    write_plugin(tmp_path, "broken", BROKEN.format(body="raise RuntimeError('no such column')"))
    options = {"folders": [tmp_path], "database": database_url, "guilds": (1, 2), "config": SERVERS}
    async with Stage(["broken"], **options) as stage:  # type: ignore[arg-type]
        for number in (1, 2):
            await stage.publish(ImportedRound(round_id=number, file_sha256="a", server="second"))
        await stage.settled()
        await looked(stage)
        await looked(stage)
        during = [told(stage, guild) for guild in (1, 2)]

        write_plugin(tmp_path, "broken", BROKEN.format(body="pass"))
        assert (await stage.plugins.reload("broken")).ok
        await stage.settled()
        await looked(stage)
        after = told(stage, 2)

    assert during[0] == []
    assert len(during[1]) == 1
    assert "2 ImportedRound could not be handled" in during[1][0]
    assert "no such column" in during[1][0]
    assert len(after) == 2
    assert "that is over" in after[1]


async def test_what_a_plugin_refuses_is_no_trouble(tmp_path: Path) -> None:
    """It has told whoever has to know itself."""
    write_plugin(tmp_path, "broken", BROKEN.format(body="raise BadInputError('not mine')"))
    async with Stage(["broken"], folders=[tmp_path]) as stage:
        await stage.publish(ImportedRound(round_id=1, file_sha256="a", server="local"))
        await stage.settled()
        await looked(stage)

        assert told(stage, 1) == []


async def looked(stage: Stage) -> None:
    """Look, as the bot does twice a minute."""
    await tell_failures(stage.app.services.journal, CONTRACTS, stage.app.services.troubles)
    await stage.settled()


def told(stage: Stage, guild: int) -> list[str]:
    return [one.text for one in stage.discord.messages(stage.discord.guild_channels(guild).admin)]
