"""The settings that a manifest declares: their types and bounds, checked values, and how a plugin reads them."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from core.errors import ConfigError
from core.kernel.document import Document
from core.kernel.option_types import LISTS, NUMBERS, TYPES, parsed, text_of, typed
from core.secret import is_secretive, shown
from core.shown import cut_text, one_line

LONGEST_KEY = 32
_OPTION_KEYS = {"type", "default", "unit", "meaning", "scope", "choices", "min", "max", "pattern"}
_BOUNDS = {"choices": ("str", *NUMBERS, *LISTS), "min": ("str", *NUMBERS, *LISTS), "max": ("str", *NUMBERS, *LISTS),
           "pattern": ("str", "list[str]")}  # fmt: skip
"""Each bound with the types that it is for."""
_COUNTED = {"str": "characters", "list[str]": "of them", "list[int]": "of them", "duration": "seconds"}
"""What the numbers in ``min`` and ``max`` count, where that is not the unit."""


class Option(Struct, frozen=True):
    """A config key that the plugin declares. Its values are those of the file, unless they are called typed."""

    key: str
    type: str
    default: Any = None
    unit: str = ""
    meaning: str = ""
    scope: str = "global"
    """"guild": each guild may have its own value."""
    choices: tuple[Any, ...] = ()
    min: float | None = None
    """Of a text and a list the length."""
    max: float | None = None
    pattern: str = ""

    @property
    def secret(self) -> bool:
        return self.type == "secret"

    @property
    def per_guild(self) -> bool:
        return self.scope == "guild"

    def typed(self, where: str, value: Any) -> Any:
        """Return a value as the plugin reads it (else ``ConfigError``, which begins with *where*); None: not set."""
        if value is None:
            return None
        found = typed(where, value, self.type)
        if problem := self._problem(found):
            told = shown(where, value if self.type != "duration" else str(value))
            raise ConfigError(f"{where} is {told}: {problem}. Correct it.")
        return found

    def parsed(self, text: str) -> Any:
        """Return what the file would have for what somebody has written (else ``ValueError``: what to write)."""
        value = parsed(text, self.type)
        try:
            problem = self._problem(typed("it", value, self.type))
        except ConfigError as error:
            problem = str(error).removesuffix(" Correct it.")
        if problem:
            raise ValueError(f"{problem[0].upper()}{problem[1:].rstrip('.')}.")
        return value

    def text(self, value: Any) -> str:
        """Return a value as it is written; ``parsed`` gives it back."""
        return text_of(value, self.type)

    def told(self, value: Any) -> str:
        """Return a value for a record or a log: what may be a secret is not shown, what is long is cut."""
        return "(not shown)" if is_secretive(self.key) else cut_text(one_line(self.text(value)), 200)

    def _problem(self, value: Any) -> str:
        """Return what is wrong with a typed value, "" if nothing is."""
        each = value if isinstance(value, list) else [value]
        if self.choices and (strange := [one for one in each if one not in self._choices()]):
            return f"{self.text(strange[0])} is none of {', '.join(map(self.text, self.choices))}"
        if self.pattern and not all(re.fullmatch(self.pattern, one) for one in each):
            return f"it does not fit the pattern {self.pattern}"
        size = len(value) if isinstance(value, (str, list)) else value
        what = _COUNTED.get(self.type, self.unit)
        if self.min is not None and size < self.min:
            return f"it must be at least {plain(self.min)} {what}".rstrip()
        if self.max is not None and size > self.max:
            return f"it must be at most {plain(self.max)} {what}".rstrip()
        return ""

    def _choices(self) -> list[Any]:
        return [typed("it", one, self.type) if self.type == "duration" else one for one in self.choices]


class Settings(Mapping[str, Any]):
    """A plugin's settings, read by name (``config.poll_seconds``) or as a mapping."""

    def __init__(self, values: Mapping[str, Any], missing: str = "is not declared in the manifest's [config]") -> None:
        self._values, self._missing = MappingProxyType(dict(values)), missing

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"'{name}' {self._missing}") from None

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def plain(number: float) -> str:
    """Return a bound as people write it."""
    number = float(number)
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else f"{number:g}"


