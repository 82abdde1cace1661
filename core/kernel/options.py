"""The settings that a manifest declares: their types, checked values, and how a plugin reads them."""

import dataclasses
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from core.config import convert
from core.errors import ConfigError
from core.kernel.document import Document

_TYPES: dict[str, Any] = {
    "str": str, "int": int, "float": float, "bool": bool, "list[str]": list[str], "list[int]": list[int],
}  # fmt: skip
_OPTION_KEYS = {"type", "default", "unit", "meaning"}


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """A config key that the plugin declares."""

    key: str
    type: str
    default: Any
    unit: str = ""
    meaning: str = ""


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


def read_option(document: Document, key: str) -> Option:
    """Read ``[config.<key>]``; a ``ManifestError`` names file and line."""
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
        default = typed(f"config.{key}.default", data["default"], type_name)
    except ConfigError as error:
        raise document.error((*path, "default"), str(error)) from None
    return Option(key, type_name, default, *(str(data.get(about, "")) for about in ("unit", "meaning")))


def typed(where: str, value: object, type_name: str) -> Any:
    """Return *value* as a setting of that type has it (else ``ConfigError``, which begins with *where*)."""
    if type_name == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    return convert(where, value, _TYPES[type_name])
