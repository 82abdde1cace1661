"""What is posted of an evening, by the guild's setting: rounds, maps, or only its end."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import hikari
import pytest

from devkit.discord.message import Message
from roundhook.testing import Stage
from tests.plugin_maker import running
from tests.plugins.notices import notice
from tests.plugins.rounds import filename, hand_over, play
from tests.plugins.stats_import.invented import Line, stats_file

PLUGINS = ["stats_import", "timing_override", "team_capture", "stats_commands"]
ONE = [Line(f"AAAAAAA{number}", f"vx.{name}", side=1) for number, name in enumerate(("olz", "kirby", "zed"))]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TWO = [Line(f"BBBBBBB{number}", name, side=2) for number, name in enumerate(("bea", "ann", "carl"))]


def posted(stage: Stage, guild: int = 1) -> list[Message]:
    return stage.discord.messages(stage.discord.guild_channels(guild).stats)


def lines(stage: Stage, guild: int = 1) -> list[str]:
    return [message.text.split("\n")[0] for message in posted(stage, guild)]


async def play_map(stage: Stage, name: str, *, turned: bool = False, shown: str = "5:00") -> None:
    """Play both rounds of a map now, ten minutes apart: team vx attacks first where the sides are *turned*."""
    people = [replace(one, side=3 - one.side) if turned else one for one in (*ONE, *TWO)]
    people = [replace(one, fields={9: len(name)}) for one in people]
    await stage.clock.advance(600)
    await play(stage, name, ago=5, players=people)
    await stage.clock.advance(600)
    later = [player.later() for player in people]
    held = shown == "6:05"
    data = stats_file(name, 2, later, limit="6:05", shown=shown, winner=1 if held else 2)
    await hand_over(stage, filename(stage, name, 2, ago=5), data)


def mode(posts: str) -> dict[str, Any]:
    return {"plugin": {"stats_commands": {"posts": posts}}}


async def test_a_map_takes_the_place_of_its_first_round(database_url: str) -> None:
    """One message says who has won the map, with both times and the score; a lone round 1 keeps its card."""
    async with Stage(PLUGINS, database=database_url) as stage:
        await play(stage, "adlernest", ago=5, players=[*ONE, *TWO])
        first = lines(stage)
        await stage.clock.advance(60)
        await play_map(stage, "supply")
        await play_map(stage, "radar", turned=True, shown="6:05")
        maps = posted(stage)
        (match,) = await stage.db.fetch("SELECT id FROM matches WHERE map_name = 'supply'")

    assert first == ["adlernest · round 1 · Allies took the objective in 6:05"]
    assert [one.text.split("\n")[0] for one in maps] == [
        *first,
        "vx win supply, 5:00 to 6:05 · evening 1:0",
        "vx win radar, in 6:05, the others were held · evening 2:0",
    ]
    assert [len(one.files) for one in maps] == [1, 1, 1]
    assert maps[1]["attachments"][0]["filename"].startswith(f"map-{match['id']}-")
    assert maps[1]["attachments"][0]["description"].startswith("vx win supply")


async def test_a_game_server_whose_clock_is_ahead_has_one_message_a_map() -> None:
    """No card of round 2 beside it, although that was played in the bot's future."""
    async with Stage(PLUGINS) as stage:
        players = [*ONE, *TWO]
        await play(stage, "supply", ago=500, players=players)
        data = stats_file("supply", 2, [one.later() for one in players], limit="6:05", shown="5:00", winner=2)
        await hand_over(stage, filename(stage, "supply", 2, ago=-30), data)
        said = [one.path for one in stage.discord.requests if one.method == "POST" and one.path.endswith("/messages")]

        assert lines(stage) == ["vx win supply, 5:00 to 6:05 · evening 1:0"]
        assert len(said) == 2


@pytest.mark.parametrize("guilds", [(1,), (1, 2, 3)])
async def test_it_is_drawn_once_for_all_guilds(guilds: tuple[int, ...]) -> None:
    """A map, and an evening's end: one picture each, however many guilds they are for."""
    async with Stage(PLUGINS, guilds=guilds, config=mode("maps")) as stage:
        answers = running(stage, "stats_commands").answers
        answers.map, answers.evening = drawn = [AsyncMock(wraps=one) for one in (answers.map, answers.evening)]
        await play_map(stage, "supply")
        await stage.clock.advance(3610)
        await stage.settled()
        said = [lines(stage, guild) for guild in guilds]

    assert said == [said[0]] * len(guilds)
    assert len(said[0]) == 2
    assert [one.await_count for one in drawn] == [1, 1]


