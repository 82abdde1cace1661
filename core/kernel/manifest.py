"""manifest.toml → Manifest, read without importing any of the plugin's code."""

import dataclasses
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from core.config import convert, shown
from core.errors import ConfigError, ManifestError
from core.events import EVENTS_BY_HOOK

API = 1
"""The contract's number; it rises only when something breaks, and the kernel supports the last two."""
SUPPORTED_APIS = frozenset({API, API - 1} - {0})

DEFAULT_LIMIT = 10.0
"""Seconds that a handler may take unless the manifest's [limits] say otherwise."""

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_TYPES: dict[str, Any] = {
    "str": str, "int": int, "float": float, "bool": bool, "list[str]": list[str], "list[int]": list[int],
}  # fmt: skip
_PLUGIN_KEYS = {"name", "version", "api", "summary", "scope", "priority", "catch_up"}
_OPTION_KEYS = {"type", "default", "unit", "meaning"}


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
    limits: Mapping[str, float] = dataclasses.field(default_factory=dict)
    options: tuple[Option, ...] = ()

    def limit(self, hook: str) -> float:
        """Return the seconds that this plugin's handler of *hook* may take."""
        return self.limits.get(hook, DEFAULT_LIMIT)

    def settings(self, values: Mapping[str, Any]) -> "Settings":
        """Check the ``[plugin.<name>]`` table *values* and fill in defaults.

        Raises:
            ConfigError: an unknown key or a wrong type.
        """
        known = {option.key: option for option in self.options}
        for key, value in values.items():
            if key not in known:
                raise ConfigError(
                    f"plugin.{self.name}.{key} (= {shown(key, value)}) is not a setting of this plugin. "
                    f"Known: {', '.join(sorted(known)) or 'none'}. Correct or remove it."
                )
        return Settings({key: _checked(self.name, option, values) for key, option in known.items()})


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
    """Read ``manifest.toml`` in *folder*.

    Raises:
        ManifestError: it is missing, not TOML, or says something that cannot be.
    """
    file = folder / "manifest.toml"
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ManifestError(f"{file} cannot be read ({error.strerror}). Every plugin folder has one.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{file} is not valid TOML: {error}. Correct that line.") from error
    return _manifest(data, folder, file)


def _manifest(data: Mapping[str, Any], folder: Path, file: Path) -> Manifest:
    _known(file, "", data, {"plugin", "limits", "config"})
    plugin = _table(file, "plugin", data)
    _known(file, "plugin.", plugin, _PLUGIN_KEYS)
    name = _value(file, plugin, "name", str)
    if not NAME.fullmatch(name):
        raise ManifestError(f"{file}: plugin.name is '{name}'. Use a-z, 0-9 and _, beginning with a letter.")
    scope = _value(file, plugin, "scope", str, "guild")
    if scope not in ("guild", "global"):
        raise ManifestError(f'{file}: plugin.scope is \'{scope}\'. It is "guild" or "global".')
    return Manifest(
        name=name,
        version=_value(file, plugin, "version", str),
        api=_api(file, plugin),
        folder=folder,
        summary=_value(file, plugin, "summary", str, ""),
        scope="global" if scope == "global" else "guild",
        priority=_value(file, plugin, "priority", int, 100),
        catch_up=_value(file, plugin, "catch_up", bool, False),
        limits=_limits(file, data),
        options=tuple(_option(file, key, value) for key, value in _table(file, "config", data).items()),
    )


def _api(file: Path, plugin: Mapping[str, Any]) -> int:
    api: int = _value(file, plugin, "api", int)
    if api not in SUPPORTED_APIS:
        remedy = "Update roundhook." if api > API else "Update the plugin."
        raise ManifestError(f"{file}: plugin.api is {api}, this roundhook supports {sorted(SUPPORTED_APIS)}. {remedy}")
    return api


def _limits(file: Path, data: Mapping[str, Any]) -> dict[str, float]:
    limits = {}
    for hook, seconds in _table(file, "limits", data).items():
        if hook not in EVENTS_BY_HOOK:
            raise ManifestError(f"{file}: limits.{hook} is no hook. The hooks are {', '.join(EVENTS_BY_HOOK)}.")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0:
            raise ManifestError(f"{file}: limits.{hook} is {seconds!r}. Write a number of seconds above 0.")
        limits[hook] = float(seconds)
    return limits


def _option(file: Path, key: str, data: object) -> Option:
    if not isinstance(data, Mapping):
        raise ManifestError(f"{file}: config.{key} is {data!r}. Write [config.{key}] with type and default.")
    _known(file, f"config.{key}.", data, _OPTION_KEYS)
    type_name = _value(file, data, "type", str, where=f"config.{key}.")
    if type_name not in _TYPES:
        raise ManifestError(f"{file}: config.{key}.type is '{type_name}'. Use one of {', '.join(_TYPES)}.")
    if "default" not in data:
        raise ManifestError(f"{file}: config.{key}.default is missing. Every key has one.")
    default = _typed(f"{file}: config.{key}.default", data["default"], type_name, ManifestError)
    return Option(key, type_name, default, str(data.get("unit", "")), str(data.get("meaning", "")))


def _checked(plugin: str, option: Option, values: Mapping[str, Any]) -> Any:
    if option.key not in values:
        return option.default
    return _typed(f"plugin.{plugin}.{option.key}", values[option.key], option.type, ConfigError)


def _typed(where: str, value: object, type_name: str, error_type: type[Exception]) -> Any:
    if type_name == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    try:
        return convert(where, value, _TYPES[type_name])
    except ConfigError as error:
        raise error_type(str(error)) from None


def _value(
    file: Path, data: Mapping[str, Any], key: str, kind: type, default: Any = None, *, where: str = "plugin."
) -> Any:
    value = data.get(key, default)
    if value is None:
        raise ManifestError(f"{file}: {where}{key} is missing. Add it, as in {key} = {kind()!r}.")
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ManifestError(f"{file}: {where}{key} is {value!r}. It must be a {kind.__name__}.")
    return value


def _table(file: Path, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    table = data.get(name, {})
    if not isinstance(table, Mapping):
        raise ManifestError(f"{file}: {name} is {table!r}. It is a table: write [{name}].")
    return table


def _known(file: Path, prefix: str, data: Mapping[str, Any], known: set[str]) -> None:
    for key in data:
        if key not in known:
            raise ManifestError(f"{file}: {prefix}{key} is not a key here. Known: {', '.join(sorted(known))}.")
