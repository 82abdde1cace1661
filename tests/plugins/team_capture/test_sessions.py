"""The teams of sessions and the winners of their maps, on the real bot and in real evenings."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.app import offline_application
from core.config import parse_config
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugins.rounds import filename, hand_over, play, play_match
from tests.plugins.stats_import.invented import Line, stats_file

PLUGINS = ["stats_import", "timing_override", "team_capture"]
ONE = [Line(f"AAAAAAA{number}", f"vx.{name}", side=1) for number, name in enumerate(("olz", "kirby", "zed"))]
TWO = [Line(f"BBBBBBB{number}", name, side=2) for number, name in enumerate(("bea", "ann", "carl"))]
TEAMS = "SELECT t.team, t.name FROM session_teams t ORDER BY t.session_id, t.team"
WINNERS = "SELECT m.map_name, m.result, m.winner_team FROM matches m ORDER BY m.map_name"

EVENINGS = {
    "2025-09-24 21:32": ("b45f9dc09be7", (4, 2, 0, 0)),
    "2025-10-02 19:18": ("0af25e4b9ee1", (2, 8, 0, 0)),
    "2025-10-12 19:18": ("f7daf4a8d571", (1, 0, 1, 0)),
    "2025-10-14 19:22": ("1be061c2815a", (0, 12, 0, 0)),
    "2025-10-17 18:21": ("05a4c31f014c", (1, 1, 0, 0)),
    "2025-10-17 20:51": ("316761ce5649", (1, 1, 0, 0)),
    "2025-10-19 19:26": ("249419925923", (8, 4, 0, 0)),
    "2025-10-23 19:28": ("214016474fe2", (6, 3, 0, 0)),
    "2025-10-24 20:43": ("f9803fa5f976", (2, 0, 0, 0)),
    "2025-10-25 13:59": ("2bc22a4b030a", (2, 0, 0, 0)),
    "2025-10-26 18:17": ("39b98353baa5", (2, 1, 0, 0)),
    "2025-10-26 20:39": ("310a955e50bf", (0, 3, 1, 0)),
}
"""Those of more than one round: a digest of the teams; maps won by each, draws, and maps without a winner."""


async def winners(stage: Stage) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in await stage.db.fetch(WINNERS)]


async def test_an_evening_has_teams_and_winners(database_url: str) -> None:
    """Through swaps of sides; the score is a map each; nobody is told what he is about to be told anyway."""
    turned = [replace(one, side=3 - one.side) for one in (*ONE, *TWO)]
    async with Stage(PLUGINS, database=database_url) as stage:
        await play_match(stage, "adlernest", ago=3000, players=[*ONE, *TWO])
        await play_match(stage, "supply", ago=1200, players=turned)
        teams = [tuple(row.values()) for row in await stage.db.fetch(TEAMS)]
        people = await stage.db.fetch("SELECT guid, team, rounds FROM session_players ORDER BY guid")
        amended = await stage.db.fetch("SELECT key FROM events WHERE payload LIKE '%winner_team%'")
        won = await winners(stage)

    assert teams == [(1, "vx"), (2, "ann & bea")]
    assert [(row["guid"], row["team"], row["rounds"]) for row in people] == [
        *((one.guid, 1, 4) for one in ONE), *((one.guid, 2, 4) for one in TWO),
    ]  # fmt: skip
    assert won == [("adlernest", "first_attackers", 2), ("supply", "first_attackers", 1)]
    assert amended == []


async def test_a_round_that_counts_no_more_is_in_no_team(database_url: str) -> None:
    """Its file turns out to be a copy of the other one: only that is left, and nothing about it is different."""
    async with Stage(PLUGINS, database=database_url) as stage:
        name = filename(stage, ago=600)
        first = stats_file(players=[*ONE, *TWO], shown="12:00", winner=1)
        await hand_over(stage, filename(stage, ago=1200), first)
        await hand_over(stage, name, stats_file(players=[ONE[0], TWO[0]]))
        before = await stage.db.fetch("SELECT guid, rounds FROM session_players WHERE rounds > 1 ORDER BY guid")
        await hand_over(stage, name, first)
        after = await stage.db.fetch("SELECT guid, rounds FROM session_players ORDER BY guid")

    assert [row["guid"] for row in before] == [ONE[0].guid, TWO[0].guid]
    assert [(row["guid"], row["rounds"]) for row in after] == [(one.guid, 1) for one in (*ONE, *TWO)]


async def test_a_map_that_mixes_the_teams_takes_the_results_back(database_url: str) -> None:
    """What was said of the first map is corrected: its rounds are amended, once."""
    others = [replace(one, side=1 + number % 2) for number, one in enumerate((*ONE, *TWO))]
    async with Stage(PLUGINS, database=database_url) as stage:
        await play_match(stage, "adlernest", ago=3000, players=[*ONE, *TWO])
        first = await winners(stage)
        await play_match(stage, "supply", ago=1200, players=others)
        second = await winners(stage)
        teams = await stage.db.fetch(TEAMS)
        amended = await stage.db.fetch("SELECT payload FROM events WHERE payload LIKE '%winner_team%' ORDER BY id")

    assert first == [("adlernest", "first_attackers", 2)]
    assert second == [("adlernest", "first_attackers", None), ("supply", "first_attackers", None)]
    assert teams == []
    told = [json.loads(row["payload"]) for row in amended]
    assert [(one["round"]["map_name"], one["changed"]) for one in told] == [("adlernest", ["winner_team"])] * 2


async def test_two_servers_have_an_evening_each() -> None:
    """At the same time, with the same people on the other team."""
    config = {"servers": {"other": {"timezone": "UTC"}}}
    turned = [replace(one, side=3 - one.side) for one in (*ONE, *TWO)]
    async with Stage(PLUGINS, config=config) as stage:
        await play_match(stage, "adlernest", players=[*ONE, *TWO])
        await play_match(stage, "adlernest", players=turned, server="other")
        teams = [row["name"] for row in await stage.db.fetch(TEAMS)]

    assert teams == ["vx", "ann & bea", "ann & bea", "vx"]


async def test_bots_and_rounds_of_one_side_make_no_team() -> None:
    """Who plays alone, or against bots, has won against nobody."""
    bots = [Line("OMNIBOT0000000000000000000000000", f"[BOT]{number}", side=2) for number in range(2)]
    async with Stage(PLUGINS) as stage:
        await play(stage, "adlernest", ago=3000, players=ONE)
        await play(stage, "supply", ago=60, players=[*ONE, *bots])

        assert await stage.db.fetch(TEAMS) == []


async def test_a_late_first_round_gives_the_map_its_winner(database_url: str) -> None:
    """An R2 alone has none; when its R1 comes, it has."""
    players = [*ONE, *TWO]
    later = [player.later() for player in players]
    async with Stage(PLUGINS, database=database_url) as stage:
        data = stats_file("supply", 2, later, limit="6:05", shown="5:00", winner=2)
        await hand_over(stage, filename(stage, "supply", 2, ago=60), data)
        alone = await winners(stage)
        await play(stage, "supply", ago=700, players=players)
        paired = await winners(stage)

    assert alone == []
    assert paired == [("supply", "second_attackers", 1)]


async def test_the_first_release_fills_what_is_stored(database_url: str) -> None:
    """Sessions that an earlier version has stored get their teams when the plugin is loaded, once."""
    async with Stage(PLUGINS[:2], database=database_url) as stage:
        await play_match(stage, "adlernest", ago=3000, players=[*ONE, *TWO])
        await stage.db.execute("DELETE FROM deliveries")
        await stage.db.execute("DELETE FROM events")
    async with Stage(PLUGINS, database=database_url) as stage:
        await stage.settled()
        await stage.until(lambda: _has_winner(stage))
        teams = [row["name"] for row in await stage.db.fetch(TEAMS)]
        await stage.db.execute("DELETE FROM session_teams")
        await stage.plugins.reload("team_capture")
        await stage.settled()

        assert teams == ["vx", "ann & bea"]
        assert await stage.db.fetch(TEAMS) == []


async def _has_winner(stage: Stage) -> bool:
    return [one[2] for one in await winners(stage)] == [2]


async def test_the_teams_of_the_samples(samples: Path, tmp_path: Path) -> None:
    """Grouped by hand; held as digests of sets of GUIDs."""
    config = parse_config({"servers": {"puran": {"timezone": "Europe/Ljubljana"}}}, tmp_path)
    async with offline_application(config) as app:
        for path in sorted(samples.glob("*-round-?.txt")):
            await app.services.publish(await app.services.files.put("puran", path.name, path.read_bytes()))
        await app.kernel.dispatcher.settled(PATIENCE)
        rows = await app.services.database.fetch(
            "SELECT s.started_at, p.team, p.guid FROM session_players p JOIN sessions s ON s.id = p.session_id"
        )
        score = await app.services.database.fetch(
            "SELECT s.started_at, m.winner_team FROM matches m JOIN rounds r ON r.id = m.round1_id "
            "JOIN sessions s ON s.id = r.session_id WHERE m.round2_id IS NOT NULL"
        )
    evenings: dict[str, list[list[str]]] = {
        one: [[], []] for one in sorted({str(row["started_at"])[:16] for row in rows})
    }
    for row in rows:
        evenings[str(row["started_at"])[:16]][row["team"] - 1].append(row["guid"])
    found = {one: (_digest(*teams), _score(score, one)) for one, teams in evenings.items()}

    assert {one: found[one] for one in EVENINGS} == EVENINGS
    assert len(found) == 30


def _digest(*teams: Sequence[str]) -> str:
    """Return a digest of two sets of GUIDs, whichever is called team 1."""
    return hashlib.sha256(repr(sorted(sorted(team) for team in teams)).encode()).hexdigest()[:12]


def _score(rows: list[dict[str, Any]], evening: str) -> tuple[int, ...]:
    won = [row["winner_team"] for row in rows if str(row["started_at"])[:16] == evening]
    return tuple(won.count(team) for team in (1, 2, 0, None))
