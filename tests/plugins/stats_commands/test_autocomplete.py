"""What is offered while a user types: 25 choices of 100 characters at most, the nearest first, and only what fits."""

import json
from datetime import UTC, datetime, timedelta

from roundhook.testing import Stage
from tests.plugins.rounds import crowd, filename, give_awards, hand_over, play, play_match
from tests.plugins.stats_import.invented import Line, stats_file

PLUGINS = ["stats_import", "stats_commands"]
MAPS = ("map_0", "map_2", "radar", "oasis", "supply")
EVENING = datetime(2026, 3, 4, 20, tzinfo=UTC)
"""Far from midnight: a match is of one day, and the day does not change meanwhile."""


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
        forgiven = ("befroe", "^1a^7fter", "a f t e r", "aaaa aaa1", "crt", "t", " ^1")
        assert [await found(typed) for typed in forgiven] == [
            ["AAAAAAA1"], ["AAAAAAA1"], ["AAAAAAA1"], ["AAAAAAA1"], ["AAAAAAA4"], ["AAAAAAA1", "AAAAAAA4"],
            await found(""),
        ]  # fmt: skip
        assert sorted(await found("aaaa")) == sorted(await found(""))  # half of all their GUIDs
        assert await found("AAAAAAA3" + "0" * 24) == ["AAAAAAA3"]  # a GUID as senders of notices have it
        assert await stage.discord.autocomplete("stats", "player", "after", guild=1) == [
            {"name": "after · AAAAAAA1", "value": "AAAAAAA1"}
        ]
        assert (await stage.discord.autocomplete("stats", "player", "before", guild=1))[0]["name"] == (
            "after (as before) · AAAAAAA1"
        )


async def test_rounds_are_found_by_what_people_say_of_them(database_url: str) -> None:
    """A map, also with a slip, R1 or R2, a day, a server, several of these, or a number; in the server's zone."""
    config = {"servers": {"tokyo": {"timezone": "Asia/Tokyo"}}}
    async with Stage(PLUGINS, database=database_url, config=config, begins=EVENING) as stage:
        days = 86400.0
        first, second = await play_match(stage, "supply", ago=3 * days)
        late, _ = await play_match(stage, "radar", ago=2 * days)
        far = await play(stage, "te_escape2", ago=days, server="tokyo")
        await give_awards(stage, "supply", 2, ago=3 * days)
        then = stage.clock.now() - timedelta(days=3)

        async def found(typed: str, command: str = "round") -> list[int]:
            return [choice["value"] for choice in await stage.discord.autocomplete(command, "id", typed, guild=1)]

        by_words = [await found(one) for one in ("supply", "suply R2", "R1", f"{then:%Y-%m-%d}", "te escape", "tokyo")]
        by_day = await found(f"supply {then - timedelta(minutes=10):%A} round 1")
        by_number = await found(str(second["id"])), await found(f"{late['id']} ")
        nothing = [await found(one) for one in ("qqqq", "supply 1999-01-01", "tokyo supply", "9" * 30)]
        with_awards = [await found(one, "awards") for one in ("", "radar")]
        labels = await stage.discord.autocomplete("timing", "id", "escape", guild=1)
        (unknown,) = [await stage.discord.invoke("round", guild=1, options={"id": 4000})]

    pair = [second["id"], first["id"]]
    assert by_words[:2] == [pair, [second["id"]]]
    assert by_words[2] == [far["id"], late["id"], first["id"]]
    assert set(by_words[3]) <= set(pair)
    assert by_words[4:] == [[far["id"]], [far["id"]]]
    assert by_day == [first["id"]]
    assert [one[0] for one in by_number] == [second["id"], late["id"]]
    assert nothing == [[], [], [], []]
    assert with_awards == [[second["id"]], []]
    assert labels[0]["name"].endswith("JST")
    assert "There is no round 4000. The nearest: 5. /last" in unknown.text


