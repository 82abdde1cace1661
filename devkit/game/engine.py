"""The life cycle of an ET: Legacy server, with real Lua states in it and a clock that only frames move.

Held to recordings of a running engine by tests/devkit/game/test_recordings.py.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from devkit.game.game_clock import GameClock
from devkit.game.modules import Modules
from devkit.game.people import ALLIES, AXIS, Player
from devkit.game.rules import RoundRules
from devkit.game.shell import Shell
from devkit.game.vm import Flavour
from devkit.game.world import CONNECTED, CONNECTING, Client, State, World, first_cvars

FRAME_MS = 50
SETTLING_MS = 100
_READY_MS = 1000
_LOADING_MS = 500


class Engine:
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

    def __init__(
        self,
        home: Path,
        *,
        modules: Sequence[str] = ("roundhook.lua",),
        flavour: Flavour = "lua54",
        now: float | None = None,
        default_winner: int = AXIS,
    ) -> None:
        self.world = World(time.time() if now is None else now)
        self.shell = Shell(home)
        self.clock = GameClock(self.world)
        self.modules = Modules(self.world, self.shell, home / "legacy", modules, flavour)
        self.rules = RoundRules(self.world, self.clock, self.log, default_winner)
        self.short_intermission = False
        """Whether intermission lasts a single frame, as it does when nobody waits for it."""
        self.time_limit = "12"
        """The map's time limit in minutes, as text."""
        self._next: Callable[[], None] | None = None
        self._ready: set[int] = set()
        self._ready_at: int | None = None
        self._loaded_at: int | None = None
        self._is_running = False
        self._intermission_since = 0
        self.world.cvars.update(first_cvars(home))

    # What can be seen

    @property
    def state(self) -> State:
        return self.world.state

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

    def load_map(self, name: str, *, time_limit: str | None = None) -> None:
        """Load a map, whatever runs now: ``map <name>``."""
        self.time_limit = time_limit or self.time_limit
        self._shut_down(0, State.INITIALIZE, current_round="0")
        self.world.strings.clear()
        self.world.set_cvar("mapname", name)
        self.world.set_cvar("g_nextTimeLimit", "0")
        self.world.set_cvar("nextmap", "map_restart 0")
        self._start_level(0, State.WARMUP)

    def ready(self) -> None:
        """Let everybody say that they are ready; the countdown begins a second later."""
        for slot in sorted(self.world.clients):
            self.say_ready(slot)
        self._ready_at = self.world.level_time + _READY_MS

    def say_ready(self, slot: int) -> None:
        """Let one client be ready; when all are, the countdown begins."""
        self.command(slot, "ready")
        self._ready.add(slot)
        if self.state is State.WARMUP and self._ready >= set(self.world.clients):
            self._ready_at = self.world.level_time + _READY_MS

    def start_round(self) -> None:
        """Play from warm-up into the round."""
        self.ready()
        self.run_until(State.PLAYING)

    def objective(self, winner: int) -> None:
        """Let the map script end the round for a side, in the next frame."""
        self.rules.objective(winner)
        self.frame()

    def surrender(self, side: int) -> None:
        """Let the whole side vote for surrender: it is over in the next frame."""
        first, *others = (client.slot for client in self.world.on_team(side))
        self.call_vote(first)
        for slot in others:
            self.vote(slot)
        self.frame()

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

    def log(self, text: str) -> None:
        """Write a line to the game's log, which modules see as ``et_Print``."""
        self.modules.log(text)

    # Frames

    def _play_frame(self, step: int, real: float) -> None:
        self.world.advance(step, real)
        self._keep_rules()
        self.modules.frame()
        if self.short_intermission and self.state is State.INTERMISSION and self._next is None:
            self._exit_level()

    def _keep_rules(self) -> None:
        {
            State.WARMUP: self._keep_warmup,
            State.COUNTDOWN: self._keep_countdown,
            State.PLAYING: self._keep_playing,
            State.INTERMISSION: self._keep_intermission,
        }[self.state]()

    def _keep_warmup(self) -> None:
        if self._ready_at is not None and self.world.level_time > self._ready_at:
            self._ready_at = None
            self.world.state = State.COUNTDOWN
            seconds = int(self.world.cvar("g_warmup") or 10) + 1
            self.world.set_string("WARMUP", self.world.level_time + seconds * 1000)

    def _keep_countdown(self) -> None:
        if self.world.level_time > int(self.world.string("WARMUP")):
            self.world.set_cvar("g_restarted", "1")
            self._next = self._begin_play

    def _keep_playing(self) -> None:
        self.clock.tick()
        if self.rules.frame():
            self.world.state = State.INTERMISSION
            self._intermission_since = self.world.level_time
            self.world.set_string("INTERMISSION_START_TIME", self.world.level_time)

    def _keep_intermission(self) -> None:
        self.clock.tick()
        length = float(self.world.cvar("g_intermissionTime") or 7) * 1000
        if self.world.level_time >= self._intermission_since + length or not self.world.clients:
            self._exit_level()

    def _exit_level(self) -> None:
        self.log("ExitLevel: executed\n")
        if self.world.cvar("g_currentRound") == "0":
            self.world.set_cvar("g_nextTimeLimit", "0")
        for client in self.world.clients.values():
            client.connected = CONNECTING
        self._next = self._next_level

    def _next_level(self) -> None:
        command, _, name = self.world.cvar("nextmap").partition(" ")
        if command == "map":
            self.load_map(name)
            return
        self._shut_down(1, State.WARMUP)
        if self.world.is_stopwatch and self.world.cvar("g_currentRound") == "1":
            self.world.swap_sides()
        self._start_level(1, State.WARMUP)

    def _begin_play(self) -> None:
        self._shut_down(1, State.PLAYING)
        self._start_level(1, State.PLAYING)

    # Levels and Lua states

    def _shut_down(self, restart: int, state: State | None, *, current_round: str | None = None) -> None:
        """End the Lua states; the cvars already say what comes next when ``et_ShutdownGame`` is called."""
        if state is not None:
            self.world.state = state
            level = max(int(self.world.cvar("sv_serverid") or 0) + 1, int(self.world.milliseconds))
            self.world.set_cvar("sv_serverid", level)
        if current_round is not None and restart == 1:
            self.world.set_cvar("g_nextTimeLimit", "0")
        if current_round is not None:
            self.world.set_cvar("g_currentRound", current_round)
        if self._is_running:
            self._call("et_ShutdownGame", restart)
            self._call("et_Quit")
        self.modules.end()
        self._is_running = False

    def _start_level(self, restart: int, state: State) -> None:
        """Begin a level with new Lua states: it settles for 700 ms of level time that take no real time."""
        self._next = self._ready_at = self._loaded_at = None
        self._ready.clear()
        self.world.state = state
        self.world.set_cvar("g_restarted", "0")
        limit = self.world.cvar("g_nextTimeLimit")
        self.world.set_cvar("timelimit", limit if self.world.cvar("g_currentRound") == "1" else self.time_limit)
        self.clock.restart()
        self.world.set_string("WARMUP", "")
        self.rules.reset()
        self.modules.load()
        self._is_running = True
        self._call("et_InitGame", self.world.level_time, int(self.world.milliseconds), restart)
        self._settle(are_loaded=restart == 1)

    def _settle(self, *, are_loaded: bool) -> None:
        """Play the first frames. After a map load the clients still load the map; they begin when they have it."""
        self.modules.frame()
        for number in range(5):
            if number == 0:
                self.rules.read_map_script(targets=2)
            self._play_frame(SETTLING_MS, 0)
        for slot in sorted(self.world.clients):
            self._connect(slot, first=0)
            if are_loaded:
                self._begin(slot)
        if not are_loaded:
            self._loaded_at = self.world.level_time + _LOADING_MS
        for _ in range(2):
            self._play_frame(SETTLING_MS, 0)

    # Hooks

    def _connect(self, slot: int, *, first: int) -> None:
        self.world.clients[slot].connected = CONNECTING
        self._call("et_ClientConnect", slot, first, 0)
        self.log(f"ClientConnect: {slot}\n")
        self._call("et_ClientUserinfoChanged", slot)

    def _begin_all(self) -> None:
        self._loaded_at = None
        for slot, client in sorted(self.world.clients.items()):
            if client.connected == CONNECTING:
                self._begin(slot)

    def _begin(self, slot: int) -> None:
        self.world.clients[slot].connected = CONNECTED
        self._call("et_ClientSpawn", slot, 0, 1, 1)
        self.log(f"ClientBegin: {slot}\n")
        self._call("et_ClientBegin", slot)

    def _console(self, *words: str) -> None:
        self.world.words = list(words)
        self._call("et_ConsoleCommand", words[0])

    def _call(self, hook: str, *arguments: object) -> None:
        self.modules.call(hook, *arguments)
