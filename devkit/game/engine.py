"""An ET: Legacy server to play with, with real Lua states in it and a clock that only frames move.

Held to recordings of a running engine by tests/devkit/game/test_recordings.py.
"""

from devkit.game.level import FRAME_MS, READY_MS, Levels
from devkit.game.people import ALLIES, AXIS, Player
from devkit.game.world import Client, State


class Engine(Levels):
    """A game server driven step by step. Frames take no real time; nothing happens between calls.

    Args:
        home: the folder ``fs_homepath``; modules are read from ``home/legacy``.
        modules: the cvar ``lua_modules``: file names in that folder.
        flavour: which Lua the modules run in.
        now: the simulated time at the start, in Unix seconds.
        default_winner: the side that the map script presets as winner (0: none); also the defender.

    Resource handling:
        :meth:`close` ends what modules left running in the shell; without modules there is nothing to close.
    """

    @property
    def printed(self) -> list[str]:
        """What the modules and the Lua interface printed on the console."""
        return self.modules.printed

    @property
    def played(self) -> float:
        """Seconds played in this level, pauses left out."""
        return self.clock.played_ms / 1000

    @property
    def exit_played(self) -> float:
        """Seconds played when the last round ended."""
        return self.rules.exit_played

    # Time

    def frame(self, step: int = FRAME_MS) -> None:
        """Play one frame of *step* ms; a restart that is due takes the frame's place."""
        if self._next is not None:
            due, self._next = self._next, None
            self.world.advance(0, step)
            due()
            return
        if self._loaded_at is not None and self.world.level_time >= self._loaded_at:
            self._begin_all()
        self._play_frame(step, step)

    def run(self, seconds: float, *, step: int = FRAME_MS) -> None:
        """Play frames for *seconds* of real time; a larger *step* plays them faster and coarser."""
        left = round(seconds * 1000)
        while left > 0:
            self.frame(min(step, left))
            left -= step

    def run_until_played(self, seconds: float, *, step: int = FRAME_MS) -> None:
        """Play until the level's clock stands at *seconds*, or the round is over."""
        while self.state is State.PLAYING and (left := seconds * 1000 - self.clock.played_ms) > 0:
            self.frame(max(1, min(step, int(left))))

    def run_until(self, state: State, *, limit: float = 3600) -> None:
        """Play until the game is in *state*; more than *limit* seconds are a mistake of the caller."""
        end = self.world.milliseconds + limit * 1000
        while self.state is not state:
            if self.world.milliseconds > end:
                raise TimeoutError(f"the game is still in {self.state.name} after {limit} s, wanted {state.name}")
            self.frame()

    # People

    def connect(self, player: Player) -> int:
        """Let somebody join the server and their side; return the slot."""
        slot = next(number for number in range(64) if number not in self.world.clients)
        self.world.clients[slot] = Client.of(slot, player)
        self._connect(slot, first=1)
        self._begin(slot)
        if player.side:
            self.join(slot, player.side)
        return slot

    def join(self, slot: int, side: int) -> None:
        """Let a client change to a side: 1 Axis, 2 Allies, 3 spectators."""
        self.command(slot, "team", {AXIS: "r", ALLIES: "b"}.get(side, "s"))
        self.world.clients[slot].team = side
        self._call("et_ClientUserinfoChanged", slot)
        self._call("et_ClientSpawn", slot, 0, 1, 1)
        self.log(f"ClientBegin: {slot}\n")

    def disconnect(self, slot: int) -> None:
        """Let a client leave; when the last one leaves a running stopwatch round, the match starts over at once."""
        self._call("et_ClientDisconnect", slot)
        del self.world.clients[slot]
        if not self.world.clients and self.state is State.PLAYING and self.world.is_stopwatch:
            self.reset_match()

    def command(self, slot: int, *words: str) -> None:
        """Send a client's command, such as ``say hello``."""
        self.world.words = list(words)
        self._call("et_ClientCommand", slot, words[0])

    def slot_of(self, player: Player) -> int:
        """Return the slot that *player* is in."""
        return next(slot for slot, client in self.world.clients.items() if client.guid == player.guid)

    # Votes and pauses

    def call_vote(self, slot: int) -> None:
        """Let a client call a surrender vote; it is one yes itself. A second one meanwhile is refused."""
        self.command(slot, "callvote", "surrender")
        if self.state is State.PLAYING:
            self.rules.call_vote(slot)

    def vote(self, slot: int, *, is_yes: bool = True) -> None:
        """Let a client vote."""
        self.command(slot, "vote", "yes" if is_yes else "no")
        self.rules.take_vote(slot, is_yes=is_yes)

    def pause(self) -> None:
        """Stop the clock, as a referee does."""
        self._console("ref", "pause")
        self.clock.pause()

    def timeout(self, slot: int, seconds: float = 180) -> None:
        """Let a team take a time-out; play goes on by itself."""
        self.command(slot, "timeout")
        self.clock.pause(round(seconds * 1000))

    def unpause(self) -> None:
        """Let the clock go on after the countdown of 10 s."""
        self._console("ref", "unpause")
        self.clock.unpause()

    # Life cycle

    def ready(self) -> None:
        """Let everybody say that they are ready; the countdown begins a second later."""
        for slot in sorted(self.world.clients):
            self.say_ready(slot)
        self._ready_at = self.world.level_time + READY_MS

    def say_ready(self, slot: int) -> None:
        """Let one client be ready; when all are, the countdown begins."""
        self.command(slot, "ready")
        self._ready.add(slot)
        if self.state is State.WARMUP and self._ready >= set(self.world.clients):
            self._ready_at = self.world.level_time + READY_MS

    def start_round(self) -> None:
        """Play from warm-up into the round."""
        self.ready()
        self.run_until(State.PLAYING)

    def objective(self, winner: int) -> None:
        """Let the map script end the round for a side, in the next frame."""
        self.rules.objective(winner)
        self.frame()

    def exit(self, line: str, winner: int | None = None) -> None:
        """Let the round end for another reason, in the next frame: *line* is what the log says after ``Exit: ``."""
        self.rules.exit(line, winner)
        self.frame()

    def surrender(self, side: int) -> None:
        """Let the whole side vote for surrender: it is over in the next frame."""
        self.vote_surrender(side)
        self.frame()

    def vote_surrender(self, side: int) -> None:
        """Let the whole side vote for surrender; the next frame counts."""
        first, *others = (client.slot for client in self.world.on_team(side))
        self.call_vote(first)
        for slot in others:
            self.vote(slot)

    def leave_intermission(self) -> None:
        """Play through intermission into the next level."""
        while self.state is State.INTERMISSION:
            self.frame()

    def map_restart(self) -> None:
        """Restart the level from the console: a running round begins again without warm-up."""
        self._shut_down(1, self.state)
        self._start_level(1, self.state)

    def reset_match(self) -> None:
        """Start the match over, in warm-up of round 1."""
        self.world.set_cvar("g_nextTimeLimit", "0")
        self._shut_down(1, State.WARMUP, current_round="0")
        self._start_level(1, State.WARMUP)

    def swap_teams(self) -> None:
        """Swap the sides and start the match over."""
        self._console("swap_teams")
        self.world.swap_sides()
        self.reset_match()

    def quit(self) -> None:
        """Stop the server."""
        self._shut_down(0, None)

    def kill(self) -> None:
        """End the server as SIGKILL does: nothing is called any more. Another :class:`Engine` is the next start."""
        self.modules.end()
        self._is_running = False

    def lua_restart(self) -> None:
        """Do what the console's ``lua_restart`` does: new states, and no ``et_InitGame`` in them."""
        self.stop_modules()
        self.modules.load()

    def stop_modules(self) -> None:
        """Do what setting ``lua_modules`` at run time does: the states end, nothing is loaded before the next level."""
        self._call("et_Quit")
        self.modules.end()

    def close(self) -> None:
        """End what the modules left running in the shell."""
        self.modules.end()
        self.shell.close()
