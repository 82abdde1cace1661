"""Who was on which side, on pictures of maps and of evenings: after a draw, too."""

from collections.abc import Callable
from typing import Any

import pytest

from plugins.stats_commands import service
from plugins.stats_commands.service import Answers
from roundhook.pictures import DrawingThreads
from roundhook.testing import Stage
from tests.plugins.rounds import filename, hand_over, play, play_match
from tests.plugins.stats_import.invented import PLAYERS, stats_file

PLUGINS = ["stats_import", "team_capture", "stats_commands"]


async def test_teams_have_their_sides_after_a_draw(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has won, and yet it is known which team was on Axis in each round, and whose time is whose."""
    cards: list[Any] = []

    async def draw(self: DrawingThreads, function: Callable[[], bytes], *arguments: Any) -> bytes:
        cards.extend(arguments)
        return b"" if arguments else function()

    async with Stage(PLUGINS, database=database_url) as stage:
        await play_match(stage, "radar", ago=2000)
        for defender in (1, 2):  # round 1 held by Axis, then by Allies: another team attacks
            name = f"supply{defender}"
            await play(stage, name, ago=2300 - 700 * defender, shown="12:00", winner=defender, defender=defender)
            held = stats_file(
                name, 2, [one.later() for one in PLAYERS], shown="12:00", winner=defender, defender=defender
            )
            await hand_over(stage, filename(stage, name, 2, ago=1680 - 700 * defender), held)
        monkeypatch.setattr(DrawingThreads, "draw", draw)
        monkeypatch.setattr(service, "render_evening", _kept_in(cards))
        answers = Answers(stage.db, stage.clock, {}, lambda action, args: f"{action}:{args}")
        for row in await stage.db.fetch("SELECT id FROM matches ORDER BY id"):
            await answers.map(row["id"])
        await answers.last(())

    *maps, evening = cards
    assert [(one.rounds[0].map_name, one.winner, one.axis_teams) for one in maps] == [
        ("radar", 2, (1, 2)), ("supply1", 0, (1, 2)), ("supply2", 0, (1, 2)),
    ]  # fmt: skip
    assert [(one.name, one.times) for one in evening.maps] == [
        ("radar", (None, 365.0)), ("supply1", (None, None)), ("supply2", (None, None)),
    ]  # fmt: skip


def _kept_in(cards: list[Any]) -> Callable[[Any], bytes]:
    """Return what draws nothing and keeps what it is given."""

    def kept(card: Any) -> bytes:
        cards.append(card)
        return b""

    return kept
