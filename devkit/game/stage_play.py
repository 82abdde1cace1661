"""Plays a plan on an engine: from wherever it stands into the round and to its end."""

from collections.abc import Sequence
from dataclasses import dataclass

from devkit.game.engine import Engine
from devkit.game.people import ALLIES, AXIS, Player
from devkit.game.plan import PAUSE_COUNTDOWN, RoundPlan
from devkit.game.world import State

WARMUP_SECONDS, LOADING_SECONDS = 20.0, 1.0
TO_START = WARMUP_SECONDS + 1.05 + 11.1
"""Seconds from the beginning of warm-up to the start of the round."""
_SETTLED = 0.7
_COARSE_MS = 250
_NEAR_THE_END = 3.0


@dataclass(frozen=True, slots=True)
class Simulated:
    """What the engine did: Unix seconds, and seconds played."""

    started_unix: float
    ended_unix: float
    played: float


def simulate(engine: Engine, plan: RoundPlan, players: Sequence[Player], *, end_unix: float) -> Simulated:
    """Play a plan from wherever the engine stands, so that the round ends at *end_unix*.

    The engine is then in intermission, or past an aborted round.
    """
    engine.world.unix = end_unix - _wall_seconds(plan)
    started = _enter_round(engine, plan, players)
    played = _play_out(engine, plan)
    return Simulated(started, engine.world.unix, played)


def _wall_seconds(plan: RoundPlan) -> float:
    """Return how long a plan takes from the beginning of warm-up to the end of the round."""
    return TO_START + plan.seconds - _SETTLED + sum(length for _, length in plan.pauses)


def _enter_round(engine: Engine, plan: RoundPlan, players: Sequence[Player]) -> float:
    """Bring the engine into the plan's round, with exactly these players; return the round's start in Unix seconds."""
    second = plan.round_number == 2
    goes_on = second and engine.state is State.INTERMISSION and engine.world.cvar("g_currentRound") == "1"
    engine.rules.default_winner = plan.defender
    if goes_on:
        engine.short_intermission = True
        engine.leave_intermission()
        engine.short_intermission = False
    else:
        engine.load_map(plan.map_name, time_limit=f"{plan.time_limit / 60:g}")
    if second and not goes_on:
        engine.world.set_cvar("g_currentRound", "1")
        engine.world.set_cvar("g_nextTimeLimit", f"{plan.time_limit / 60:.6f}")
    engine.run(LOADING_SECONDS)
    _seat(engine, players)
    engine.run(WARMUP_SECONDS - LOADING_SECONDS, step=_COARSE_MS)
    engine.start_round()
    return engine.world.unix


def _play_out(engine: Engine, plan: RoundPlan) -> float:
    """Play the round to its end; return the seconds played."""
    for at, length in plan.pauses:
        engine.run_until_played(at, step=_COARSE_MS)
        _stand_still(engine, length)
    engine.run_until_played(plan.seconds - _NEAR_THE_END, step=_COARSE_MS)
    if plan.ending != "aborted":
        _END[plan.ending](engine, plan)
        return engine.exit_played
    engine.run_until_played(plan.seconds)
    played = engine.played
    _abort(engine, plan)
    return played


def _stand_still(engine: Engine, length: float) -> None:
    engine.pause()
    engine.run(length - PAUSE_COUNTDOWN, step=_COARSE_MS)
    engine.unpause()
    while engine.clock.is_paused:
        engine.frame()


def _seat(engine: Engine, players: Sequence[Player]) -> None:
    """Let exactly these players be on the server, each on their side."""
    wanted = {player.guid: player for player in players}
    for slot, client in list(engine.world.clients.items()):
        if client.guid not in wanted:
            engine.disconnect(slot)
    present = {client.guid: client for client in engine.world.clients.values()}
    for player in players:
        if player.guid not in present:
            engine.connect(player)
        elif present[player.guid].team != player.side:
            engine.join(present[player.guid].slot, player.side)


def _by_objective(engine: Engine, plan: RoundPlan) -> None:
    engine.run_until_played(plan.seconds - 0.05)
    engine.objective(plan.winner)


def _by_time(engine: Engine, plan: RoundPlan) -> None:
    engine.run_until(State.INTERMISSION)


def _by_surrender(engine: Engine, plan: RoundPlan) -> None:
    engine.run_until_played(plan.seconds - 0.05)
    engine.surrender(plan.surrender_side)
    engine.run_until(State.INTERMISSION)


def _abort(engine: Engine, plan: RoundPlan) -> None:
    if plan.aborted_by == "map_change":
        engine.load_map("adlernest" if plan.map_name != "adlernest" else "supply")
    elif plan.aborted_by == "quit":
        engine.quit()
    elif plan.aborted_by == "restart":
        engine.reset_match()
    else:
        for slot in sorted(engine.world.clients):
            engine.disconnect(slot)


_END = {"objective": _by_objective, "time_expired": _by_time, "surrender": _by_surrender}


def swapped(players: Sequence[Player]) -> tuple[Player, ...]:
    """Return the players on the other side, as they stand in round 2."""
    other = {AXIS: ALLIES, ALLIES: AXIS}
    return tuple(Player(player.guid, player.name, other.get(player.side, player.side)) for player in players)


def seated(players: Sequence[Player], known: Sequence[Player]) -> tuple[Player, ...]:
    """Give everybody without a side one: the one that *known* says, else the emptier one."""
    sides = {player.guid: player.side for player in known}
    taken: list[Player] = []
    for player in players:
        count = [sum(other.side == side for other in taken) for side in (AXIS, ALLIES)]
        side = player.side or sides.get(player.guid) or (AXIS if count[0] <= count[1] else ALLIES)
        taken.append(Player(player.guid, player.name, side))
    return tuple(taken)


def next_limit(plan: RoundPlan, played: float) -> float:
    """Return what the engine sets as the next limit: this one when the defenders won, else the time played."""
    if plan.ending == "aborted":
        return 0.0
    return plan.time_limit if plan.winner == plan.defender else played


def claimed_number(plan: RoundPlan) -> int | None:
    """Return the round that the stats file claims to be, None when the script writes no file.

    On a shutdown the engine's round counter has not been flipped yet (or is reset by the map change).
    """
    if plan.ending != "aborted":
        return plan.round_number
    if plan.aborted_by == "map_change":
        return 2
    return 3 - plan.round_number if plan.aborted_by == "quit" else None
