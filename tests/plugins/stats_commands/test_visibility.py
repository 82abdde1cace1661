"""Who sees what: servers of other guilds, bots, and rounds that say nothing about anybody."""

from roundhook.testing import Stage
from tests.plugins.notices import notice
from tests.plugins.rounds import filename, hand_over, play, play_match
from tests.plugins.stats_import.invented import PLAYERS, Line, stats_file

PLUGINS = ["stats_import", "timing_override", "stats_commands"]
TWO_GUILDS = {"servers": {"secret": {"timezone": "UTC", "webhook_ids": [99], "guilds": [2]}}}


async def ask(stage: Stage, command: str, guild: int, **options: object) -> str:
    reply = await stage.discord.invoke(command, user=7, guild=guild, options=options)
    return str(reply.text)


async def test_a_guild_sees_only_its_servers(database_url: str) -> None:
    """A server of guild 2 does not exist for guild 1: no round, no player, no choice, no count."""
    async with Stage(PLUGINS, database=database_url, guilds=(1, 2), config=TWO_GUILDS) as stage:
        await play(stage, "supply", ago=300, players=[Line("AAAAAAA1", "open")])
        hidden = await play(stage, "radar", server="secret", players=[Line("BBBBBBB1", "covert", fields={0: 9000})])
        await hand_over(stage, filename(stage, "frostbite"), b"broken", server="secret")
        await stage.publish(notice(server="secret", map_name="adlernest", round_end_unix=stage.clock.now().timestamp()))
        await stage.settled()
        here = [await ask(stage, name, 1) for name in ("last", "stats", "round", "timing", "top", "status")]
        there = [await ask(stage, name, 2) for name in ("last", "stats", "round", "timing", "top", "status")]
        by_id = [await ask(stage, name, 1, id=hidden["id"]) for name in ("round", "timing", "awards")]
        player = await ask(stage, "stats", 1, player="covert")
        server = await ask(stage, "stats", 1, server="secret")
        choices = [
            await stage.discord.autocomplete(command, option, "", guild=1)
            for command, option in (("stats", "player"), ("stats", "server"), ("round", "id"))
        ]

    assert all("radar" in text or "covert" in text or "secret" in text for text in there)
    for text in [*here, *(str(choice) for choice in choices)]:
        assert not any(word in text for word in ("radar", "covert", "secret"))
    assert all(f"There is no round {hidden['id']}." in text for text in by_id)
    assert "No player called 'covert' is known." in player
    assert "No round of a server 'secret' is stored. There are rounds of: local." in server
    assert "**local**: last supply R1" in here[-1]
    assert "**secret**: last radar R1" in there[-1]


async def test_bots_and_spoiled_rounds_are_in_no_ranking(database_url: str) -> None:
    """Bots, aborted rounds and a round 2 without its round 1 change no list and no player's numbers."""
    bot = Line("OMNIBOT0", "[BOT]Max", weapons={4: (90, 100, 99, 1, 9)}, fields={0: 99999})
    alone = [player.later() for player in PLAYERS]
    async with Stage(PLUGINS, database=database_url) as stage:
        await play_match(stage, "supply", ago=900, players=[*PLAYERS, bot])
        before = [await ask(stage, "top", 1, category=category) for category in ("kills", "dpm", "rounds")]
        before.append(await ask(stage, "stats", 1, player="one"))
        name = filename(stage, "radar", 2, ago=300)
        unpaired = await hand_over(stage, name, stats_file("radar", 2, alone, limit="6:05", shown="6:05"))
        aborted = await play(stage, "frostbite", ago=100, limit="10:00", shown="71:05")
        last = await ask(stage, "last", 1)
        after = [await ask(stage, "top", 1, category=category) for category in ("kills", "dpm", "rounds")]
        after.append(await ask(stage, "stats", 1, player="one"))
        bots = await stage.discord.autocomplete("stats", "player", "bot", guild=1)

    assert (unpaired["status"], aborted["status"]) == ("unpaired", "aborted")
    assert [text.split("last seen")[0] for text in after] == [text.split("last seen")[0] for text in before]
    assert not any("BOT" in text for text in after)
    assert bots == []
    assert "**radar** R2: Allies took the objective in 6:05 *(its round 1 is missing)*" in last
    assert "**frostbite** R1: Aborted" in last
