"""The levels of an ET: Legacy server: warm-up, countdown, play, intermission and what comes next, frame by frame.

Held to recordings of a running engine by tests/devkit/game/test_recordings.py.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from devkit.game.game_clock import GameClock
from devkit.game.modules import Modules
from devkit.game.people import AXIS
from devkit.game.rules import RoundRules
from devkit.game.shell import Shell
from devkit.game.vm import Flavour
from devkit.game.world import CONNECTED, CONNECTING, State, World, first_cvars

FRAME_MS = 50
SETTLING_MS = 100
READY_MS = 1000
_LOADING_MS = 500


class Levels:
    """What happens by itself; the hands to play with it are :class:`devkit.game.engine.Engine`'s."""

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

    def log(self, text: str) -> None:
        """Write a line to the game's log, which modules see as ``et_Print``."""
        self.modules.log(text)

    # Frames

    def load_map(self, name: str, *, time_limit: str | None = None) -> None:
        """Load a map, whatever runs now: ``map <name>``."""
        self.time_limit = time_limit or self.time_limit
        self._shut_down(0, State.INITIALIZE, current_round="0")
        self.world.strings.clear()
        self.world.set_cvar("mapname", name)
        self.world.set_cvar("g_nextTimeLimit", "0")
        self.world.set_cvar("nextmap", "map_restart 0")
        self._start_level(0, State.WARMUP)

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
