"""The functions of the table `et`, for one Lua state after another."""

import re
from collections.abc import Callable
from typing import Any

from devkit.game.shell import Shell
from devkit.game.world import World, info_value

_FIELDS: dict[str, str] = {"pers.connected": "connected", "pers.netname": "name", "sess.sessionTeam": "team"}
_COUNTERS = frozenset(
    {"sess.rounds", "sess.kills", "sess.deaths", "sess.gibs", "sess.self_kills", "sess.team_kills"}
    | {"sess.team_gibs", "sess.damage_given", "sess.damage_received", "sess.team_damage_given"}
    | {"sess.team_damage_received", "sess.time_axis", "sess.time_allies", "sess.time_played", "health"}
)
_MAX_ENTITIES = 1024


class Api:
    """Answers a Lua state from the :class:`World`; prints go to ``printed``, commands to the shell."""

    def __init__(self, world: World, shell: Shell, log_print: Callable[[str], None]) -> None:
        self.printed: list[str] = []
        self._world = world
        self._shell = shell
        self._log_print = log_print

    def api(self) -> dict[str, Callable[..., Any]]:
        world = self._world
        return {
            "RegisterModname": lambda name: None,
            "trap_Cvar_Get": world.cvar,
            "trap_Cvar_Set": lambda name, value: world.set_cvar(name, value),
            "trap_GetConfigstring": lambda index: world.strings.get(index, ""),
            "trap_SetConfigstring": lambda index, value: world.strings.__setitem__(index, value),
            "Info_ValueForKey": info_value,
            "trap_GetUserinfo": self._userinfo,
            "gentity_get": self._entity,
            "trap_Milliseconds": lambda: int(world.milliseconds),
            "trap_Argc": lambda: len(world.words),
            "trap_Argv": lambda index: world.words[index] if index < len(world.words) else "",
            "trap_SendServerCommand": lambda client, text: None,
            "trap_SendConsoleCommand": lambda when, text: None,
            "Q_CleanStr": _clean,
            "G_Print": self.console,
            "G_LogPrint": self._log_print,
        }

    def now(self) -> int:
        return int(self._world.unix)

    def execute(self, command: str) -> int:
        return self._shell.execute(command.encode("latin-1").decode("utf-8", "surrogateescape"))

    def console(self, text: str) -> None:
        self.printed.append(text)

    def _userinfo(self, slot: int) -> str:
        client = self._world.clients.get(slot)
        return client.userinfo if client else ""

    def _entity(self, slot: int, name: str, index: int | None = None) -> object:
        """Return an entity's field; an unknown name or number is an error, as in the engine."""
        if not 0 <= slot < _MAX_ENTITIES:
            raise ValueError(f"there is no entity {slot}")
        client = self._world.clients.get(slot)
        if name in _FIELDS:
            return getattr(client, _FIELDS[name]) if client else ("" if name == "pers.netname" else 0)
        if name not in _COUNTERS:
            raise ValueError(f'tried to get invalid gentity field "{name}"')
        return 0


def _clean(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "", re.sub(r"\^[^\^]", "", text))
