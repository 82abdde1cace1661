"""Full servers and odd names: everybody is in the attachment, and the message keeps Discord's limits."""

import asyncio
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.rounds.events import ALLIES, AXIS
from core.rounds.names import normal_guid
from devkit.game import Engine, Player, invent_players
from devkit.game.vm import Flavour
from tests.lua.harness import Game, begin, open_game

LIMITS = {"title": 256, "description": 4096, "fields": 25, "field": 1024, "embed": 6000}
PAUSES = 30
ATTACHMENT_LIMIT = 256 * 1024
"""What the bot reads of a notice."""

letters = st.integers(1, 255).filter(lambda byte: chr(byte) not in '\\";%')
names = st.lists(letters, min_size=1, max_size=35).map(bytes)


def crowd() -> tuple[Player, ...]:
    """Return 64 players whose names are as long as the engine allows and double in JSON."""
    return tuple(
        Player(player.guid, f"{number:02d}" + "'\x01~|`" * 6 + "abc", player.side)
        for number, player in enumerate(invent_players(64))
    )


def full_round(engine: Engine) -> None:
    """Play a round with everybody and thirty pauses, which half of the players leave."""
    people = crowd()
    begin(engine, players=people)
    for number in range(PAUSES):
        engine.run_until_played(10 + 5 * number)
        engine.pause()
        engine.run(3)
        engine.unpause()
        engine.run(12)
    for player in people[::2]:
        engine.disconnect(engine.slot_of(player))
    engine.surrender(ALLIES)
    engine.run(1)


async def test_sixty_four_players_and_thirty_pauses(game: Game) -> None:
    """All 64, by side or among those who left, and all 30 pauses are in the attachment; the embed fits."""
    posted = await game.play_one(full_round)
    embed, notice = posted.embed, posted.notice

    people = [*notice.axis_players, *notice.allies_players, *notice.left_players]
    assert sorted(player.guid for player in people) == sorted(normal_guid(player.guid) for player in crowd())
    assert len(notice.left_players) == 32
    assert (notice.pause_count, len(notice.pauses)) == (PAUSES, PAUSES)
    assert [(pause.end_unix or 0) - pause.start_unix for pause in notice.pauses] == pytest.approx(
        [13.05] * PAUSES, abs=0.1
    )
    assert len(embed["title"]) <= LIMITS["title"]
    assert len(embed["description"]) <= LIMITS["description"]
    assert len(posted.fields) <= LIMITS["fields"]
    assert all(1 <= len(value) <= LIMITS["field"] for value in posted.fields.values())
    assert (
        sum(map(len, (embed["title"], embed["description"], *posted.fields, *posted.fields.values()))) < LIMITS["embed"]
    )
    assert all(isinstance(json.loads(posted.fields[name]), list) for name in ("Axis_JSON", "Lua_Pauses_JSON"))


@pytest.mark.parametrize("flavour", ["lua54", "luajit21"])
@settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(people=st.lists(names, min_size=2, max_size=64))
def test_names_of_any_bytes(flavour: Flavour, people: list[bytes]) -> None:
    """Whatever bytes the names hold, both halves are valid JSON in UTF-8 and name every GUID."""
    posted = asyncio.run(_play_with(flavour, people))

    both = posted["axis_players"] + posted["allies_players"]
    assert sorted(player["guid"] for player in both) == [f"{number:032X}" for number in range(len(people))]


async def _play_with(flavour: Flavour, people: list[bytes]) -> dict[str, list[dict[str, str]]]:
    players = tuple(
        Player(f"{number:032X}", name.decode("utf-8", "surrogateescape"), AXIS if number % 2 else ALLIES)
        for number, name in enumerate(people)
    )

    def scenario(engine: Engine) -> None:
        begin(engine, players=players)
        engine.run_until_played(3)
        engine.objective(ALLIES)
        engine.run(1)

    with tempfile.TemporaryDirectory() as folder:
        async with open_game(Path(folder) / "home", flavour) as game:
            return (await game.play_one(scenario)).attachment


async def test_guids_as_long_as_a_client_likes(game: Game) -> None:
    """A client says what it likes as its GUID: it is cut, and the message stays one that Discord and the bot take."""
    people = tuple(
        Player(f"{number:02d}" + '"\x01' * 400, player.name, player.side)
        for number, player in enumerate(invent_players(64))
    )

    def scenario(engine: Engine) -> None:
        begin(engine, players=people)
        engine.run_until_played(30)
        engine.surrender(ALLIES)
        engine.run(1)

    posted = await game.play_one(scenario)

    assert len(posted.raw[1]) < ATTACHMENT_LIMIT
    assert {len(player["guid"]) for player in posted.attachment["axis_players"]} == {32}
    assert len(posted.notice.axis_players) == len(posted.notice.allies_players) == 32
    assert all(len(value) <= LIMITS["field"] for value in posted.fields.values())
    assert json.loads(posted.fields["Axis_JSON"]) != []


async def test_crowd_that_comes_and_goes(game: Game) -> None:
    """Whoever joins and leaves again and again under other names does not make the notice grow without end."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        for number in range(300):
            slot = engine.connect(Player(f"{number:032X}", f"guest {number}", AXIS))
            engine.disconnect(slot)
        back = engine.connect(Player(f"{0:032X}", "guest 0", AXIS))
        engine.disconnect(engine.connect(Player("F" * 32, "late", AXIS)))
        engine.run_until_played(30)
        engine.objective(ALLIES)
        engine.disconnect(back)
        engine.run(1)

    posted = await game.play_one(scenario)

    assert len(posted.notice.left_players) == 64
    assert posted.attachment["axis_players"][-1]["name"] == "guest 0"
    assert "late" in {player.name for player in posted.notice.left_players}
    assert len(posted.raw[1]) < ATTACHMENT_LIMIT


@pytest.mark.parametrize("name", ["te_escape2 (1)", "[UJE]_base", "frost'n'fire", "B&W", "$2000$", "über", "m" * 250])
async def test_any_name_of_a_map(game: Game, name: str) -> None:
    """A map that the engine has loaded is told of under its name, whatever it is; the title keeps its limit."""

    def scenario(engine: Engine) -> None:
        begin(engine, map_name=name.encode().decode("latin-1"))
        engine.run_until_played(30)
        engine.objective(ALLIES)
        engine.run(1)

    posted = await game.play_one(scenario)

    assert posted.notice.map_name == posted.fields["Map"] == name
    assert len(posted.embed["title"]) <= LIMITS["title"]


async def test_everybody_ready_at_once_in_intermission(game: Game) -> None:
    """Intermission cut to 0.2 s because all are ready: both rounds are whole, each once."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        for seconds in (40, 20):
            engine.run_until_played(seconds)
            engine.objective(ALLIES)
            engine.run(0.15)
            engine.short_intermission = True
            engine.leave_intermission()
            engine.short_intermission = False
            engine.run(2)
            if seconds == 40:
                engine.start_round()

    notices = [posted.notice for posted in await game.play(scenario)]

    assert [(one.round_number, one.winner_side, one.end_reason) for one in notices] == [
        (1, ALLIES, "objective"),
        (2, ALLIES, "objective"),
    ]
    assert [len(one.axis_players) + len(one.allies_players) for one in notices] == [6, 6]
    assert [one.actual_duration_seconds for one in notices] == pytest.approx([40.05, 20.05], abs=0.06)
