"""Rounds that end without intermission: aborted, with their own number, and never a winner."""

from collections.abc import Callable

import pytest

from core.rounds.events import ALLIES, AXIS
from devkit.game import Engine
from devkit.game.world import State
from tests.lua.harness import Game, begin, begin_second


def everybody_leaves(engine: Engine) -> None:
    """Let all players disconnect."""
    for slot in sorted(engine.world.clients):
        engine.disconnect(slot)


WAYS: dict[str, Callable[[Engine], None]] = {
    "map change": lambda engine: engine.load_map("adlernest"),
    "quit": Engine.quit,
    "console restart": Engine.map_restart,
    "match reset": Engine.reset_match,
    "swapped teams": Engine.swap_teams,
    "everybody leaves": everybody_leaves,
}


@pytest.mark.parametrize("way", WAYS)
async def test_aborted_first_round(game: Game, way: str) -> None:
    """An aborted round 1 is reported as round 1 of its own map, without a winner."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(60)
        WAYS[way](engine)

    notice = (await game.play_one(scenario)).notice

    assert (notice.map_name, notice.round_number, notice.end_reason) == ("supply", 1, "aborted")
    assert (notice.winner_side, notice.surrender_side, notice.defender_side) == (0, 0, AXIS)
    assert notice.actual_duration_seconds == pytest.approx(60, abs=0.06)
    assert notice.time_limit_seconds == 720
    assert len(notice.axis_players) + len(notice.allies_players) + len(notice.left_players) == 6


@pytest.mark.parametrize("way", ["map change", "quit", "console restart", "match reset", "everybody leaves"])
async def test_aborted_second_round(game: Game, way: str) -> None:
    """An aborted round 2 is reported as round 2, although the engine's counter is already reset."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(90)
        engine.objective(ALLIES)
        begin_second(engine)
        engine.run_until_played(45)
        WAYS[way](engine)

    _, second = (posted.notice for posted in await game.play(scenario))

    assert (second.map_name, second.round_number, second.end_reason) == ("supply", 2, "aborted")
    assert second.winner_side == 0
    assert second.actual_duration_seconds == pytest.approx(45, abs=0.06)
    assert second.time_limit_seconds == pytest.approx(90.05, abs=0.01)


async def test_restarted_round_is_played_on(game: Game) -> None:
    """After a restart from the console the round begins again, without warm-up, and is reported on its own."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(60)
        engine.map_restart()
        engine.run_until_played(90)
        engine.objective(ALLIES)
        engine.run(1)

    aborted, played = (posted.notice for posted in await game.play(scenario))

    assert (aborted.end_reason, aborted.warmup_seconds is None) == ("aborted", False)
    assert (played.end_reason, played.warmup_seconds) == ("objective", None)
    assert played.actual_duration_seconds == pytest.approx(90.05, abs=0.051)
    assert played.round_start_unix is not None
    assert played.round_start_unix >= aborted.round_end_unix


async def test_aborted_while_paused(game: Game) -> None:
    """A pause that is open when the round is aborted is closed there, and is not play."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(60)
        engine.pause()
        engine.run(20)
        engine.map_restart()

    notice = (await game.play_one(scenario)).notice

    assert notice.end_reason == "aborted"
    assert notice.actual_duration_seconds == pytest.approx(60, abs=0.51)
    assert notice.total_pause_seconds == pytest.approx(20, abs=0.51)


async def test_warmup_that_ends_is_no_round(game: Game) -> None:
    """Nothing is sent when a server in warm-up or in intermission loads a map, restarts or quits."""

    def scenario(engine: Engine) -> None:
        engine.load_map("supply")
        engine.run(5)
        engine.load_map("adlernest")
        engine.map_restart()
        engine.quit()

    assert await game.play(scenario) == []


async def test_map_change_in_intermission(game: Game) -> None:
    """A round that was reported is not reported again when its intermission is cut short."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(60)
        engine.objective(ALLIES)
        engine.run(1)
        engine.load_map("adlernest")

    assert (await game.play_one(scenario)).notice.end_reason == "objective"


async def test_map_change_right_after_the_exit_line(game: Game) -> None:
    """When the engine has said that the round is over, it is over, even if intermission is never seen."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(400)
        engine.surrender(ALLIES)
        assert engine.state is State.PLAYING
        engine.quit()

    notice = (await game.play_one(scenario)).notice

    assert (notice.round_number, notice.end_reason, notice.winner_side) == (1, "surrender", AXIS)
