"""Clocks that are set while the game runs, or come to their end: the engine's milliseconds are those of the day."""

import os
import time
from pathlib import Path

import pytest

from core.rounds.events import ALLIES, RoundNotice
from devkit.game import Engine
from tests.lua.harness import Game, begin

HOUR = 3600
CLOCKS = {"set forward": (HOUR, HOUR), "set back": (-HOUR, -HOUR), "wrapped": (0, -(2**32) / 1000)}
"""By how many seconds the time of day and the engine's milliseconds are another; the latter are 32 bits of it."""


def turn(engine: Engine, clock: str) -> None:
    """Set the machine's clock, or let the engine's come to its end."""
    of_day, of_engine = CLOCKS[clock]
    engine.world.unix += of_day
    engine.world.milliseconds += of_engine * 1000


def holds(notice: RoundNotice, engine: Engine, played: float, paused: float) -> None:
    """Hold a notice to what was played, and its times to each other and to the clock of its end."""
    assert notice.actual_duration_seconds == pytest.approx(played, abs=0.001)
    assert notice.wall_seconds == pytest.approx(played + paused, abs=1)
    assert notice.total_pause_seconds == pytest.approx(paused, abs=1)
    assert notice.round_end_unix == pytest.approx(engine.world.unix, abs=5)
    assert notice.round_start_unix is not None
    assert notice.round_end_unix - notice.round_start_unix == pytest.approx(played + paused, abs=3)
    assert notice.warmup_seconds == pytest.approx(15, abs=3)


@pytest.mark.parametrize("clock", CLOCKS)
async def test_clock_that_is_set_in_play(game: Game, clock: str) -> None:
    """How long was played does not hang on the time of day, and when it began is told by the clock of the end."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(60)
        turn(engine, clock)
        engine.run_until_played(100)
        engine.objective(ALLIES)
        engine.run(1)

    holds((await game.play_one(scenario)).notice, game.engine, game.engine.exit_played, 0)


@pytest.mark.parametrize("clock", CLOCKS)
async def test_clock_that_is_set_in_a_pause(game: Game, clock: str) -> None:
    """A pause has its own length, within the round, whatever the time of day does meanwhile."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(60)
        engine.pause()
        engine.run(20)
        turn(engine, clock)
        engine.run(20)
        engine.unpause()
        engine.run_until_played(100)
        engine.objective(ALLIES)
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    holds(notice, game.engine, game.engine.exit_played, 50)
    [pause] = notice.pauses
    assert notice.round_start_unix is not None
    assert pause.end_unix is not None
    assert pause.start_unix - notice.round_start_unix == pytest.approx(60, abs=2)
    assert pause.end_unix - pause.start_unix == pytest.approx(50, abs=1)


@pytest.mark.parametrize("clock", CLOCKS)
async def test_clock_that_is_set_before_the_server_is_killed(game: Game, clock: str) -> None:
    """What lies on disk of a round is told by the clock of its last sign of life."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(60)
        turn(engine, clock)
        engine.run_until_played(100)
        engine.kill()
        engine.load_map("radar")

    holds((await game.play_one(scenario)).notice, game.engine, 96.75, 0)


async def test_milliseconds_below_zero(game: Game) -> None:
    """On a server that has run for more than 24 days they are; a round that is lost then has its end all the same."""

    def scenario(engine: Engine) -> None:
        engine.world.milliseconds -= 2**31
        begin(engine)
        engine.run_until_played(60)
        engine.kill()
        engine.load_map("radar")

    notice = (await game.play_one(scenario)).notice

    assert notice.actual_duration_seconds == pytest.approx(57, abs=3)


async def test_peace_that_was_asked_for_by_a_wrong_clock(game: Game, tmp_path: Path) -> None:
    """Discord asked for an hour when the clock was days ahead: once it is right, nothing waits for those days."""
    program, now = tmp_path / "date", tmp_path / "now"
    program.write_text(f"#!/bin/sh\ncat '{now}'\n", encoding="utf-8")
    program.chmod(0o755)
    now.write_text(f"{int(time.time()) + 10 * 24 * HOUR}\n", encoding="utf-8")
    game.engine.shell.environment["PATH"] = f"{tmp_path}{os.pathsep}{game.engine.shell.environment['PATH']}"
    game.webhook.answers = [(429, {"retry_after": HOUR})]

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(10)
        engine.objective(ALLIES)
        engine.run(1)

    assert await game.play(scenario) == []
    now.write_text(f"{int(time.time())}\n", encoding="utf-8")

    assert len(await game.play(lambda engine: engine.load_map("radar"))) == 1
