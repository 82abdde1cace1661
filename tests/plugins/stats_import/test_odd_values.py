"""One odd value costs one value: the round is stored and shown, and the other players with it."""

import json
from typing import Any

from core.rounds.names import guest_guid
from roundhook.testing import Stage
from tests.plugins.rounds import filename, hand_over, play, play_match
from tests.plugins.stats_import.invented import PLAYERS, Line, stats_file

PLUGINS = ["stats_import", "stats_commands"]
ALPHA = Line("AAAAAAA1", "alpha", fields={0: 800})


def remarks(row: dict[str, Any]) -> dict[str, list[str]]:
    """Return a round's remarks by GUID."""
    found: dict[str, list[str]] = {}
    for one in json.loads(row["remarks"] or "[]"):
        found.setdefault(one["guid"], []).append(one["remark"])
    return found


async def test_a_guest_is_in_the_round_and_in_no_ranking(database_url: str) -> None:
    """Who has no GUID is kept with his numbers, in R2 less R1; nobody looks him up, and no board shows him."""
    async with Stage(PLUGINS, database=database_url) as stage:
        guests = [
            Line(guid, name, side=2) for guid, name in (("NO_GUID", "^1ghost"), ("UNKNOWN", "phantom"), ("", "w"))
        ]
        first, second = await play_match(stage, players=[*PLAYERS, *guests])
        rows = await stage.db.fetch("SELECT round_id, guid, kills, time_played_seconds FROM player_rounds")
        people = await stage.db.fetch("SELECT guid FROM players UNION SELECT guid FROM player_names")
        sums = await stage.db.fetch("SELECT guid FROM player_totals UNION SELECT guid FROM player_days")
        card = await stage.discord.invoke("round", user=7, guild=1, options={"id": first["id"]})
        boards = [
            (await stage.discord.invoke("top", user=7, guild=1, options={"category": category})).embeds[0][
                "description"
            ]
            for category in ("kills", "dpm", "rounds")
        ]

    assert (first["status"], second["status"], first["remarks"]) == ("ok", "ok", None)
    for name in ("ghost", "phantom", "w"):
        mine = {
            row["round_id"]: (row["kills"], row["time_played_seconds"])
            for row in rows
            if row["guid"] == guest_guid(name)
        }
        assert mine == {first["id"]: (3, 360), second["id"]: (3, 300)}
    assert {row["guid"] for row in people} == {row["guid"] for row in sums} == {line.guid for line in PLAYERS}
    assert all("one" in board and "ghost" not in board and "phantom" not in board for board in boards)
    assert card.files


async def test_odd_numbers_are_unknown_and_said(database_url: str) -> None:
    """XP and times below 0, no side, a weapon that cannot be: unknown, with a remark; the card is drawn.

    Blanks in place of tabs, as the oldest script has them, are a round like any other.
    """
    async with Stage(PLUGINS, database=database_url) as stage:
        odd = Line("AAAAAAA2", "odd", side=0, fields={9: -12, 22: -35, 25: -6, 28: -4})
        torn = Line("BBBBBBB2", "torn", side=2, weapons={4: (20, -50, 3, 2, 5)})
        row = await play(stage, players=[ALPHA, odd, torn])
        rows = {one["guid"]: one for one in await stage.db.fetch("SELECT * FROM player_rounds")}
        card = await stage.discord.invoke("round", user=7, guild=1)
        stats = await stage.discord.invoke("stats", user=7, guild=1, options={"player": "torn"})
        data = stats_file("radar", players=[ALPHA]).replace(b" \t", b" ").replace(b"\t", b" ")
        oldest = await hand_over(stage, filename(stage, "radar", ago=30), data)
        (player,) = await stage.db.fetch(
            "SELECT kills, damage_given, time_played_seconds FROM player_rounds WHERE round_id = ?", (oldest["id"],)
        )

    assert row["status"] == "ok"
    assert (row["actual_duration_seconds"], len(rows)) == (365, 3)
    unknown = {name for name, value in rows["AAAAAAA2"].items() if value is None}
    assert unknown == {"side", "xp", "time_played_seconds", "time_dead_seconds", "denied_playtime_seconds"}
    assert {name for name, value in rows["BBBBBBB2"].items() if value is None} == {
        "kills", "deaths", "hits", "shots", "headshots",
    }  # fmt: skip
    assert "has xp -12, which cannot be: unknown" in remarks(row)["AAAAAAA2"]
    assert "has side 0, which cannot be: unknown" in remarks(row)["AAAAAAA2"]
    assert remarks(row)["BBBBBBB2"] == ["has a weapon's number -50, which cannot be: unknown"]
    assert set(remarks(row)) == {"AAAAAAA2", "BBBBBBB2"}
    assert card.files
    assert "torn" in stats.embeds[0]["title"]
    assert oldest["status"] == "ok"
    assert tuple(player.values()) == (3, 800, 360)


async def test_one_odd_award_is_said_with_its_round(database_url: str) -> None:
    """An award that cannot be is left out with a remark, whichever file comes first, and stays so when R1 heals R2."""
    async with Stage(PLUGINS, database=database_url) as stage:
        awards = b"Most damage given\tone\t1800\nFull respawn king\tthree\t-nan percent, 0.0 min\n"
        later = [player.later() for player in PLAYERS]
        second = stats_file(number=2, players=later, limit="6:05", shown="6:05", winner=1)
        name = filename(stage, number=2, ago=100)
        await hand_over(stage, name.replace(".txt", "-endstats.txt"), awards)
        first_seen = await hand_over(stage, name, second)
        await play(stage, ago=700)
        healed = await hand_over(stage, name, second)
        late = await hand_over(stage, filename(stage, "radar", ago=50), stats_file("radar"))
        await hand_over(stage, filename(stage, "radar", ago=48, end="-endstats"), awards)
        found = await stage.db.fetch("SELECT award, guid, value FROM awards WHERE round_id = ?", (healed["id"],))
        (late,) = await stage.db.fetch("SELECT * FROM rounds WHERE id = ?", (late["id"],))

    told = "endstats: the award 'Full respawn king' of '-nan percent, 0.0 min' cannot be: left out"
    assert (first_seen["status"], healed["status"]) == ("unpaired", "ok")
    assert all(told in remarks(row)["BBBBBBB1"] for row in (first_seen, healed, late))
    assert [tuple(row.values()) for row in found] == [("Most damage given", "AAAAAAA1", "1800")]
