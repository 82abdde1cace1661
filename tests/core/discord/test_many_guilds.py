"""Many guilds see one round: each has its message once, and none waits for another."""

from pathlib import Path

import pytest

from core.discord import channel_sender
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import write_plugin

SAYS = """
from roundhook import Plugin, hookimpl

class Says(Plugin):
    made = 0

    @hookimpl
    async def on_round_imported(self, round):
        await self.ctx.send_to_guilds(round, self.card)

    async def card(self):
        self.made += 1
        return "round told"
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(channel_sender, "PAUSES", (0.01, 0.02))
    write_plugin(tmp_path, "says", SAYS, scope="guild")
    return tmp_path


def told(stage: Stage, guild: int) -> list[str]:
    return [one.text for one in stage.discord.messages(stage.discord.guild_channels(guild).stats)]


async def test_no_guild_waits_for_another(plugins: Path) -> None:
    """One does not answer, one refuses, one is rate limited: the others have the first round at once all the same."""
    guilds = range(1, 15)
    async with Stage(["says"], folders=[plugins], guilds=guilds) as stage:
        slow, refusing, limited = (f"/channels/{stage.discord.guild_channels(one).stats}/messages" for one in (1, 2, 3))
        stage.discord.slow_down("POST", slow, 600)
        stage.discord.fail_next("POST", refusing, 403)
        stage.discord.rate_limit_next("POST", limited, 0.1)

        await stage.publish(ImportedRound(round_id=1, file_sha256="a", server="local"))
        await stage.discord.until(lambda: all(told(stage, one) for one in guilds if one > 2))
        assert told(stage, 1) == told(stage, 2) == []
        stage.discord.hurry()
        stage.discord.allow(stage.discord.guild_channels(2).stats, "SEND_MESSAGES")
        await stage.discord.until(lambda: all(told(stage, one) for one in guilds))

        assert [told(stage, one) for one in guilds] == [["round told"]] * len(guilds)
