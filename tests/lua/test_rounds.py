"""Rounds that are played to their end: what is reported is what happened."""

import pytest

from core.rounds.events import ALLIES, AXIS
from core.rounds.names import normal_guid
from devkit.game import Engine, Player, invent_players
from devkit.game.people import SPECTATOR
from devkit.game.world import State
from tests.lua.harness import START, Game, begin, begin_second


async def test_objective(game: Game) -> None:
    """Attackers who reach their goal win, and the clock says when."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(300)
        engine.objective(ALLIES)
        engine.run(3)

    notice = (await game.play_one(scenario)).notice

    assert (notice.map_name, notice.round_number) == ("supply", 1)
    assert (notice.winner_side, notice.defender_side, notice.end_reason) == (ALLIES, AXIS, "objective")
    assert notice.actual_duration_seconds == pytest.approx(300.05, abs=0.051)
    assert notice.time_limit_seconds == 720
    assert notice.round_start_unix == pytest.approx(START + 5 + 12.15, abs=1.5)
    assert notice.round_end_unix - (notice.round_start_unix or 0) == pytest.approx(300, abs=1.5)
    assert notice.wall_seconds == pytest.approx(299.3, abs=0.2)
    assert notice.warmup_seconds == pytest.approx(17, abs=1)
    assert (notice.pause_count, notice.total_pause_seconds, notice.pauses) == (0, 0, ())


async def test_full_hold(game: Game) -> None:
    """Defenders who hold until the time is up win by time, after exactly the limit."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until(State.INTERMISSION)
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    assert (notice.winner_side, notice.end_reason) == (AXIS, "time_expired")
    assert notice.actual_duration_seconds == 720


async def test_time_is_up_although_the_map_script_ends_the_round(game: Game) -> None:
    """Many map scripts end a held round themselves: at the limit that is time_expired all the same."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(719.95)
        engine.objective(AXIS)
        engine.run(1)

    assert (await game.play_one(scenario)).notice.end_reason == "time_expired"


@pytest.mark.parametrize(("side", "name"), [(AXIS, "AXIS"), (ALLIES, "ALLIES")])
async def test_surrender(game: Game, side: int, name: str) -> None:
    """A vote that passed is a surrender, of that side, by that caller; the other side wins."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(512)
        engine.surrender(side)
        engine.run(1)

    posted = await game.play_one(scenario)
    caller = next(player for player in invent_players() if player.side == side)

    assert (posted.notice.end_reason, posted.notice.surrender_side) == ("surrender", side)
    assert posted.notice.winner_side == 3 - side
    assert posted.notice.surrender_caller == normal_guid(caller.guid)
    assert posted.notice.actual_duration_seconds == pytest.approx(512.05, abs=0.001)
    assert posted.fields["Lua_SurrenderCaller"] == caller.guid


async def test_failed_vote_is_no_surrender(game: Game) -> None:
    """A surrender vote that is called and fails leaves no trace in a round that is then held."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(400)
        engine.call_vote(engine.world.on_team(ALLIES)[0].slot)
        engine.run_until(State.INTERMISSION)
        engine.run(1)

    posted = await game.play_one(scenario)

    assert (posted.notice.end_reason, posted.notice.surrender_side) == ("time_expired", 0)
    assert posted.notice.surrender_caller == ""
    assert "Lua_SurrenderCaller" not in posted.fields


async def test_vote_of_the_other_side_fails_before_one_passes(game: Game) -> None:
    """Each side's caller is remembered on its own, and a command that was refused calls nothing."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(100)
        engine.call_vote(engine.world.on_team(AXIS)[1].slot)
        engine.run(31)
        first, second, third = (client.slot for client in engine.world.on_team(ALLIES))
        engine.call_vote(second)
        engine.call_vote(first)
        engine.vote(third)
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    assert notice.surrender_side == ALLIES
    assert notice.surrender_caller == normal_guid(invent_players()[4].guid)


async def test_vote_passed_in_the_last_second(game: Game) -> None:
    """A surrender just before the limit is a surrender, although nearly all of the time was played."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(719.5)
        engine.surrender(ALLIES)
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    assert (notice.end_reason, notice.surrender_side, notice.winner_side) == ("surrender", ALLIES, AXIS)


@pytest.mark.parametrize("side", [AXIS, ALLIES])
async def test_surrender_in_the_frame_of_the_limit(game: Game, side: int) -> None:
    """The vote has set the winner, so the reason is the vote; the number is still that of the round."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(719.95)
        engine.vote_surrender(side)
        engine.run(1)
        exits = [str(call.arguments[0]) for call in engine.modules.calls if call.name == "et_Print"]
        assert [line.split()[1] for line in exits if line.startswith("Exit:")] == [
            "Timelimit",
            ["Axis", "Allies"][side - 1],
        ]

    notice = (await game.play_one(scenario)).notice

    assert (notice.end_reason, notice.surrender_side, notice.winner_side) == ("surrender", side, 3 - side)
    assert (notice.round_number, notice.actual_duration_seconds) == (1, 720)


async def test_surrender_in_the_frame_of_the_objective(game: Game) -> None:
    """The engine gives the round to those whom the vote gives it to, whatever was reached in that frame."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(300)
        engine.vote_surrender(ALLIES)
        engine.objective(ALLIES)
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    assert (notice.end_reason, notice.surrender_side, notice.winner_side) == ("surrender", ALLIES, AXIS)


async def test_nextmap_vote(game: Game) -> None:
    """A vote that ends the round for the next map's sake is no objective and has no winner."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(300)
        engine.exit("Nextmap vote passed")
        engine.run(1)

    posted = await game.play_one(scenario)

    assert (posted.notice.end_reason, posted.notice.winner_side) == ("aborted", 0)
    assert posted.embed["title"] == "Round Aborted: supply R1"
    assert posted.notice.actual_duration_seconds == pytest.approx(300.05, abs=0.051)