async def test_days_and_servers_are_offered(database_url: str) -> None:
    """Evenings by day, server or both; the server played on last goes first; a day without one names others."""
    config = {"servers": {"puran": {"timezone": "UTC"}}}
    async with Stage(PLUGINS, database=database_url, config=config, begins=EVENING) as stage:
        await play(stage, "supply", ago=86400.0 * 9)
        await play(stage, "radar", ago=86400.0 * 2, server="puran")
        then = stage.clock.now() - timedelta(days=9)

        async def found(option: str, typed: str) -> list[str]:
            choices = await stage.discord.autocomplete("session", option, typed, guild=1)
            return [choice["value"] for choice in choices]

        days = [await found("date", typed) for typed in ("", "pura", "local", f"{then:%d.%m.}", f"puran {then:%d.%m.}")]
        servers = [await found("server", typed) for typed in ("", "PURN", "loc", "x")]
        by_words = await stage.discord.invoke("session", options={"date": f"{then:%d %b}"})
        none = await stage.discord.invoke("session", options={"date": "today"})
        refused = await stage.discord.invoke("session", options={"server": "locla"})

    late, early = (
        f"{stage.clock.now() - timedelta(days=2, minutes=1):%Y-%m-%d}",
        f"{then - timedelta(minutes=1):%Y-%m-%d}",
    )
    assert days == [[late, early], [late], [early], [early], []]
    assert servers == [["puran", "local"], ["puran"], ["local"], []]
    assert "**supply** R1" in by_words.text
    assert f"The nearest: {late} · puran · 1 round. /sessions" in none.text
    assert "'locla' is stored. Did you mean local? There are rounds of: puran, local." in refused.text


async def test_each_evening_of_a_day_can_be_chosen(database_url: str) -> None:
    """What is chosen is what is shown: the shorter evening of a day too, and another server's, but no hidden one."""
    zones = {"puran": {"timezone": "UTC"}, "secret": {"timezone": "UTC", "guilds": [2]}}
    config = {"servers": zones}
    async with Stage(PLUGINS, guilds=(1, 2), database=database_url, config=config, begins=EVENING) as stage:
        for number, ago in enumerate((180_000, 179_000, 170_000)):
            await play(stage, f"map_{number}", ago=ago)
        await play(stage, "radar", ago=169_000, server="puran")
        await play(stage, "oasis", ago=168_000, server="secret")
        await play(stage, "supply", ago=600_000)
        choices, theirs = [await stage.discord.autocomplete("session", "date", "", guild=guild) for guild in (1, 2)]
        shown = [
            (await stage.discord.invoke("session", guild=1, options={"date": one["value"]})).text for one in choices
        ]
        again = await stage.discord.autocomplete("session", "date", choices[0]["value"], guild=1)
        puran = await stage.discord.autocomplete("session", "date", "puran", guild=1)
        alone = await stage.discord.autocomplete("session", "date", "", guild=1, options={"server": "puran"})
        hidden = [one["value"] for one in theirs if "secret" in one["name"]]
        refused = await stage.discord.invoke("session", guild=1, options={"date": hidden[0]})

    assert [next(name for name in MAPS if f"**{name}** R1" in text) for text in shown] == [
        "radar", "map_2", "map_0", "supply",
    ]  # fmt: skip
    assert [" #" in one["value"] for one in choices] == [True, True, True, False]
    assert again == choices[:3]
    assert [one["value"] for one in puran] == [choices[0]["value"]]
    assert [" #" in one["value"] for one in alone] == [False]
    assert "No session is stored of the number" in refused.text


