"""After a gap the channel is told, not flooded: one message for what was missed of a session."""

from typing import Any

from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugins.notices import notice
from tests.plugins.rounds import filename, play
from tests.plugins.stats_import.invented import stats_file

PLUGINS = ["stats_import", "timing_override", "stats_commands"]
MAPS = ("adlernest", "braundorf", "erdenberg", "frostbite", "radar", "supply", "sw_goldrush", "te_escape2")
LONG = {"plugin": {"stats_commands": {"announce_within": 600}}}


def posted(stage: Stage, guild: int = 1) -> list[Any]:
    return stage.discord.messages(stage.discord.guild_channels(guild).stats)


async def play_all(stage: Stage, agos: range, server: str = "local") -> None:
    """Hand over a round for each of the *agos* at once, as after a gap."""
    for number, ago in enumerate(agos):
        data = stats_file(f"{MAPS[number % len(MAPS)]}{number}")
        name = filename(stage, f"{MAPS[number % len(MAPS)]}{number}", ago=ago)
        await stage.publish(await stage.app.services.files.put(server, name, data))
    await stage.settled(PATIENCE)


async def test_what_was_missed_is_one_message(database_url: str) -> None:
    """Forty rounds of a session, in each guild that sees the server; no breaker opens, what is played has a card."""
    servers = {"servers": {"second": {"timezone": "UTC", "webhook_ids": [99], "guilds": [2]}}}
    async with Stage(PLUGINS, database=database_url, guilds=(1, 2), config=servers) as stage:
        await play_all(stage, range(3500, 620, -72))
        await play(stage, "oasis", ago=30)
        await play(stage, "tram", ago=1000, server="second")
        first, second = posted(stage, 1), posted(stage, 2)
        breaker = stage.plugins.status("stats_commands").breaker

    assert [one.text.count(" R1: ") for one in first] == [30, 0]
    assert "40 rounds" in first[0].text
    assert "10 earlier rounds" in first[0].text
    assert "oasis · round 1" in first[1].text
    assert [len(one.files) for one in first] == [0, 1]
    assert len(second) == 3
    assert "tram" in second[2].text
    assert breaker == "closed"


async def test_a_correction_edits_it() -> None:
    """A notice that comes later says that it was a surrender."""
    async with Stage(PLUGINS) as stage:
        row = await play(stage, "supply", ago=900, winner=1, shown="12:00")
        (before,) = posted(stage)
        await stage.publish(notice(round_end_unix=row["played_at"].timestamp() - 4))
        await stage.settled()
        (after,) = posted(stage)

    assert after.id == before.id
    assert "held" in before.text
    assert "surrendered" in after.text


async def test_sessions_that_become_one(database_url: str) -> None:
    """A file between two of them makes them one evening: one message is left."""
    async with Stage(PLUGINS, database=database_url, config=LONG) as stage:
        await play(stage, "supply", ago=12_000)
        await play(stage, "radar", ago=5_000)
        apart = len(posted(stage))
        await play(stage, "adlernest", ago=8_500)
        together = posted(stage)

    assert apart == 2
    assert len(together) == 1
    assert "3 rounds" in together[0].text


async def test_what_is_imported_or_too_old_is_not_missed() -> None:
    """Nor is a round that nobody finished."""
    async with Stage(PLUGINS) as stage:
        await play(stage, "supply", ago=900, trigger="import")
        await play(stage, "radar", ago=4_000)
        await play(stage, "erdenberg_t2", ago=1_500, limit="10:00", shown="71:05")
        silent = posted(stage)

    assert silent == []
