"""Pauses: the clock stands still, the list says when, and the played time does not count them."""

import pytest

from core.rounds.events import ALLIES, RoundNotice
from devkit.game import Engine
from devkit.game.world import State
from tests.lua.harness import Game, begin

NEAR = 0.6
"""Seconds by which a pause's place may be off; its length is exact."""


def pause_for(engine: Engine, seconds: float) -> float:
    """Stop the clock for *seconds*, countdown included; return when it stopped, in Unix seconds."""
    began = engine.world.unix
    engine.pause()
    engine.run(seconds - 10.05)
    engine.unpause()
    while engine.clock.is_paused:
        engine.frame()
    return began


def lengths(notice: RoundNotice) -> list[float]:
    """Return the lengths of the pauses."""
    return [pause.end_unix - pause.start_unix for pause in notice.pauses if pause.end_unix is not None]


async def test_one_pause(game: Game) -> None:
    """A pause's length includes the countdown, and played and wall time differ by it."""
    began: list[float] = []

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(100)
        began.append(pause_for(engine, 37))
        engine.run_until_played(300)
        engine.objective(ALLIES)
        engine.run(1)

    posted = await game.play_one(scenario)
    notice = posted.notice

    assert notice.actual_duration_seconds == pytest.approx(300.05, abs=0.051)
    assert lengths(notice) == pytest.approx([37], abs=0.001)
    assert notice.total_pause_seconds == pytest.approx(37, abs=0.001)
    assert notice.pauses[0].start_unix == pytest.approx(began[0], abs=NEAR + 1)
    assert notice.wall_seconds == pytest.approx(300 - 0.7 + 37, abs=0.2)
    assert posted.fields["Lua_Pauses"] == "1 (37 sec)"


async def test_several_pauses(game: Game) -> None:
    """Each pause is listed, also short ones close together and a team's time-out."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        for at, seconds in ((20, 12), (22, 10.05), (100, 61.3)):
            engine.run_until_played(at)
            pause_for(engine, seconds)
        engine.run_until_played(200)
        engine.timeout(0, seconds=30)
        while engine.clock.is_paused:
            engine.frame()
        engine.run_until_played(300)
        engine.objective(ALLIES)
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    assert lengths(notice) == pytest.approx([12, 10.05, 61.3, 40.05], abs=0.3)
    assert notice.pause_count == 4
    assert notice.actual_duration_seconds == pytest.approx(300.05, abs=0.051)


@pytest.mark.parametrize("play", [0.05, 0.3, 0.9, 1.5])
async def test_pauses_that_follow_at_once(game: Game, play: float) -> None:
    """Pauses with less than a second of play between them are two, each with its own length."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(100)
        pause_for(engine, 20)
        engine.run(play)
        pause_for(engine, 15)
        engine.run_until_played(300)
        engine.objective(ALLIES)
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    assert lengths(notice) == pytest.approx([20, 15], abs=0.051)
    assert notice.pauses[0].end_unix is not None
    assert notice.pauses[1].start_unix - notice.pauses[0].end_unix == pytest.approx(play, abs=0.051)
    assert notice.actual_duration_seconds == pytest.approx(300.05, abs=0.051)


async def test_surrender_while_paused(game: Game) -> None:
    """A round can end in a pause: it is closed there, and the clock has stood since it began."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(200)
        engine.pause()
        engine.run(30)
        engine.surrender(ALLIES)
        engine.run(2)
        assert engine.state is State.INTERMISSION
        assert engine.clock.is_paused

    notice = (await game.play_one(scenario)).notice

    assert notice.end_reason == "surrender"
    assert lengths(notice) == pytest.approx([30], abs=NEAR)
    assert notice.actual_duration_seconds == pytest.approx(200, abs=0.5)
    assert notice.pauses[0].end_unix is not None
    assert notice.pauses[0].end_unix <= notice.round_end_unix + 1


async def test_defenders_surrender_while_paused(game: Game) -> None:
    """Where the engine writes the played time for the next round, a pause does not blur it."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(200.35)
        engine.pause()
        engine.run(30.2)
        engine.surrender(1)
        engine.run(2)

    assert (await game.play_one(scenario)).notice.actual_duration_seconds == pytest.approx(200.35, abs=0.001)


async def test_pause_at_the_very_end(game: Game) -> None:
    """A pause a second before the end costs nothing of the played time."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(719.9)
        pause_for(engine, 15)
        engine.run_until(State.INTERMISSION)
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    assert (notice.actual_duration_seconds, notice.end_reason) == (720, "time_expired")
    assert lengths(notice) == pytest.approx([15], abs=0.3)


async def test_many_pauses_fit(game: Game) -> None:
    """However many pauses: all are in the attachment, and the field keeps to Discord's limit."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        for number in range(30):
            engine.run_until_played(5 + number * 5)
            pause_for(engine, 11)
        engine.objective(ALLIES)
        engine.run(1)

    posted = await game.play_one(scenario)

    assert posted.notice.pause_count == len(posted.notice.pauses) == 30
    assert len(posted.fields["Lua_Pauses_JSON"]) <= 1024
