"""The rules of a round: how it ends, who has won, what the next one's limit is."""

from collections.abc import Callable

from devkit.game.game_clock import GameClock
from devkit.game.people import ALLIES, AXIS
from devkit.game.vote import SurrenderVote
from devkit.game.world import World, info_value

_EXIT_SURRENDER = {AXIS: "Exit: Axis Surrender", ALLIES: "Exit: Allies Surrender"}


class RoundRules:
    """Decides in every frame of play whether the round is over.

    Time limit and surrender end it in one frame and begin intermission in the next; a map script does both in one.
    """

    def __init__(self, world: World, clock: GameClock, log: Callable[[str], None], default_winner: int) -> None:
        self.default_winner = default_winner
        self.exit_played = 0.0
        self._world = world
        self._clock = clock
        self._log = log
        self.reset()

    def reset(self) -> None:
        """Forget the last level, and let the map script preset its winner."""
        self._vote: SurrenderVote | None = None
        self._objective_of: int | None = None
        self._other_exit: tuple[str, int | None] | None = None
        self._is_exit_queued = False
        self.read_map_script(targets=0)

    def read_map_script(self, *, targets: int) -> None:
        """Set what a map script sets: spawn targets, defender, and the winner that holds until another is set."""
        defender = max(0, self.default_winner - 1)
        first, second = f"\\s\\{targets}", f"\\o\\1\\d\\{defender}"
        self._world.set_string("MULTI_INFO", first + second if targets == 0 else second + first)
        self._set_winner(self.default_winner)

    def frame(self) -> bool:
        """Do a frame's work; return whether intermission begins in it."""
        if self._is_exit_queued:
            return True
        if self._objective_of is not None:
            self._set_winner(self._objective_of)
            self._exit("Exit: Wolf EndRound.")
        elif self._other_exit is not None:
            line, winner = self._other_exit
            self._set_winner(self._winner() if winner is None else winner)
            self._exit(line)
        elif self._is_time_up():
            self._exit("Exit: Timelimit hit.")
        is_over = self._objective_of is not None
        if self._vote is not None:
            self._decide(self._vote)
        return is_over

    def objective(self, winner: int) -> None:
        """Let the map script end the round for a side, in the next frame."""
        self._objective_of = winner

    def exit(self, line: str, winner: int | None) -> None:
        """Let the engine end the round with a line of its own in the next frame; without *winner* he stays."""
        self._other_exit = f"Exit: {line}", winner

    def call_vote(self, slot: int) -> None:
        """Open a surrender vote; while another is open it is refused."""
        if self._vote is None:
            self._vote = SurrenderVote(self._world.clients[slot].team, self._world.level_time, {slot})
            self._vote.show(self._world)
            self._log(f"callvote: {slot} {self._vote.text}\n")

    def take_vote(self, slot: int, *, is_yes: bool) -> None:
        """Count a client's vote."""
        if self._vote is not None:
            self._vote.take(self._world, slot, is_yes=is_yes)

    def _decide(self, vote: SurrenderVote) -> None:
        line = vote.result(self._world)
        if line is None:
            return
        self._vote = None
        self._world.set_string("VOTE_TIME", "")
        self._log(line)
        if line.startswith("Vote Passed"):
            self._set_winner(AXIS + ALLIES - vote.side)
            self._exit(_EXIT_SURRENDER[vote.side])

    def _is_time_up(self) -> bool:
        """Whether the limit is reached; with no winner set the round goes on past it."""
        limit = float(self._world.cvar("timelimit")) * 60000
        return not self._clock.is_paused and self._clock.played_ms >= limit > 0 and self._winner() != 0

    def _winner(self) -> int:
        return int(info_value(self._world.string("MULTI_MAPWINNER"), "w") or -1) + 1

    def _set_winner(self, side: int) -> None:
        self._world.set_string("MULTI_MAPWINNER", f"\\w\\{side - 1}")

    def _exit(self, line: str) -> None:
        """Write the log of a round's end; in stopwatch, round number and next limit change in this very frame.

        A frame may end a round twice, by the limit and by a vote: the number changes once, the limit follows the last.
        """
        is_first, self._is_exit_queued = not self._is_exit_queued, True
        self.exit_played = self._clock.played_ms / 1000
        self._log(line + "\n")
        self._world.set_string("INTERMISSION", "1")
        if self._world.is_stopwatch:
            defender = int(info_value(self._world.string("MULTI_INFO"), "d")) + 1
            held = self._winner() == defender
            minutes = float(self._world.cvar("timelimit")) if held else self._clock.played_ms / 60000
            self._world.set_cvar("g_nextTimeLimit", f"{minutes:.6f}")
            if is_first:
                self._world.set_cvar("g_currentRound", "0" if self._world.cvar("g_currentRound") == "1" else "1")
