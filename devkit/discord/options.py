"""From a command's registered definition and a user's values to the options of an interaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from devkit.discord import check_commands as kind
from devkit.discord.registry import Registry
from devkit.discord.shapes import Json, Payload, Upload
from devkit.discord.world import World

_GROUPS = (kind.SUB_COMMAND, kind.SUB_GROUP)


@dataclass(slots=True)
class Resolved:
    """The objects that options point to, by id."""

    users: list[int] = field(default_factory=list)
    roles: list[int] = field(default_factory=list)
    channels: list[int] = field(default_factory=list)
    files: dict[int, Upload] = field(default_factory=dict)


def find_menu(registry: Registry, name: str, guild: int, type_: int) -> Payload:
    """Find the command of a user's or a message's menu.

    Raises:
        LookupError: not registered; the message lists what is.
    """
    known = {one["name"]: one for one in (*registry.all(None), *registry.all(guild)) if one["type"] == type_}
    if name not in known:
        menu = "user" if type_ == kind.USER_MENU else "message"
        raise LookupError(f"The menu of a {menu} has no command {name!r} in guild {guild}. It has: {_listed(known)}.")
    return known[name]


def find_command(registry: Registry, name: str, guild: int) -> tuple[Payload, list[Payload], list[Payload]]:
    """Find a command as a user would: the guild's first, then the global ones.

    Returns:
        The command, the sub-command group and sub-command that *name* leads through, and the options there.

    Raises:
        LookupError: not registered; the message lists what is.
    """
    root, *rest = name.removeprefix("/").split()
    known = {
        command["name"]: command for command in (*registry.all(None), *registry.all(guild)) if command["type"] == 1
    }
    if root not in known:
        raise LookupError(f"/{root} is not registered in guild {guild} or globally. Registered: {_listed(known)}.")
    chain: list[Payload] = []
    options: list[Payload] = known[root].get("options", [])
    while options and options[0]["type"] in _GROUPS:
        inner = {option["name"]: option for option in options}
        step = rest.pop(0) if rest else ""
        if step not in inner:
            raise LookupError(f"/{name} needs a sub-command. Use one of {_listed(inner)} after it.")
        chain.append(inner[step])
        options = inner[step].get("options", [])
    if rest:
        raise LookupError(f"/{name}: there is no sub-command {rest[0]!r}.")
    return known[root], chain, options


class OptionReader:
    """Reads a user's values by the definitions; ``focused`` is the option that is being typed."""

    def __init__(self, world: World, values: Mapping[str, Json], *, focused: str | None = None) -> None:
        self._world = world
        self._values = values
        self._focused = focused
        self.resolved = Resolved()

    def read(self, label: str, definitions: list[Payload]) -> list[Payload]:
        """Return the options as the interaction carries them.

        Raises:
            LookupError: an option that the command does not have.
            ValueError: a required option is missing, or a value that the client would not let through.
        """
        known = {definition["name"]: definition for definition in definitions}
        strangers = set(self._values) - set(known)
        if strangers:
            raise LookupError(f"{label} has no option {', '.join(sorted(strangers))}. It has: {_listed(known)}.")
        missing = [name for name, option in known.items() if option.get("required") and name not in self._values]
        if missing and self._focused is None:
            raise ValueError(f"{label} needs {', '.join(missing)}: give it in options=.")
        return [self._option(label, known[name], value) for name, value in self._values.items() if value is not None]

    def _option(self, label: str, definition: Payload, value: Json) -> Payload:
        name = definition["name"]
        if name == self._focused:
            if not definition.get("autocomplete"):
                raise ValueError(f"{label}: the option {name} has no autocompletion.")
            return {"type": definition["type"], "name": name, "value": str(value), "focused": True}
        try:
            found = self._value(definition, value)
            _check_choice(definition, found)
            _check_range(definition, found)
        except (TypeError, ValueError) as exc:
            raise ValueError(f"{label}: the option {name} does not take {value!r}: {exc}") from None
        return {"type": definition["type"], "name": name, "value": found}

    def _value(self, definition: Payload, value: Json) -> Json:
        wanted = definition["type"]
        if wanted == kind.STRING:
            return _typed(value, str, "a text")
        if wanted == kind.BOOLEAN:
            return _typed(value, bool, "true or false")
        if wanted == kind.INTEGER:
            return _typed(value, int, "a whole number")
        if wanted == kind.NUMBER:
            return float(_typed(value, (int, float), "a number"))
        if wanted == kind.ATTACHMENT:
            name, data = _typed(value, tuple, "a file: (name, bytes)")
            self.resolved.files[made := self._world.snowflake()] = Upload(name, data, "application/octet-stream")
            return str(made)
        return str(self._reference(wanted, int(value)))

    def _reference(self, wanted: int, found: int) -> int:
        if wanted == kind.CHANNEL:
            self.resolved.channels.append(found)
        elif wanted == kind.ROLE:
            self.resolved.roles.append(found)
        else:
            self.resolved.users.append(found)
        return found


def _typed(value: Json, wanted: type | tuple[type, ...], words: str) -> Json:
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise TypeError(f"it takes {words}")
    return value


def _check_choice(definition: Payload, value: Json) -> None:
    offered = [choice["value"] for choice in definition.get("choices", ())]
    if offered and value not in offered:
        raise ValueError(f"choose one of {', '.join(map(str, offered))}")


def _check_range(definition: Payload, value: Json) -> None:
    length = isinstance(value, str)
    least, most = (definition.get(f"{side}_{'length' if length else 'value'}") for side in ("min", "max"))
    measured = len(value) if length else value
    if least is not None and measured < least:
        raise ValueError(f"at least {least}")
    if most is not None and measured > most:
        raise ValueError(f"at most {most}")


def _listed(names: Mapping[str, Payload]) -> str:
    return ", ".join(sorted(names)) or "none"
