"""The message: readable by old bots and new ones, within Discord's limits, valid whatever players are called."""

import dataclasses
import json

from core.rounds.events import ALLIES, AXIS, RoundNotice
from core.rounds.names import clean_name
from core.shown import letters
from devkit.game import Engine, Player, invent_players
from tests.lua.harness import Game, Posted, begin

DIALECT_B = [
    *("Map", "Round", "Winner", "Defender", "Lua_Playtime", "Lua_Timelimit", "Lua_Pauses", "Lua_EndReason"),
    *("Lua_Warmup", "Lua_WarmupStart", "Lua_RoundStart", "Lua_RoundEnd", "Lua_SurrenderTeam"),
    *("Lua_SurrenderCaller", "Lua_SurrenderCallerName", "Axis_JSON", "Allies_JSON", "Lua_Pauses_JSON"),
]


async def play_with(game: Game, players: tuple[Player, ...]) -> Posted:
    """Play a short round that ends by surrender."""

    def scenario(engine: Engine) -> None:
        begin(engine, players=players)
        engine.run_until_played(77.7)
        engine.surrender(ALLIES)
        engine.run(1)

    return await game.play_one(scenario)


async def test_envelope_and_fields(game: Game) -> None:
    """The envelope is the one that bots look for, and the fields are dialect B."""
    posted = await play_with(game, invent_players())

    assert posted.payload["content"] == "STATS_READY"
    assert posted.payload["username"] == "ET:Legacy Stats"
    assert posted.payload["allowed_mentions"] == {"parse": []}
    assert posted.query == {"wait": "true"}
    assert list(posted.fields) == DIALECT_B
    assert posted.embed["footer"]["text"] == posted.notice.sender == "roundhook 1.1.0"
    assert posted.embed["title"] == "Round Complete: supply R1"
    assert posted.embed["description"] == "Axis won, played 1:18 of 12:00, surrender by Allies"
    assert posted.fields["Lua_Playtime"] == "78 sec"
    assert posted.fields["Lua_Timelimit"] == "12 min"
    assert posted.fields["Lua_Pauses"] == "0 (0 sec)"
    assert json.loads(posted.fields["Axis_JSON"])[0] == {"guid": invent_players()[0].guid, "name": "Rocket"}


async def test_attachment_has_the_names_of_the_event(game: Game) -> None:
    """Every field of the bot's event that a script can know is in the attachment, under its name, and no other."""
    posted = await play_with(game, invent_players())

    known = {field.name for field in dataclasses.fields(RoundNotice)}
    assert set(posted.attachment) == known - {"server", "source", "message_id", "received_at"}


async def test_attachment_and_fields_agree(game: Game) -> None:
    """Whoever reads only the fields learns the same."""
    posted = await play_with(game, invent_players())

    assert posted.fields["Lua_RoundEnd"] == str(posted.attachment["round_end_unix"])
    assert posted.fields["Lua_RoundStart"] == str(posted.attachment["round_start_unix"])
    assert posted.fields["Winner"] == str(posted.attachment["winner_side"])
    assert json.loads(posted.fields["Allies_JSON"]) == posted.attachment["allies_players"]


async def test_sixty_four_players_with_long_names(game: Game) -> None:
    """With a full server and the longest names everybody is in the attachment, and the embed keeps its limits."""
    crowd = tuple(
        Player(player.guid, f"^{number % 10}{number:02d}" + '"' * 31, player.side)
        for number, player in enumerate(invent_players(64))
    )

    posted = await play_with(game, crowd)

    assert len(posted.notice.axis_players) == len(posted.notice.allies_players) == 32
    assert all(len(value) <= 1024 for value in posted.fields.values())
    assert len(posted.fields) <= 25
    assert _embed_length(posted.embed) <= 6000
    shown = json.loads(posted.fields["Axis_JSON"])
    assert shown == posted.attachment["axis_players"][: len(shown)]


async def test_names_of_every_byte(game: Game) -> None:
    """Whatever bytes a name holds, both halves are valid UTF-8 and valid JSON, and GUIDs come through."""
    names = [bytes([byte]) * 2 for byte in range(1, 256) if chr(byte) not in '\\"']
    names += ["żółw".encode(), b"\xe9t\xe9", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80", b"x\xf0\x9f\x98\x80"]
    names += [b"^^1a", b"@everyone", b"^", b"^1", b"a^ b", b"^/fn^?x"]
    sixty = [names[start : start + 60] for start in range(0, len(names), 60)]

    for number, group in enumerate(sixty, 1):
        people = tuple(
            Player(f"{index:032X}", name.decode("utf-8", "surrogateescape"), AXIS if index % 2 else ALLIES)
            for index, name in enumerate(group)
        )
        await game.play(lambda engine, people=people: _round_of(engine, people))  # type: ignore[misc]
        posted = game.webhook.posted[-1]
        everybody = posted.attachment["axis_players"] + posted.attachment["allies_players"]
        got = {entry["guid"]: entry["name"] for entry in everybody}
        assert len(game.webhook.posted) == number
        assert {guid: _printable(name) for guid, name in got.items()} == {
            f"{index:032X}": clean_name(_read(name)) for index, name in enumerate(group)
        }


def _round_of(engine: Engine, people: tuple[Player, ...]) -> None:
    for slot in sorted(engine.world.clients):
        engine.disconnect(slot)
    begin(engine, players=people)
    engine.run_until_played(5)
    engine.objective(ALLIES)
    engine.run(1)


def _read(name: bytes) -> str:
    """Read a name as the whole system does: UTF-8, else Latin-1."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("latin-1")


def _printable(name: str) -> str:
    """Return a name as the bot takes it: what cannot be seen is dropped, on whichever side."""
    return letters(name).strip()


def _embed_length(embed: dict[str, object]) -> int:
    fields = embed["fields"]
    assert isinstance(fields, list)
    texts = [str(embed["title"]), str(embed["description"])]
    texts += [text for entry in fields for text in (entry["name"], entry["value"])]
    return sum(len(text) for text in texts) + len("roundhook 1.1.0")