async def test_a_name_of_a_hidden_server_is_not_known(database_url: str) -> None:
    """Who plays under another name on a server that the guild does not see is offered under the one it knows."""
    config = {"servers": {"secret": {"timezone": "UTC", "guilds": [2]}}}
    async with Stage(PLUGINS, database=database_url, guilds=(1, 2), config=config) as stage:
        await play(stage, "supply", ago=7200, players=[Line("AAAAAAA1", "open"), Line("AAAAAAA2", "two", side=2)])
        await play(
            stage, "radar", server="secret", players=[Line("AAAAAAA1", "covert"), Line("BBBBBBB1", "spy", side=2)]
        )
        for number in range(7):
            await play(stage, f"sup{number}", ago=300 + number, server="secret", players=[Line("BBBBBBB1", "spy")])

        async def found(option: str, typed: str, guild: int) -> list[str]:
            command = "round" if option == "id" else "stats"
            return [one["name"] for one in await stage.discord.autocomplete(command, option, typed, guild=guild)]

        here = [await found("player", typed, 1) for typed in ("", "covert", "cov", "spyy", "BBBB", "open")]
        rounds = [await found("id", typed, 1) for typed in ("radar", "secret", "2", "R1", "sup", "suply")]
        there = [await found("player", typed, 2) for typed in ("covrt", "spy")]
        said = await stage.discord.invoke("stats", guild=1, options={"player": "spy"})
        asked = await stage.discord.invoke("stats", guild=1, options={"player": "opne"})
        numbers = await stage.discord.invoke("stats", guild=1, options={"player": "AAAAAAA1"})
        last = await stage.discord.invoke("last", guild=1)
        boards = [
            await stage.discord.invoke("top", guild=guild, options={"player": "AAAAAAA1", "server": "local"})
            for guild in (1, 2)
        ]

    known = ["open · AAAAAAA1", "two · AAAAAAA2"]
    assert here == [known, [], [], [], [], known[:1]]
    assert [len(one) for one in rounds] == [0, 0, 0, 1, 1, 1]
    assert numbers.text.startswith("open\n")
    assert "covert" not in numbers.text
    shown = [json.dumps(one, default=str) for one in (last, boards[0])]
    assert all("open" in one and "covert" not in one for one in shown)
    assert "**covert**" in boards[1].text
    assert there == [["covert · AAAAAAA1"], ["spy · BBBBBBB1"]]
    assert said.text == "No player called 'spy' is known. Type a part of the name and choose."
    assert asked.text == "No player called 'opne' is known. Did you mean open (`AAAAAAA1`)? Choose while typing."


async def test_choices_keep_to_discords_limits() -> None:
    """Of 64 players, 45 rounds with the longest map names and 45 servers, 25 are offered, the latest first."""
    async with Stage(PLUGINS) as stage:
        await play(stage, "supply", ago=9000, players=[*crowd(63), Line("EEEEEEEE", "x" * 200)], trigger="import")
        for number in range(45):
            name = filename(stage, f"m{number:02d}_{'long_' * 30}", ago=60 + number * 200)
            players = [Line("AAAAAAA1", "one", fields={0: number}), Line(f"BBBBBB{number:02d}", f"guest{number:02d}")]
            data = stats_file(f"m{number:02d}_{'long_' * 30}", players=players)
            await hand_over(stage, name, data, server=f"server{number:02d}", trigger="import")
        players_, servers, rounds, by_id, by_map = [
            await stage.discord.autocomplete(command, option, typed, guild=1)
            for command, option, typed in (
                ("stats", "player", ""), ("stats", "server", "SERVER"), ("round", "id", ""), ("timing", "id", "3"),
                ("round", "id", "M29"),
            )
        ]  # fmt: skip
        oldest = [
            await stage.discord.invoke("session", guild=1, options={"server": "server44"}),
            await stage.discord.invoke("top", guild=1, options={"server": "server44"}),
            await stage.discord.invoke("stats", guild=1, options={"player": "guest44"}),
            await stage.discord.invoke("sessions", guild=1, options={"server": "server44"}),
        ]
        known = await stage.discord.autocomplete("session", "server", "server44", guild=1)
        of_it = await stage.discord.autocomplete("round", "id", "server44", guild=1)
        only_begun = await stage.discord.autocomplete("round", "id", f"M29{' ' * 97}{'friday ' * 800}", guild=1)
        longest = await stage.discord.autocomplete("stats", "player", "xxx", guild=1)

    assert [len(one) for one in (players_, servers, rounds)] == [25, 25, 25]
    assert all(len(choice["name"]) <= 100 for one in (players_, servers, rounds, longest) for choice in one)
    assert longest[0]["value"] == "EEEEEEEE"
    assert ["m44" in oldest[0].text, "guest44" in oldest[1].text, "guest44" in oldest[2].text] == [True] * 3
    assert [one.text.count("server44") for one in oldest[3:]] == [1]
    assert ([one["value"] for one in known], [one["value"] for one in of_it]) == (["server44"], [46])
    assert servers[0] == {"name": "server00", "value": "server00"}
    assert rounds[0]["name"].startswith("2 · m00_long_")
    assert by_id[0]["value"] == 3
    assert [choice["value"] for choice in by_map] == [choice["value"] for choice in only_begun] == [31]
