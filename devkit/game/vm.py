"""One Lua state as the engine makes them: the `et` table, and clocks that follow the simulated time."""

import importlib
from collections.abc import Callable
from typing import Any, Literal, Protocol

Flavour = Literal["lua54", "luajit21"]

CONSTANTS = {
    "GS_INITIALIZE": -1,
    "GS_PLAYING": 0,
    "GS_WARMUP_COUNTDOWN": 1,
    "GS_WARMUP": 2,
    "GS_INTERMISSION": 3,
    "GS_WAITING_FOR_PLAYERS": 4,
    "GS_RESET": 5,
    "TEAM_FREE": 0,
    "TEAM_AXIS": 1,
    "TEAM_ALLIES": 2,
    "TEAM_SPECTATOR": 3,
    "CS_SERVERINFO": 0,
    "CS_SYSTEMINFO": 1,
    "CS_VOTE_TIME": 6,
    "CS_VOTE_STRING": 7,
    "CS_VOTE_YES": 8,
    "CS_VOTE_NO": 9,
    "CS_LEVEL_START_TIME": 11,
    "CS_INTERMISSION": 12,
    "CS_MULTI_INFO": 13,
    "CS_MULTI_MAPWINNER": 14,
    "CS_WARMUP": 5,
    "CS_SERVERTOGGLES": 32,
    "CS_INTERMISSION_START_TIME": 36,
    "EXEC_NOW": 0,
    "EXEC_INSERT": 1,
    "EXEC_APPEND": 2,
    "FS_READ": 0,
    "FS_WRITE": 1,
    "FS_APPEND": 2,
    "FS_APPEND_SYNC": 3,
}

# Texts are bytes in the engine; here they are the Latin-1 reading of those bytes, one letter for each.
_ENCODING = "latin-1"

_CLOCKS = """
local now, run = ...
local real_time, real_date = os.time, os.date
os.time = function(moment) if moment then return real_time(moment) end return now() end
os.date = function(form, moment) return real_date(form, moment or now()) end
os.execute = function(command)
    local status = run(command)
    if not _VERSION:find("5.4") then return status * 256 end
    return status == 0 or nil, "exit", status
end
"""


class EtApi(Protocol):
    """What a Lua state asks of the engine: the functions of the table ``et``, by their Lua names."""

    def api(self) -> dict[str, Callable[..., Any]]:
        """Return the functions."""

    def now(self) -> int:
        """Return the simulated Unix time, as ``os.time`` gives it."""

    def execute(self, command: str) -> int:
        """Run a command of ``os.execute``; return its exit status."""

    def console(self, text: str) -> None:
        """Take a line that the server prints."""


class Vm:
    """A Lua state with one module in it. It lives from one map load or restart to the next."""

    def __init__(self, engine: EtApi, module: str, code: bytes, flavour: Flavour = "lua54") -> None:
        self.module = module
        self._engine = engine
        runtime = importlib.import_module(f"lupa.{flavour}").LuaRuntime
        self.lua: Any = runtime(encoding=_ENCODING, unpack_returned_tuples=True, register_eval=False)
        self._globals: Any = self.lua.globals()
        self._globals.et = self.lua.table_from({**CONSTANTS, **engine.api()})
        self.lua.execute(_CLOCKS, engine.now, engine.execute)
        self._load(code)
        self._frame: Any = self._globals.et_RunFrame

    def frame(self, level_time: int) -> None:
        """Call ``et_RunFrame``: the one hook that is called so often that its look-up is kept."""
        if self._frame is None:
            return
        try:
            self._frame(level_time)
        except Exception as error:  # noqa: BLE001 - as the engine: printed, and the hook is called again next time
            self._complain("et_RunFrame", error)

    def call(self, hook: str, *arguments: object) -> Any:
        """Call a hook if the module has it; an error is printed on the console, as the engine does."""
        function = self._globals[hook]
        if function is None:
            return None
        try:
            return function(*arguments)
        except Exception as error:  # noqa: BLE001 - what a module raises ends in the console, never in the engine
            return self._complain(hook, error)

    def _load(self, code: bytes) -> None:
        try:
            self.lua.execute(code, name=self.module)
        except Exception as error:  # noqa: BLE001 - a module that does not load is told of, and the game goes on
            self._complain("loading", error)

    def _complain(self, hook: str, error: Exception) -> None:
        self._engine.console(f"Lua API: {hook} error running lua script: {error}\n")
