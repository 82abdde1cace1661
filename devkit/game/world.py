"""What the engine holds while Lua states come and go: cvars, config strings, clients, clocks."""

import os
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from devkit.game.people import ALLIES, AXIS, SPECTATOR, Player
from devkit.game.vm import CONSTANTS

CVAR_LIMIT = 255
PAUSE_BIT = 16
SERVER_TOGGLES = 646
CONNECTING, CONNECTED = 1, 2


class State(IntEnum):
    """The cvar ``gamestate``."""

    INITIALIZE = -1
    PLAYING = 0
    COUNTDOWN = 1
    WARMUP = 2
    INTERMISSION = 3


@dataclass(slots=True)
class Client:
    """A player's connection: slot, team and name as the engine has them (bytes as Latin-1 text)."""

    slot: int
    guid: str
    name: str
    team: int = SPECTATOR
    connected: int = CONNECTED

    @classmethod
    def of(cls, slot: int, player: Player) -> "Client":
        """Return a fresh connection of *player*."""
        return cls(slot, player.guid, player.name_bytes.decode("latin-1"))

    @property
    def userinfo(self) -> str:
        """The info string that clients send; it holds an address, as in the engine."""
        return f"\\name\\{self.name}\\ip\\127.0.0.1:27960\\cl_guid\\{self.guid}"


@dataclass(slots=True)
class World:
    """State that survives restarts. Times: ``level_time`` and ``milliseconds`` in ms, ``unix`` in seconds."""

    unix: float
    level_time: int = 0
    milliseconds: float = 300
    cvars: dict[str, str] = field(default_factory=dict)
    strings: dict[int, str] = field(default_factory=dict)
    clients: dict[int, Client] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    """The words of the command that is being carried out."""

    def set_cvar(self, name: str, value: object) -> None:
        self.cvars[name] = str(value)[:CVAR_LIMIT]

    def cvar(self, name: str) -> str:
        return self.cvars.get(name, "")

    def set_string(self, name: str, value: object) -> None:
        """Set a config string by its name without ``CS_``."""
        self.strings[CONSTANTS[f"CS_{name}"]] = str(value)

    def string(self, name: str) -> str:
        return self.strings.get(CONSTANTS[f"CS_{name}"], "")

    @property
    def state(self) -> State:
        return State(int(self.cvar("gamestate") or -1))

    @state.setter
    def state(self, state: State) -> None:
        self.set_cvar("gamestate", int(state))

    @property
    def is_stopwatch(self) -> bool:
        return self.cvar("g_gametype") == "3"

    def advance(self, level_ms: int, real_ms: float) -> None:
        """Move the clocks on; settling frames take level time but no real time."""
        self.level_time += level_ms
        self.milliseconds += real_ms
        self.unix += real_ms / 1000

    def on_team(self, team: int) -> list[Client]:
        """Return the clients on a team, by slot."""
        return [client for _, client in sorted(self.clients.items()) if client.team == team]

    def swap_sides(self) -> None:
        """Make Axis of Allies and Allies of Axis."""
        for client in self.clients.values():
            if client.team in (AXIS, ALLIES):
                client.team = AXIS + ALLIES - client.team


def first_cvars(home: Path) -> dict[str, str]:
    """Return the cvars of a server that has just started."""
    folder = os.fsencode(home).decode("latin-1")
    return {
        "fs_homepath": folder,
        "fs_basepath": f"{folder}/base",
        "fs_game": "legacy",
        "net_port": "27960",
        "sv_maxclients": "64",
        "g_gametype": "3",
        "g_currentRound": "0",
        "g_nextTimeLimit": "0",
        "g_warmup": "10",
        "g_intermissionTime": "7",
        "gamestate": str(int(State.WARMUP)),
    }


def info_value(info: str, key: str) -> str:
    r"""Return a key's value in an info string such as ``\d\0\s\2``; "" when it is missing."""
    parts = info.split("\\")[1:]
    return dict(zip(parts[::2], parts[1::2], strict=False)).get(key, "")