def usable(option: Option, row: Any) -> Any:
    """Return the value in a row as the plugin reads it, None if it cannot be one (any more)."""
    try:
        return None if option.secret else option.typed("it", row)
    except ConfigError:
        return None


def read_option(document: Document, key: str) -> Option:
    """Read ``[config.<key>]``; a ``ManifestError`` names file and line."""
    path = ("config", key)
    data = document.table("config")[key]
    if not isinstance(data, Mapping):
        raise document.wrong(path, f"is {data!r}. Write [config.{key}] with type and default.")
    document.table(*path, known=_OPTION_KEYS)
    if not key.isidentifier() or len(key) > LONGEST_KEY:
        raise document.wrong(path, f"is no key. Use a-z, 0-9 and _, at most {LONGEST_KEY} of them.")
    type_name = document.value((*path, "type"), str)
    if type_name not in TYPES:
        raise document.wrong((*path, "type"), f"is '{type_name}'. Use one of {', '.join(TYPES)}.")
    option = Option(
        key, type_name, data.get("default"), str(data.get("unit", "")), str(data.get("meaning", "")),
        _scope(document, path, type_name), **_bounds(document, path, type_name),
    )  # fmt: skip
    _check(document, (*path, "default"), option, option.default)
    if type_name not in LISTS:  # of which choices are the elements
        for choice in option.choices:
            _check(document, (*path, "choices"), option, choice)
    return option


def _check(document: Document, path: tuple[str, ...], option: Option, value: Any) -> None:
    try:
        option.typed(".".join(path), value)
    except ConfigError as error:
        raise document.error(path, str(error)) from None


def _scope(document: Document, path: tuple[str, ...], type_name: str) -> str:
    scope: str = document.value((*path, "scope"), str, "global")
    if scope not in ("guild", "global"):
        raise document.wrong((*path, "scope"), f'is \'{scope}\'. It is "guild" or "global".')
    if scope == "guild" and type_name == "secret":
        raise document.wrong((*path, "scope"), 'is "guild", and a secret is for all. Leave the scope out.')
    return scope


def _bounds(document: Document, path: tuple[str, ...], type_name: str) -> dict[str, Any]:
    """Read choices, min, max and pattern: each of them must fit the type, and they each other."""
    table = document.table(*path)
    for bound, types in _BOUNDS.items():
        if bound in table and type_name not in types:
            raise document.wrong((*path, bound), f"is for {', '.join(types)}. Leave it out.")
    bounds: dict[str, Any] = {one: _bound(document, (*path, one), type_name) for one in ("min", "max") if one in table}
    if "min" in bounds and "max" in bounds and bounds["min"] > bounds["max"]:
        raise document.wrong((*path, "min"), f"is {table['min']!r}, which is above max. Turn them round.")
    if "pattern" in table:
        bounds["pattern"] = _pattern(document, (*path, "pattern"))
    if "choices" in table:
        bounds["choices"] = _choices(document, (*path, "choices"), type_name)
    return bounds


def _bound(document: Document, path: tuple[str, ...], type_name: str) -> float:
    value = document.table(*path[:-1])[path[-1]]
    try:
        return float(typed(".".join(path), value, type_name if type_name == "duration" else "float"))
    except ConfigError as error:
        raise document.error(path, str(error)) from None


def _pattern(document: Document, path: tuple[str, ...]) -> str:
    pattern: str = document.value(path, str)
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise document.wrong(path, f"is no regular expression: {error}. Correct it.") from None
    return pattern


def _choices(document: Document, path: tuple[str, ...], type_name: str) -> tuple[Any, ...]:
    choices, of = document.value(path, list), type_name.removeprefix("list[").rstrip("]")
    if not choices:
        raise document.wrong(path, "is empty. Write at least one, or leave it out.")
    try:
        for one in choices:
            typed(".".join(path), one, of)
    except ConfigError as error:
        raise document.error(path, str(error)) from None
    return tuple(choices)
