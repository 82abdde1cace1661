"""Many guilds see one round: each has its message once, and none waits for another."""

import sqlite3
from pathlib import Path

import pytest

from core.db.sqlite import WarmConnection
from core.discord import channel_sender
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import running, write_plugin
from tests.statements import all_statements, commits

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


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the statements that SQLite is given from now on."""
    said: list[str] = []
    opened = WarmConnection._open

    def traced(self: WarmConnection) -> sqlite3.Connection:
        connection = opened(self)
        connection.set_trace_callback(lambda sql: said.append(" ".join(sql.split())))
        return connection

    monkeypatch.setattr(WarmConnection, "_open", traced)
    return said


async def test_what_a_round_costs_by_guild(plugins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all that is asked of the database and of Discord only what a channel's own message needs grows with guilds."""
    said, costs, made = counted(monkeypatch), {}, []
    for count in (3, 30):
        async with Stage(["says"], folders=[plugins], guilds=range(1, count + 1)) as stage:
            asked = len(stage.discord.requests)
            said.clear()
            await stage.publish(ImportedRound(round_id=1, file_sha256="a", server="local"))
            await stage.settled()
            statements = [one for one in said if "plugin_requests" not in one]  # is asked for every 2 s
            calls = [one for one in stage.discord.requests[asked:] if one.path != "/gateway"]  # which only connects
            costs[count] = (len(statements), len(calls))
            made.append(running(stage, "says").made)

    assert made == [1, 1]
    assert costs[3][1] == 3
    assert costs[30][1] == 30
    grown = costs[30][0] - costs[3][0]
    assert grown <= 27 * (1 + 1 + 3)  # the row, the look at it, and that it is posted, in a transaction


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


async def test_switched_on_for_one_of_many(plugins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is off everywhere goes on in one guild: however many others there are, they are kept in one commit."""
    counts, off = list[int](), tuple[int, ...]()
    for guilds in (2, 30):
        with monkeypatch.context() as patch, all_statements(patch) as noted:
            async with Stage(["says"], folders=[plugins], guilds=tuple(range(1, guilds + 1))) as stage:
                await stage.plugins.disable("says")
                await stage.settled()
                noted.clear()
                assert (await stage.plugins.enable("says", guild=2)).ok
                counts.append(commits(noted))
                off = stage.plugins.status("says").off_guilds

    assert off == (1, *range(3, 31))
    assert counts[1] <= counts[0] + 2  # what the bot does now and then may fall in between
