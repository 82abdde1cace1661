"""Rounds whose end nobody saw: what is known of them lies on disk, and the next start reports them as aborted."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.rounds.events import ALLIES, AXIS
from core.rounds.names import normal_guid
from devkit.game import Engine, Player, invent_players
from tests.lua.harness import Game, begin, begin_second

NEAR = 5.1
"""Seconds between two signs of life: so much of the end may be missing."""


@contextmanager
def next_start(game: Game) -> Iterator[Engine]:
    """Start the server anew: a process of its own, with nobody on it."""
    engine = Engine(game.home, flavour=game.flavour, now=game.engine.world.unix + 20)
    try:
        engine.load_map("oasis")
        engine.run(5)
        assert engine.shell.wait_idle()
        yield engine
    finally:
        engine.close()


def state_files(game: Game) -> list[str]:
    """Return what is kept of rounds."""
    return sorted(path.name for path in game.outbox.glob("round-*"))


async def test_killed_in_a_round(game: Game) -> None:
    """People, who left, pauses, length and times of a round that SIGKILL ended are those of the last sign of life."""
    people = invent_players()
    ended: list[float] = []

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(50)
        engine.disconnect(engine.slot_of(people[0]))
        engine.pause()
        engine.run(20)
        engine.unpause()
        engine.run_until_played(200)
        ended.append(engine.world.unix)
        engine.kill()
        with next_start(game) as again:
            assert again.printed == []

    notice = (await game.play_one(scenario)).notice

    assert (notice.map_name, notice.round_number, notice.end_reason) == ("supply", 1, "aborted")
    assert (notice.winner_side, notice.defender_side, notice.time_limit_seconds) == (0, AXIS, 720)
    assert 200 - NEAR <= (notice.actual_duration_seconds or 0) <= 200
    assert ended[0] - NEAR - 1 <= notice.round_end_unix <= ended[0]
    assert notice.total_pause_seconds == pytest.approx(30.05, abs=0.001)
    assert notice.warmup_seconds == pytest.approx(17, abs=1)
    assert {player.guid for player in notice.axis_players} == {normal_guid(one.guid) for one in people[1:3]}
    assert {player.guid for player in notice.allies_players} == {normal_guid(one.guid) for one in people[3:]}
    assert [player.guid for player in notice.left_players] == [normal_guid(people[0].guid)]
    assert state_files(game) == []


async def test_killed_in_a_pause(game: Game) -> None:
    """A pause that is open is closed at the last sign of life, and is not play."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(50)
        engine.pause()
        engine.run(60)
        engine.kill()
        with next_start(game):
            pass

    notice = (await game.play_one(scenario)).notice

    assert notice.actual_duration_seconds == pytest.approx(50, abs=0.5)
    assert notice.pause_count == 1
    assert 60 - NEAR - 0.6 <= (notice.total_pause_seconds or 0) <= 60.6


async def test_killed_in_the_second_round(game: Game) -> None:
    """The round that was played is named, and the one before is not told of again."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(300)
        engine.objective(ALLIES)
        begin_second(engine)
        engine.run_until_played(45)
        engine.kill()
        for _ in range(2):
            with next_start(game):
                pass

    notices = [posted.notice for posted in await game.play(scenario)]

    assert [(one.round_number, one.end_reason) for one in notices] == [(1, "objective"), (2, "aborted")]
    assert notices[1].time_limit_seconds == pytest.approx(300.05, abs=0.01)


@pytest.mark.parametrize("seconds", [0.0, 0.5, 3.0])
async def test_killed_right_after_the_start(game: Game, seconds: float) -> None:
    """From its first frame on a round is on disk, with those who play it."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run(seconds)
        engine.kill()
        with next_start(game):
            pass

    posted = await game.play(scenario)

    assert [len(one.notice.axis_players) for one in posted] == [3]
    assert state_files(game) == []


async def test_killed_outside_a_round(game: Game) -> None:
    """Warm-up and intermission leave nothing behind, nor does a round that nobody played."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(30)
        engine.objective(ALLIES)
        engine.run(1)
        engine.kill()
        with next_start(game) as empty:
            empty.start_round()
            empty.run(30)
            empty.kill()
        with next_start(game):
            pass

    assert (await game.play_one(scenario)).notice.end_reason == "objective"


async def test_modules_emptied_in_mid_round(game: Game) -> None:
    """A script that is taken away in a round and comes back reports that round, and then its own."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(50)
        engine.stop_modules()
        engine.run_until_played(80)
        engine.map_restart()
        engine.run_until_played(30)
        engine.objective(ALLIES)
        engine.run(1)

    lost, played = (posted.notice for posted in await game.play(scenario))

    assert [lost.end_reason, played.end_reason] == ["aborted", "objective"]
    assert lost.actual_duration_seconds == pytest.approx(50, abs=0.051)
    assert len(lost.axis_players) == len(lost.allies_players) == 3
    assert played.actual_duration_seconds == pytest.approx(30.05, abs=0.051)
    assert state_files(game) == []


async def test_names_survive_the_disk(game: Game) -> None:
    """What lies on disk is data, whatever people are called."""
    names = ['"]] os.exit() --', "\\", "a\\", "\x01\x1b[2J", "\rb", "żółw", "'$(reboot)'", "return {}"]
    people = tuple(Player(f"{number:032X}", name, AXIS) for number, name in enumerate(names))

    def scenario(engine: Engine) -> None:
        begin(engine, players=people)
        engine.run(3)
        engine.kill()
        with next_start(game):
            pass

    posted = await game.play_one(scenario)

    assert [player["name"] for player in posted.attachment["axis_players"]] == names


async def test_state_that_cannot_be_read(game: Game) -> None:
    """What a dying disk left of a round is told of once, and is in nobody's way."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run(3)
        engine.kill()
        for path in game.outbox.glob("*.state"):
            path.write_bytes(path.read_bytes()[:100])
        with next_start(game) as again:
            assert ["cannot read the last round" in line for line in again.printed] == [True]
        with next_start(game) as again:
            assert again.printed == []

    assert await game.play(scenario) == []


@pytest.mark.parametrize(("cvar", "value"), [("net_port", "27961"), ("net_ip", "192.0.2.7")])
async def test_a_neighbour_that_starts(game: Game, cvar: str, value: str) -> None:
    """A server that starts in the same home does not take another one's running round for its own lost one."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(50)
        neighbour = Engine(game.home, flavour=game.flavour, now=engine.world.unix)
        neighbour.world.set_cvar(cvar, value)
        neighbour.load_map("oasis")
        neighbour.run(5)
        neighbour.close()
        engine.run_until_played(100)
        engine.objective(ALLIES)
        engine.run(1)

    assert (await game.play_one(scenario)).notice.end_reason == "objective"


async def test_lua_restart_in_intermission(game: Game) -> None:
    """A state that begins after the end of a round has nothing to tell."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(50)
        engine.objective(ALLIES)
        engine.run(1)
        engine.lua_restart()
        engine.run(1)

    assert (await game.play_one(scenario)).notice.end_reason == "objective"