@pytest.mark.parametrize("posts", ["maps", "evening"])
async def test_the_end_of_an_evening(posts: str) -> None:
    """An hour after the last round it is said who has won: once, with menus; a round that comes late edits it."""
    async with Stage(PLUGINS, config=mode(posts)) as stage:
        await play_map(stage, "supply")
        await play_map(stage, "radar", turned=True)
        before = lines(stage)
        await stage.clock.advance(3590)
        await stage.settled()
        early = lines(stage)
        await stage.clock.advance(20)
        await stage.settled()
        after = posted(stage)
        table = await stage.discord.click(after[-1], menu(after[-1], 0), values=["team:1"])
        player = await stage.discord.click(after[-1], menu(after[-1], 1), values=["player:BBBBBBB0"])
        await stage.clock.advance(4000)
        await stage.settled()
        again = lines(stage)

    assert before == early
    assert len(before) == (2 if posts == "maps" else 0)
    assert [one.text.split("\n")[0] for one in after[len(before) :]] == ["vx and ann & bea part 1:1 · 2 maps on local"]
    assert table.ephemeral
    assert table.text.startswith("vx\n=1. **vx.")
    assert player.text.startswith("bea\n")
    assert again == [one.text.split("\n")[0] for one in after]


async def test_a_correction_says_what_has_changed(database_url: str) -> None:
    """A late notice turns a full hold into a surrender; what is edited says that it is corrected, once."""
    async with Stage(PLUGINS, database=database_url) as stage:
        row = await play(stage, "supply", ago=30, players=[*ONE, *TWO], winner=1, shown="12:00")
        await stage.publish(notice(round_end_unix=row["played_at"].timestamp() - 4))
        await stage.settled()
        once = lines(stage)
        await stage.db.execute("UPDATE rounds SET revision = revision + 1")
        await stage.plugins.reload("stats_commands")

    assert once == ["corrected: supply · round 1 · Allies surrendered at 8:32"]


@pytest.mark.parametrize("seconds", [60, 1200, 5000], ids=["while it is played", "within the hour", "later"])
async def test_a_map_is_corrected_whenever_that_is_known(seconds: float, database_url: str) -> None:
    """A better file of round 2 gives the map to the other team, and another one takes it away."""
    async with Stage(PLUGINS, config=mode("maps"), database=database_url) as stage:
        await play_map(stage, "supply", shown="6:05")
        before = lines(stage)
        await stage.clock.advance(seconds)
        await stage.settled()
        (row,) = await stage.db.fetch("SELECT * FROM rounds WHERE round_number = 2")
        people = [replace(one, fields={9: len("supply")}).later() for one in (*ONE, *TWO)]
        data = stats_file("supply", 2, people, limit="6:05", shown="4:44", winner=2)
        await hand_over(stage, row["filename"], data)
        corrected = lines(stage)
        data = stats_file("supply", 2, [*people, Line("CCCCCCC1", "late")], limit="9:00", shown="4:44", winner=2)
        await hand_over(stage, row["filename"], data)
        apart = lines(stage)

    assert before == ["ann & bea win supply, in 6:05, the others were held · evening 1:0"]
    assert corrected[0] == "corrected: vx win supply, 4:44 to 6:05 · evening 1:0"
    assert not any("win supply" in line for line in apart)


async def test_each_guild_has_its_own_way() -> None:
    """The file says a card for each round, as it was before there were maps; what one guild's admin chooses is its."""
    async with Stage(PLUGINS, guilds=(1, 2), config=mode("rounds")) as stage:
        options = {"name": "stats_commands", "key": "posts", "value": "maps"}
        said = await stage.discord.invoke("plugin settings", user=7, guild=1, admin=True, options=options)
        await play_map(stage, "supply")
        one, two = lines(stage, 1), lines(stage, 2)

    assert said.ephemeral
    assert one == ["vx win supply, 5:00 to 6:05 · evening 1:0"]
    assert [line.rpartition(" · ")[0] for line in two] == ["supply · round 1", "supply · round 2"]


