"""The cvar ``lua_modules`` in the text of a game server's cfg: found, added to, taken from. Pure functions.

The engine takes paths separated by blanks, commas or semicolons; a value may be quoted or bare, the last one counts.
"""

import re
from dataclasses import dataclass

from roundhook import ConfigError

LONGEST = 255
"""The engine cuts a cvar's value here."""

_ASSIGNMENT = re.compile(
    r'(?:[^"]*\{)?\s*(?:set[asul]?\s+)?"?lua_modules"?\s+(?P<value>"[^"]*"?|[^\s"].*?)\s*\}?\s*', re.IGNORECASE
)
_SEPARATORS = re.compile(r"[\s,;]+")
_BETWEEN = re.compile(r"(?<=[^\s,;])[\s,;]+(?=[^\s,;])")


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a cfg's text sets the cvar: the value's place, quotes included, and the value without them."""

    start: int
    end: int
    value: str

    @property
    def modules(self) -> list[str]:
        """The modules, in the order in which they are loaded."""
        return [one for one in _SEPARATORS.split(self.value) if one]

    def module_called(self, name: str) -> str:
        """Return the module with that file name, as it is written; "" if there is none."""
        return next((one for one in self.modules if one.rpartition("/")[2].lower() == name.lower()), "")


def find_setting(text: str) -> Setting | None:
    """Return the assignment that counts: the last one that is no comment."""
    found = None
    for start, command in _commands(text):
        match = _ASSIGNMENT.fullmatch(command)
        if match is not None:
            written = match["value"]
            place = start + match.start("value")
            found = Setting(place, place + len(written), written.strip('"'))
    return found


def with_module(text: str, module: str) -> str:
    """Return the cfg's *text* with *module* at the end of the list; unchanged if it is there or no list is.

    Raises:
        ConfigError: the list would be too long for the engine.
    """
    setting = find_setting(text)
    if setting is None or setting.module_called(module.rpartition("/")[2]):
        return text
    kept = setting.value.rstrip(" \t,;")
    value = f"{kept}{_separator(setting.value)}{module}" if kept else module
    if len(value) > LONGEST:
        raise ConfigError(
            f"lua_modules would have {len(value)} characters, and the engine cuts it at {LONGEST}. Shorten its paths."
        )
    return _replaced(text, setting, value)


def without_module(text: str, name: str) -> str:
    """Return the cfg's *text* without the module of that file name; everything else stays as it is."""
    setting = find_setting(text)
    module = setting.module_called(name) if setting else ""
    if setting is None or not module:
        return text
    entry = rf"(?<![^\s,;]){re.escape(module)}(?![^\s,;])"
    value = re.sub(rf"[\s,;]*{entry}", "", setting.value, count=1)
    if setting.modules[0] == module:
        value = re.sub(rf"{entry}[\s,;]*", "", setting.value, count=1)
    return _replaced(text, setting, value)


def with_line(text: str, module: str) -> str:
    """Return the *text* of a cfg that does not set the cvar with a line at its end that does."""
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text or text.endswith("\n") else newline
    return f'{text}{gap}set lua_modules "{module}"{newline}'


def _commands(text: str) -> list[tuple[int, str]]:
    """Return the commands of a cfg and where each begins: split at line ends and semicolons, comments left out."""
    commands = []
    start, quoted, position = 0, False, 0
    while position < len(text):
        letter = text[position]
        if letter == '"':
            quoted = not quoted
        comment = not quoted and text.startswith("//", position) and (position == start or text[position - 1].isspace())
        if letter == "\n" or comment or (letter == ";" and not quoted):
            commands.append((start, text[start:position]))
            if comment:
                position = text.find("\n", position)
                position = len(text) if position < 0 else position
            start, quoted = position + 1, False
        position += 1
    return [*commands, (start, text[start:])]


def _separator(value: str) -> str:
    """Return what stands between the modules that are there."""
    found = _BETWEEN.search(value)
    return found[0] if found else " "


def _replaced(text: str, setting: Setting, value: str) -> str:
    quoted = text[setting.start] == '"' or not value or bool(re.search(r"[\s;]", value))
    return text[: setting.start] + (f'"{value}"' if quoted else value) + text[setting.end :]
