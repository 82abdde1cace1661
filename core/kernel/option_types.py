"""The types of settings: what may stand in the file (or a row), what a plugin reads, and what people write for it."""

import json
import re
import tomllib
from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from core.config import convert
from core.errors import ConfigError
from core.secret import is_place

Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
TYPES: dict[str, Any] = {
    "str": str, "int": int, "float": float, "bool": bool, "list[str]": list[str], "list[int]": list[int],
    "duration": str | int | float, "secret": str, "channel": Id, "role": Id, "user": Id,
}  # fmt: skip
"""Each with what the file has."""
NUMBERS, LISTS, PLACES = ("int", "float", "duration"), ("list[str]", "list[int]"), ("channel", "role", "user")

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|[smhd])){1,5}", re.ASCII)
_PART = re.compile(r"([\d.]+)(ms|[smhd])")
_NUMBER = re.compile(r"[-+]?(\d{1,300}(\.\d{0,300})?|\.\d{1,300})([eE][-+]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"[-+]?\d{1,300}", re.ASCII)
_ID = re.compile(r"<(?:#|@&|@!?)(\d{1,20})>|(\d{1,20})", re.ASCII)
_YES, _NO = ("true", "yes", "on"), ("false", "no", "off")

FORMS = {
    "str": "a text", "int": "a whole number, such as 5", "float": "a number, such as 1.5", "bool": "true or false",
    "list[str]": "texts with commas between them, or [\"a\", \"b\"]",
    "list[int]": "whole numbers with commas between them", "duration": "a time such as 90s, 10m, 1h30m or 2d",
    "channel": "a channel, as #name or its id", "role": "a role, as @name or its id",
    "user": "a person, as @name or their id", "secret": 'where it is: "env:NAME" or "file:PATH"',
}  # fmt: skip
"""What people write, in words."""


def typed(where: str, value: object, type_name: str) -> Any:
    """Return *value* as a setting of that type has it (else ``ConfigError``, which begins with *where*).

    A secret stays the place where it is.
    """
    if type_name == "secret":
        return _place(where, value)
    if type_name == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = _as_float(where, value)
    found: Any = convert(where, value, TYPES[type_name])
    if type_name == "duration":
        found = _seconds(where, found)
    if isinstance(found, float) and not abs(found) < float("inf"):
        raise ConfigError(f"{where} is {found}, which is no finite number. Correct it.")
    return found


def parsed(text: str, type_name: str) -> Any:
    """Return what the file has for what people have written (else ``ValueError``, which says what to write)."""
    try:
        return _PARSERS[type_name](text.strip())
    except (ValueError, OverflowError):
        raise ValueError(f"Write {FORMS[type_name]}.") from None


def text_of(value: Any, type_name: str) -> str:
    """Return what people write for a value of the file: ``parsed`` gives it back."""
    if isinstance(value, list):
        return f"[{', '.join(map(_element, value))}]"
    if isinstance(value, str):
        plain = value == value.strip() and value[:1] not in ('"', "'") and value not in ("", "-")
        return value if plain or type_name != "str" else _quoted(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _place(where: str, value: object) -> str:
    if not (isinstance(value, str) and is_place(value)):
        raise ConfigError(
            f'{where} is a secret itself (not shown here). Write "env:NAME" or "file:PATH" and put it there; if the '
            "file was shared, make a new one."
        )
    return value


def _as_float(where: str, value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ConfigError(f"{where} is a number beyond all floats. Correct it.") from None


def _seconds(where: str, value: str | float) -> float:
    if isinstance(value, str):
        value = value.replace(" ", "")
        if not _DURATION.fullmatch(value):
            raise ConfigError(f"{where} is no time. Write one such as 90s, 10m, 1h30m or 2d.")
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    seconds = _as_float(where, value) if isinstance(value, int) else value
    if seconds < 0:
        raise ConfigError(f"{where} is {value}: a time is not less than 0. Correct it.")
    return seconds


def _parsed_text(text: str) -> str:
    if text[:1] in ('"', "'"):
        quoted = _toml(text)
        return quoted if isinstance(quoted, str) else text
    return text


def _parsed_duration(text: str) -> str | float:
    text = text.replace(" ", "")
    if _NUMBER.fullmatch(text):
        return int(text) if _WHOLE.fullmatch(text) else float(text)
    if not _DURATION.fullmatch(text):
        raise ValueError(text)
    return text


def _parsed_bool(text: str) -> bool:
    if (word := text.lower()) not in (*_YES, *_NO):
        raise ValueError(text)
    return word in _YES


def _parsed_int(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _parsed_float(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text)


def _parsed_id(text: str) -> int:
    if (found := _ID.fullmatch(text)) is None or int(found[1] or found[2]) >= 2**63:
        raise ValueError(text)
    return int(found[1] or found[2])


def _parsed_list(element: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    def parse(text: str) -> list[Any]:
        if text.startswith("["):
            found = _toml(text)
            kind = str if element is _parsed_text else int
            if not isinstance(found, list) or not all(type(one) is kind for one in found):
                raise ValueError(text)
            return found
        return [element(one.strip()) for one in re.split("[,\n]", text) if one.strip()]

    return parse


def _refused(_: str) -> Any:
    raise ValueError


def _toml(text: str) -> object:
    """Return the value that *text* is in TOML, None if it is none."""
    try:
        found = tomllib.loads(f"x = {text}")
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return None
    return found["x"] if len(found) == 1 else None


def _element(value: Any) -> str:
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


_PARSERS: dict[str, Callable[[str], Any]] = {
    "str": _parsed_text, "int": _parsed_int, "float": _parsed_float, "bool": _parsed_bool,
    "list[str]": _parsed_list(_parsed_text), "list[int]": _parsed_list(_parsed_int), "duration": _parsed_duration,
    "secret": _refused, **dict.fromkeys(PLACES, _parsed_id),
}  # fmt: skip
