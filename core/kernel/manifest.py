"""manifest.toml → Manifest, read without importing any of the plugin's code."""

import dataclasses
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from core.config import convert, shown
from core.errors import ConfigError, ManifestError
from core.kernel.folders import MANIFEST, manifest_text

API = 1
"""The contract's number; it rises only when something breaks, and the kernel supports the last two."""
SUPPORTED_APIS = frozenset({API, API - 1} - {0})

FILE = MANIFEST
DEEPEST = 8
"""Tables and lists within each other; a setting's default is the fourth."""
_MOST_READ = 4 * 1024 * 1024
"""Characters that are read to find a line, all tries together."""
DEFAULT_LIMIT = 10.0
"""Seconds that a handler may take unless the manifest's [limits] say otherwise."""

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_COMMAND = re.compile(r"[a-z][a-z0-9-]*( [a-z][a-z0-9-]*)?")
_TYPES: dict[str, Any] = {
    "str": str, "int": int, "float": float, "bool": bool, "list[str]": list[str], "list[int]": list[int],
}  # fmt: skip
_PLUGIN_KEYS: dict[str, Any] = {
    "name": (str,), "version": (str,), "api": (int,), "summary": (str, ""), "scope": (str, "guild"),
    "priority": (int, 100), "catch_up": (bool, False), "offline": (bool, False),
}  # fmt: skip
"""Each with its type, and its default where it may be left out."""
_OPTION_KEYS = {"type", "default", "unit", "meaning"}
_LONGEST = 500
"""Characters of what is said about a mistake: a value in it may have any number."""
_PLACE_IN_TOML = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)")
_Path = tuple[str, ...]
"""Of a key: its table's keys, then its own."""


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """A config key that the plugin declares."""

    key: str
    type: str
    default: Any
    unit: str = ""
    meaning: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Manifest:
    """What a plugin says about itself."""

    name: str
    version: str
    api: int
    folder: Path
    summary: str = ""
    scope: Literal["guild", "global"] = "guild"
    priority: int = 100
    catch_up: bool = False
    offline: bool = False
    """Runs in a process without Discord too."""
    limits: Mapping[str, float] = dataclasses.field(default_factory=dict)
    options: tuple[Option, ...] = ()
    cli: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Commands in the terminal, of one word or two, each with a line of help."""
    text: str = dataclasses.field(default="", repr=False)
    """The file as it was read."""

    def order(self) -> tuple[int, str]:
        """Return the place among plugins of one stage: never by load order."""
        return (self.priority, self.name)

    def limit(self, hook: str) -> float:
        """Return the seconds that this plugin's handler of *hook* may take."""
        return self.limits.get(hook, DEFAULT_LIMIT)

    def check_limits(self, hooks: Iterable[str]) -> None:
        """Refuse limits of hooks that there are not (``ManifestError``)."""
        for hook in set(self.limits).difference(hooks):
            where = f"{self.folder}/{self.place('limits', hook)}"
            raise ManifestError(f"{self.name}: {where}: limits.{hook} is no hook. The hooks are {', '.join(hooks)}.")

    def place(self, *path: str) -> str:
        """Return ``manifest.toml:line`` of a key, as in ``place("plugin", "name")``."""
        return f"{FILE}:{line_of(self.text, path)}"

    def settings(self, values: Mapping[str, Any]) -> "Settings":
        """Check the ``[plugin.<name>]`` table *values* (``ConfigError``) and fill in defaults."""
        known = {option.key: option for option in self.options}
        for key, value in values.items():
            if key not in known:
                declared = [f"{one} ({self.place('config', one)})" for one in sorted(known)]
                raise ConfigError(
                    f"plugin.{self.name}.{key} (= {shown(key, value)}) is not a setting of this plugin. "
                    f"Known: {', '.join(declared or ['none (' + self.place('config') + ')'])}. Correct or remove it."
                )
        return Settings({key: self._checked(option, values) for key, option in known.items()})

    def _checked(self, option: Option, values: Mapping[str, Any]) -> Any:
        if option.key not in values:
            return option.default
        try:
            return _typed(f"plugin.{self.name}.{option.key}", values[option.key], option.type)
        except ConfigError as error:
            raise ConfigError(f"{error} It is declared in {self.place('config', option.key)}.") from None


