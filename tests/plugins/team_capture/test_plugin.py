"""The rows of lua_round_teams: who was on which side, by the notice where there is one, else by the file."""

import json
from typing import Any

from core.rounds.events import ImportedRound, PlayerRef
from roundhook.testing import Stage
from tests.plugins.notices import notice
from tests.plugins.rounds import filename, hand_over, play, play_match
from tests.plugins.stats_import.invented import Line, stats_file

PLUGINS = ["stats_import", "team_capture"]
PLAYERS = (Line("BBBBBBB2", "^1bea^7", side=1), Line("AAAAAAA1", 'an"na', side=2), Line("CCCCCCC3", "Čiro", side=1))


async def teams(stage: Stage) -> list[dict[str, Any]]:
    await stage.settled()
    return await stage.db.fetch("SELECT * FROM lua_round_teams ORDER BY round_id")


def names(roster: str) -> list[str]:
    people: list[dict[str, str]] = json.loads(roster)
    assert all(list(one) == ["guid", "name"] for one in people)
    return [one["name"] for one in people]


async def test_without_a_notice_the_file_says_who_was_where(database_url: str) -> None:
    """One row with the file's time as text, both rosters by GUID without colour codes, and what the round says."""
    async with Stage(PLUGINS, database=database_url) as stage:
        row = await hand_over(stage, "2026-01-10-205959-supply-round-1.txt", stats_file(players=PLAYERS))
        (stored,) = await teams(stage)
        now = stage.clock.now()

    assert (stored["server"], stored["match_id"], stored["round_number"]) == ("local", "2026-01-10-205959", 1)
    assert (stored["round_id"], stored["winner_team"], stored["actual_duration_seconds"]) == (row["id"], 2, 365)
    assert stored["end_reason"] is None
    assert json.loads(stored["axis_players"]) == [
        {"guid": "BBBBBBB2", "name": "bea"}, {"guid": "CCCCCCC3", "name": "Čiro"},
    ]  # fmt: skip
    assert json.loads(stored["allies_players"]) == [{"guid": "AAAAAAA1", "name": 'an"na'}]
    assert 0 <= (now - stored["captured_at"]).total_seconds() < 60


async def test_the_notices_rosters_count_whenever_it_comes(database_url: str) -> None:
    """A notice before the file, and one after it, give the same: its rosters, in the one row of the round."""
    rosters = {
        "axis_players": (PlayerRef("AAAAAAA1", "anna"),),
        "allies_players": (PlayerRef("DDDDDDD4", "dora"), PlayerRef("BBBBBBB2", "bea")),
    }
    async with Stage(["stats_import", "timing_override", "team_capture"], database=database_url) as stage:
        early = notice(map_name="radar", round_end_unix=stage.clock.now().timestamp() - 304, **rosters)
        await stage.publish(early)
        await play(stage, "radar", ago=300, players=PLAYERS, winner=1, shown="12:00")
        supply = await play(stage, "supply", ago=60, players=PLAYERS, winner=1, shown="12:00")
        before = (await teams(stage))[1]
        await stage.publish(notice(round_end_unix=supply["played_at"].timestamp() - 4, **rosters))
        first, second = await teams(stage)

    assert names(before["axis_players"]) == ["bea", "Čiro"]
    for stored in (first, second):
        assert names(stored["axis_players"]) == ["anna"]
        assert names(stored["allies_players"]) == ["bea", "dora"]
        assert (stored["actual_duration_seconds"], stored["end_reason"]) == (512, "surrender")
    assert before["id"] == second["id"]


async def test_a_notice_with_one_roster_puts_nobody_on_both_sides() -> None:
    """Where the notice lists one side only, the file fills the other, without those whom the notice knows better."""
    async with Stage(PLUGINS) as stage:
        end = stage.clock.now().timestamp() - 64
        await stage.publish(notice(round_end_unix=end, allies_players=(PlayerRef("BBBBBBB2", "bea"),)))
        await play(stage, players=PLAYERS)
        (stored,) = await teams(stage)

    assert (names(stored["axis_players"]), names(stored["allies_players"])) == (["Čiro"], ["bea"])


async def test_a_better_file_changes_the_row_and_the_same_again_does_not() -> None:
    """A complete file after a first version rewrites the row in place; both rounds of a match have one each."""
    async with Stage(PLUGINS) as stage:
        first, second = await play_match(stage, "radar", ago=700)
        name = filename(stage)
        await hand_over(stage, name, stats_file(players=PLAYERS[:1]))
        before = await teams(stage)
        await hand_over(stage, name, stats_file(players=PLAYERS))
        await hand_over(stage, name, stats_file(players=PLAYERS))
        after = await teams(stage)

    assert [row["round_number"] for row in after] == [1, 2, 1]
    assert after[0]["axis_players"] == after[1]["allies_players"]
    assert [row["round_id"] for row in after[:2]] == [first["id"], second["id"]]
    assert before[:2] == after[:2]
    assert (names(before[2]["axis_players"]), names(after[2]["axis_players"])) == (["bea"], ["bea", "Čiro"])
    assert before[2]["id"] == after[2]["id"]


async def test_a_round_of_nobody_and_one_that_is_not_there() -> None:
    """An empty round has empty rosters; an event about a round that is not stored writes nothing and is no failure."""
    async with Stage(PLUGINS) as stage:
        await play(stage, players=[])
        await stage.publish(ImportedRound(round_id=99, file_sha256="unknown", server="local"))
        stored = await teams(stage)
        failed = await stage.db.fetch("SELECT error FROM deliveries WHERE state <> 'done'")

    assert [(one["axis_players"], one["allies_players"]) for one in stored] == [("[]", "[]")]
    assert failed == []