@pytest.mark.parametrize("winner", [AXIS, ALLIES, 0])
@pytest.mark.parametrize("line", ["Axis team eliminated.", "Capturelimit hit.", "Axis Surrendered to none"])
async def test_exit_lines_that_are_not_known(game: Game, line: str, winner: int) -> None:
    """Why such a round ended is not known; who won is what the engine says."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(60)
        engine.exit(line, winner)
        engine.run(1)

    posted = await game.play_one(scenario)

    assert (posted.notice.end_reason, posted.notice.winner_side, posted.notice.surrender_side) == (None, winner, 0)
    assert "Lua_EndReason" not in posted.fields


LAST_MAN = {
    "eliminated": ("Axis team eliminated.", ALLIES),
    "survivors": ("Axis team has the most survivors.", AXIS),
    "first blood": ("Allied team wins by drawing First Blood.", ALLIES),
}


@pytest.mark.parametrize("way", LAST_MAN)
async def test_last_man_standing(game: Game, way: str) -> None:
    """There is no objective in last man standing: no reason, and the engine's winner, also at the limit."""

    def scenario(engine: Engine) -> None:
        engine.world.set_cvar("g_gametype", 5)
        begin(engine)
        line, winner = LAST_MAN[way]
        engine.run_until_played(719.9)
        engine.rules.exit(line, winner)
        engine.frame()
        engine.log("Exit: Timelimit hit.\n")  # the engine goes on in its frame
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    assert (notice.end_reason, notice.winner_side, notice.round_number) == (None, LAST_MAN[way][1], 1)


async def test_both_rounds(game: Game) -> None:
    """Round 2 has the time to beat as its limit, its own number, and the people on the other side."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(300)
        engine.objective(ALLIES)
        begin_second(engine)
        engine.run_until(State.INTERMISSION)
        engine.run(1)

    first, second = (posted.notice for posted in await game.play(scenario))

    assert (first.round_number, second.round_number) == (1, 2)
    assert second.time_limit_seconds == pytest.approx(300.05, abs=0.01)
    assert second.actual_duration_seconds == pytest.approx(300.05, abs=0.051)
    assert second.end_reason == "time_expired"
    assert second.axis_players == first.allies_players
    assert second.allies_players == first.axis_players


async def test_intermission_of_one_frame(game: Game) -> None:
    """When nobody waits for it, intermission is a single frame; that is enough."""

    def scenario(engine: Engine) -> None:
        engine.short_intermission = True
        begin(engine)
        engine.run_until_played(60)
        engine.objective(ALLIES)
        engine.run(2)

    notice = (await game.play_one(scenario)).notice

    assert (notice.round_number, notice.end_reason, len(notice.axis_players)) == (1, "objective", 3)


async def test_rotation_to_another_map_after_round_one(game: Game) -> None:
    """Where round 2 is not played, the next map's round is a round 1 again."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.world.set_cvar("nextmap", "map adlernest")
        engine.run_until_played(60)
        engine.objective(ALLIES)
        begin_second(engine)
        engine.run_until_played(60)
        engine.objective(ALLIES)
        engine.run(1)

    notices = [posted.notice for posted in await game.play(scenario)]

    assert [(notice.map_name, notice.round_number) for notice in notices] == [("supply", 1), ("adlernest", 1)]


async def test_rosters_and_who_left(game: Game) -> None:
    """Who is there at the end is on a side; who played and left is named apart; spectators are not."""
    people = invent_players(8)
    watcher = Player(people[7].guid, people[7].name, SPECTATOR)

    def scenario(engine: Engine) -> None:
        begin(engine, players=(*people[:6], watcher))
        engine.run_until_played(30)
        engine.disconnect(engine.slot_of(people[0]))
        engine.join(engine.slot_of(people[1]), SPECTATOR)
        engine.disconnect(engine.slot_of(people[2]))
        engine.run(10)
        engine.connect(people[2])
        engine.run_until_played(60)
        engine.objective(ALLIES)
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    def guids(*players: int) -> set[str]:
        return {normal_guid(people[index].guid) for index in players}

    assert {player.guid for player in notice.axis_players} == guids(2, 3)
    assert {player.guid for player in notice.allies_players} == guids(4, 5)
    assert {player.guid for player in notice.left_players} == guids(0, 1)
    assert "marmot" in {player.name for player in notice.axis_players}


async def test_round_that_nobody_played_is_not_reported(game: Game) -> None:
    """An empty server plays rounds too; they are nobody's."""

    def scenario(engine: Engine) -> None:
        engine.load_map("supply")
        engine.start_round()
        engine.run_until(State.INTERMISSION)
        engine.run(1)

    assert await game.play(scenario) == []


@pytest.mark.parametrize("limit", ["0", "-5", "1e999", "9e99"])
async def test_a_game_without_a_limit(game: Game, limit: str) -> None:
    """Where no time limit is set, or one that cannot be, none is told: unknown is never 0."""

    def scenario(engine: Engine) -> None:
        engine.load_map("supply", time_limit=limit)
        for player in invent_players():
            engine.connect(player)
        engine.run(5)
        engine.start_round()
        engine.run_until_played(30)
        engine.surrender(ALLIES)
        engine.run(1)

    posted = await game.play_one(scenario)

    assert (posted.notice.end_reason, posted.notice.time_limit_seconds) == ("surrender", None)
    assert "Lua_Timelimit" not in posted.fields