class Settings(Mapping[str, Any]):
    """A plugin's settings, read by name (``config.poll_seconds``) or as a mapping."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = MappingProxyType(dict(values))

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"'{name}' is not declared in the manifest's [config]") from None

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def read_manifest(folder: Path) -> Manifest:
    """Read ``manifest.toml`` in *folder*; a ``ManifestError`` names plugin, file and line."""
    file, text = folder / FILE, ""
    try:
        text = manifest_text(folder)
        data = tomllib.loads(text)
        _check_depth(data)
    except OSError as error:
        problem = f"{file} cannot be read ({error.strerror}). Every plugin folder has one."
        raise ManifestError(f"{folder.name}: {FILE}:1: {problem}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ManifestError(f"{folder.name}: {file}:{line}: it is not valid TOML: {error}. Write UTF-8.") from error
    except RecursionError as error:
        raise ManifestError(f"{folder.name}: {file}:1: it is nested too deep. Write plain tables.") from error
    except tomllib.TOMLDecodeError as error:
        place, problem = _PLACE_IN_TOML.search(str(error)), _PLACE_IN_TOML.sub("", str(error))
        line = int(place["line"]) if place and place["line"] else max(len(text.splitlines()), 1)  # else it is the end
        remedy = "Correct that line."
        raise ManifestError(f"{folder.name}: {file}:{line}: it is not valid TOML: {problem}. {remedy}") from error
    except ValueError as error:
        problem = f"{file} cannot be read: {error}. A manifest has some hundred bytes."
        raise ManifestError(f"{folder.name}: {FILE}:1: {problem}") from error
    return _manifest(_Document(file, text, data))


def _check_depth(value: Any, depth: int = 0) -> None:
    """Refuse (``RecursionError``) what is nested deeper than any manifest."""
    if depth > DEEPEST:
        raise RecursionError
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        _check_depth(inner, depth + 1)


def line_of(text: str, path: Sequence[str]) -> int:
    """Return the line of the key at *path* in TOML; where it is missing, of its table; where that is, 1."""
    lines: dict[_Path, int] = {}
    for found, line in _statements(text):
        lines.setdefault(found, line)
    return next((lines[key] for size in range(len(path), 0, -1) if (key := tuple(path[:size])) in lines), 1)


@dataclasses.dataclass(frozen=True, slots=True)
class _Document:
    """A manifest's text and data. What is wrong in it is told with its place."""

    file: Path
    text: str
    data: Mapping[str, Any]

    def wrong(self, path: _Path, problem: str) -> ManifestError:
        """Return the error for the key at *path*: its dotted name, then *problem*."""
        return self.error(path, f"{'.'.join(path)} {problem}")

    def error(self, path: _Path, text: str) -> ManifestError:
        """Return the error *text* for the key at *path*."""
        plugin = self.data.get("plugin")
        name = plugin.get("name") if isinstance(plugin, Mapping) else None
        shown_name = name if isinstance(name, str) and NAME.fullmatch(name) else self.file.parent.name
        return ManifestError(f"{shown_name}: {self.file}:{line_of(self.text, path)}: {text[:_LONGEST]}")

    def table(self, *path: str, known: Set[str] | None = None) -> Mapping[str, Any]:
        """Return a table, empty where it is missing; with *known*, it holds no other keys."""
        table: Any = self.data
        for key in path:
            table = table.get(key, {})
        if not isinstance(table, Mapping):
            raise self.wrong(path, f"is {table!r}. It is a table: write [{'.'.join(path)}].")
        for key in table:
            if known is not None and key not in known:
                raise self.wrong((*path, key), f"is not a key here. Known: {', '.join(sorted(known))}.")
        return table

    def value(self, path: _Path, kind: type, default: Any = None) -> Any:
        """Return a value of type *kind*; without *default* it must be there."""
        value = self.table(*path[:-1]).get(path[-1], default)
        if value is None:
            raise self.wrong(path, f"is missing. Add it, as in {path[-1]} = {kind()!r}.")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(path, f"is {value!r}. It must be of type {kind.__name__}.")
        return value