def menu(message: Message, row: int) -> str:
    custom_id: str = message["components"][row]["components"][0]["custom_id"]
    return custom_id


async def test_an_evening_is_asked_for_by_its_day() -> None:
    """/session by date and server; /sessions lists all, the latest first, to choose from; odd input is told."""
    async with Stage(PLUGINS, config={"servers": {"other": {"timezone": "Asia/Tokyo"}}}) as stage:
        for day in range(12):
            await play(stage, f"map_{day:02d}", ago=1_000_000 + day * 90_000, players=[*ONE, *TWO], trigger="import")
        await play(stage, "radar", ago=2_000_000, players=ONE, server="other", trigger="import")
        date = (await stage.discord.autocomplete("session", "date", ""))[3]["value"]
        by_day = await stage.discord.invoke("session", options={"date": date})
        other = await stage.discord.invoke("session", options={"server": "other"})
        wrong = [await stage.discord.invoke("session", options={"date": one}) for one in ("soon", "1999-01-01")]
        listed = await stage.discord.invoke("sessions", options={"server": "local"})
        second = await stage.discord.click(listed, "▶")
        await stage.plugins.reload("stats_commands")
        shown = await stage.discord.click(second, menu(second, 0), values=[first_value(second)])

    assert "**map_03** R1" in by_day.text
    assert "\nSession on local" in by_day.text
    assert "\nLast session on other" in other.text
    assert "**radar** R1" in other.text
    assert "'soon' is no day. Write today, yesterday, friday, 2026-01-31" in wrong[0].text
    assert "No session is stored of that day. The nearest: " in wrong[1].text
    assert listed.text.count(" · local · 1 round") == 10
    assert second.text.count(" · local · 1 round") == 2
    assert shown.ephemeral
    assert "vx against ann & bea: no map was won · 1 map on local" in shown.text


async def test_an_evening_has_as_many_rounds_wherever_it_is_counted(database_url: str) -> None:
    """Files without a player are none, in a list and a choice as on the evening; nor do they make one the longer."""
    async with Stage(PLUGINS, database=database_url, begins=NOON) as stage:
        await play(stage, "supply", ago=80_000, players=[*ONE, *TWO], trigger="import")
        await play(stage, "radar", ago=79_000, players=[*ONE, *TWO], trigger="import")
        await play(stage, "oasis", ago=70_000, players=[*ONE, *TWO], trigger="import")
        for number in range(3):
            await play(stage, f"nobody_{number}", ago=69_000 - number * 60, players=[], trigger="import")
        listed = (await stage.discord.invoke("sessions")).text
        choices = [one["name"] for one in await stage.discord.autocomplete("session", "date", "")]
        shown = (await stage.discord.invoke("session", options={"date": "yesterday"})).text

    assert [line.split(" · ")[2] for line in listed.splitlines()[:2]] == ["1 round", "2 rounds"]
    assert [one.split(" · ")[2] for one in choices] == ["1 round", "2 rounds"]
    assert "**radar** R1" in shown


async def test_a_menu_that_is_emptied_again() -> None:
    """Something is always chosen; in a menu that was posted when that was not so nothing is answered to nothing."""
    async with Stage(PLUGINS) as stage:
        await play(stage, "supply", players=[*ONE, *TWO])
        shown = await stage.discord.invoke("last")
        custom_id = menu(shown, 0)
        with pytest.raises(ValueError, match="takes 1"):
            await stage.discord.click(shown, custom_id, values=[])
        offered = [row["components"][0] for row in shown["components"]]
        pressed = SimpleNamespace(values=[], guild_id=1, create_initial_response=AsyncMock())
        await running(stage, "stats_commands").on_evening(pressed, "1:tables")

    assert [one["min_values"] for one in offered] == [1, 1]
    pressed.create_initial_response.assert_awaited_once_with(hikari.ResponseType.DEFERRED_MESSAGE_UPDATE)


def first_value(message: Message) -> str:
    value: str = message["components"][0]["components"][0]["options"][0]["value"]
    return value
