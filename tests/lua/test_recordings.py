"""The script under the input that a real engine was recorded with: what it reports is what was seen there."""

import asyncio

import pytest

from core.rounds.events import ALLIES, AXIS, RoundNotice
from tests.devkit.game.recording import SAMPLES, Recording
from tests.devkit.game.test_recordings import replay
from tests.lua.harness import Game

pytestmark = pytest.mark.skipif(not (SAMPLES / "engine").is_dir(), reason=f"{SAMPLES}/engine is not on this machine")

SEEN = {
    "sw_full": [(1, "time_expired", AXIS, 36.0), (2, "time_expired", AXIS, 36.0)],
    "sw_objective": [(1, "objective", ALLIES, 20.05), (2, "objective", ALLIES, 20.05)],
    "surrender": [(1, "surrender", ALLIES, 9.2), (2, "surrender", ALLIES, 6.95)],
    "pause": [(1, "time_expired", AXIS, 48.0)],
    "quit_mid": [(1, "aborted", 0, 5.15)],
    "mapchange_mid": [(1, "aborted", 0, 6.1), (1, "aborted", 0, 7.2)],
    "restart_mid": [(1, "aborted", 0, 6.15), (1, "aborted", 0, 9.3), (1, "aborted", 0, 4.9), (1, "aborted", 0, 6.05)],
    "names": [(1, "time_expired", AXIS, 30.0)],
}
"""Round number, end reason, winner, seconds played: read off the recordings by hand."""


async def reported(game: Game, situation: str) -> list[RoundNotice]:
    """Return what the script reports under a recording's input."""
    await asyncio.to_thread(replay, Recording.load(situation), game.engine)
    await asyncio.to_thread(game.engine.shell.wait_idle)
    assert game.engine.printed == []
    return game.webhook.notices


@pytest.mark.parametrize("situation", SEEN)
async def test_reports_what_was_seen(game: Game, situation: str) -> None:
    """Number, reason and winner are right, and the played time is the engine's to the millisecond."""
    notices = await reported(game, situation)

    found = [(n.round_number, n.end_reason, n.winner_side, n.actual_duration_seconds) for n in notices]
    assert found == SEEN[situation]


async def test_pauses_as_they_were(game: Game) -> None:
    """The two pauses that were recorded have their true lengths, countdowns included."""
    (notice,) = await reported(game, "pause")

    lengths = [(pause.end_unix or 0) - pause.start_unix for pause in notice.pauses]
    assert lengths == pytest.approx([22.85, 40.05], abs=0.001)


async def test_surrender_by_the_side_that_it_was(game: Game) -> None:
    """The Axis side gave up in both rounds, and different people were on it."""
    first, second = await reported(game, "surrender")

    assert (first.surrender_side, second.surrender_side) == (AXIS, AXIS)
    assert first.surrender_caller != second.surrender_caller
    assert first.surrender_caller in {player.guid for player in first.axis_players}
    assert second.surrender_caller in {player.guid for player in second.axis_players}