def _manifest(document: _Document) -> Manifest:
    document.table(known={"plugin", "limits", "config", "cli"})
    document.table("plugin", known=set(_PLUGIN_KEYS))
    plugin = {key: document.value(("plugin", key), *kind) for key, kind in _PLUGIN_KEYS.items()}
    _check(document, **plugin)
    limits = {hook: _limit(document, hook) for hook in document.table("limits")}
    options = tuple(_option(document, key) for key in document.table("config"))
    cli = {name: _command(document, name) for name in document.table("cli")}
    return Manifest(
        **plugin, folder=document.file.parent, limits=limits, options=options, cli=cli, text=document.text
    )  # fmt: skip


def _check(document: _Document, *, name: str, api: int, scope: str, **_: Any) -> None:
    if not NAME.fullmatch(name):
        raise document.wrong(("plugin", "name"), f"is '{name}'. Use a-z, 0-9 and _, beginning with a letter.")
    if api not in SUPPORTED_APIS:
        remedy = "Update roundhook." if api > API else "Update the plugin."
        raise document.wrong(("plugin", "api"), f"is {api}, this roundhook supports {sorted(SUPPORTED_APIS)}. {remedy}")
    if scope not in ("guild", "global"):
        raise document.wrong(("plugin", "scope"), f'is \'{scope}\'. It is "guild" or "global".')


def _limit(document: _Document, hook: str) -> float:
    seconds = document.table("limits")[hook]
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0:
        raise document.wrong(("limits", hook), f"is {seconds!r}. Write a number of seconds above 0.")
    return float(seconds)


def _command(document: _Document, name: str) -> str:
    summary: str = document.value(("cli", name), str)
    if not _COMMAND.fullmatch(name) or not summary.strip():
        raise document.wrong(("cli", name), "is no command. Write one word or two of a-z, and a line of help.")
    return summary


def _option(document: _Document, key: str) -> Option:
    path = ("config", key)
    data = document.table("config")[key]
    if not isinstance(data, Mapping):
        raise document.wrong(path, f"is {data!r}. Write [config.{key}] with type and default.")
    document.table(*path, known=_OPTION_KEYS)
    type_name = document.value((*path, "type"), str)
    if type_name not in _TYPES:
        raise document.wrong((*path, "type"), f"is '{type_name}'. Use one of {', '.join(_TYPES)}.")
    if "default" not in data:
        raise document.wrong((*path, "default"), "is missing. Every key has one.")
    try:
        default = _typed(f"config.{key}.default", data["default"], type_name)
    except ConfigError as error:
        raise document.error((*path, "default"), str(error)) from None
    return Option(key, type_name, default, *(str(data.get(about, "")) for about in ("unit", "meaning")))


def _typed(where: str, value: object, type_name: str) -> Any:
    if type_name == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    return convert(where, value, _TYPES[type_name])


def _statements(text: str) -> Iterator[tuple[_Path, int]]:
    """Give each key and table of valid TOML with its line: a statement is so many lines as can be read alone."""
    table: _Path = ()
    pending, first, read = "", 1, 0
    for number, line in enumerate(text.split("\n"), 1):
        first = first if pending else number
        pending += f"{line}\n"
        if (read := read + len(pending)) > _MOST_READ:
            return
        try:
            found = list(_keys(tomllib.loads(pending)))
        except tomllib.TOMLDecodeError:
            continue
        is_table = pending.lstrip().startswith("[")
        yield from (((*(() if is_table else table), *key), first) for key in found)
        table, pending = (found[-1] if is_table else table), ""


def _keys(data: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Give the path of each key in *data*, a table's before those in it."""
    for key, value in data.items():
        yield (key,)
        if isinstance(value, Mapping):
            yield from ((key, *inner) for inner in _keys(value))
