"""The Lua modules of a server: loaded anew for each level, called hook by hook in the order of lua_modules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devkit.game.api import Api
from devkit.game.shell import Shell
from devkit.game.vm import Flavour, Vm
from devkit.game.world import World


@dataclass(frozen=True, slots=True)
class HookCall:
    """A hook that was called in all modules."""

    level_time: int
    name: str
    arguments: tuple[object, ...]


class Modules:
    """Loads, calls and ends the modules; remembers every call but the frames."""

    def __init__(self, world: World, shell: Shell, folder: Path, names: Sequence[str], flavour: Flavour) -> None:
        self.calls: list[HookCall] = []
        self.on_call: list[Callable[[HookCall], None]] = []
        """Called before each hook but ``et_RunFrame``."""
        self.on_frame: list[Callable[[], None]] = []
        """Called after each ``et_RunFrame``."""
        self.states: list[Vm] = []
        """The Lua states that live now."""
        self._world = world
        self._folder = folder
        self._names = tuple(names)
        self._flavour: Flavour = flavour
        self._api = Api(world, shell, self.log)

    @property
    def printed(self) -> list[str]:
        """What the modules and the Lua interface printed on the console."""
        return self._api.printed

    def load(self) -> None:
        """Read the modules' files into new states."""
        files = {name: (self._folder / name).read_bytes() for name in self._names}
        self.states = [Vm(self._api, name, code, self._flavour) for name, code in files.items()]

    def end(self) -> None:
        """Let the states go; nothing in them survives."""
        self.states = []

    def call(self, hook: str, *arguments: object) -> None:
        """Call a hook in every module; one that returns a value is told of on the console."""
        call = HookCall(self._world.level_time, hook, arguments)
        self.calls.append(call)
        for observer in self.on_call:
            observer(call)
        for state in self.states:
            if state.call(hook, *arguments) is not None:
                self._api.console(f"{state.module}: {hook} returned a value\n")

    def frame(self) -> None:
        """Call ``et_RunFrame`` in every module."""
        for state in self.states:
            state.frame(self._world.level_time)
        for observer in self.on_frame:
            observer()

    def log(self, text: str) -> None:
        """Write a line to the game's log, which modules see as ``et_Print``."""
        self.call("et_Print", text)
