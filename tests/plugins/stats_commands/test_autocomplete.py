"""What is offered while a user types: 25 choices of 100 characters at most, and only what fits."""

from roundhook.testing import Stage
from tests.plugins.rounds import crowd, filename, hand_over, play
from tests.plugins.stats_import.invented import Line, stats_file

PLUGINS = ["stats_import", "stats_commands"]


async def test_players_are_found_by_any_of_their_names(database_url: str) -> None:
    """Part of an old name, any case, or the GUID finds a player; a wildcard or backslash means itself."""
    players = [
        Line("AAAAAAA1", "before"), Line("AAAAAAA2", "50%_off", side=2), Line("AAAAAAA3", "back\\slash"),
        Line("AAAAAAA4", "ČRT", side=2), Line("AAAAAAA5", "wow!", side=2),
    ]  # fmt: skip
    async with Stage(PLUGINS, database=database_url) as stage:
        await play(stage, ago=7200, players=players, trigger="import")
        await play(stage, "radar", players=[Line("AAAAAAA1", "^1after^7")], trigger="import")

        async def found(typed: str) -> list[str]:
            choices = await stage.discord.autocomplete("stats", "player", typed, guild=1)
            return [choice["value"] for choice in choices]

        assert [await found(typed) for typed in ("BEFOR", "AFTER", "aaaaaaa1", "%_o", "k\\s", "ČR", "w!")] == [
            ["AAAAAAA1"], ["AAAAAAA1"], ["AAAAAAA1"], ["AAAAAAA2"], ["AAAAAAA3"], ["AAAAAAA4"], ["AAAAAAA5"],
        ]  # fmt: skip
        assert [await found(typed) for typed in ("%", "_", "zzz", "'; DROP TABLE players; --")] == [
            ["AAAAAAA2"], ["AAAAAAA2"], [], [],
        ]  # fmt: skip
        assert (await found(""))[0] == "AAAAAAA1"  # the last one seen
        assert await stage.discord.autocomplete("stats", "player", "after", guild=1) == [
            {"name": "after · AAAAAAA1", "value": "AAAAAAA1"}
        ]


async def test_choices_keep_to_discords_limits() -> None:
    """Of 64 players, 30 rounds with the longest map names and 30 servers, 25 are offered, the latest first."""
    async with Stage(PLUGINS) as stage:
        await play(stage, "supply", ago=9000, players=[*crowd(63), Line("EEEEEEEE", "x" * 200)], trigger="import")
        for number in range(30):
            name = filename(stage, f"m{number:02d}_{'long_' * 30}", ago=60 + number)
            players = [Line("AAAAAAA1", "one", fields={0: number})]
            data = stats_file(f"m{number:02d}_{'long_' * 30}", players=players)
            await hand_over(stage, name, data, server=f"server{number:02d}", trigger="import")
        players_, servers, rounds, by_id, by_map = [
            await stage.discord.autocomplete(command, option, typed, guild=1)
            for command, option, typed in (
                ("stats", "player", ""), ("stats", "server", "SERVER"), ("round", "id", ""), ("timing", "id", "3"),
                ("awards", "id", "M29"),
            )
        ]  # fmt: skip
        longest = await stage.discord.autocomplete("stats", "player", "xxx", guild=1)

    assert [len(one) for one in (players_, servers, rounds)] == [25, 25, 25]
    assert all(len(choice["name"]) <= 100 for one in (players_, servers, rounds, longest) for choice in one)
    assert longest[0]["value"] == "EEEEEEEE"
    assert servers[0] == {"name": "server00", "value": "server00"}
    assert rounds[0]["name"].startswith("2 · m00_long_")
    assert by_id[0]["value"] == 3
    assert [choice["value"] for choice in by_map] == [31]
