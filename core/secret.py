"""Secrets of the settings: read from where they are, shown nowhere."""

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from core.errors import ConfigError
from core.shown import never_show, without_tokens
from core.textfiles import decoded

_SECRETIVE = re.compile(
    r"to?ke?n|secret|pass|(?<![a-z])pwd?(?![a-z])|credential|(?<!rest_)u?rl|key(?!_file)|^discord$|^database\b",
    re.IGNORECASE,
)
"""Keys whose values are not shown, since they may hold a secret; mistyped keys too, and all below ``database``."""
_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PLAIN = re.compile(r"[\w .,+/-]{0,40}")
"""What is shown of other values: no address, nothing as long as a token."""


class Secret:
    """Text that never shows in logs, errors or ``repr``, and is no text by mistake; ``reveal`` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value


def is_place(value: str) -> bool:
    """Tell whether *value* says where a secret is, and is not the secret itself, with these words before it or not."""
    kind, _, where = value.partition(":")
    if kind == "env":
        return bool(_VARIABLE.fullmatch(where))
    return kind == "file" and bool(where) and "://" not in where and without_tokens(where) == where


def read_secret(key: str, place: str, folder: Path) -> Secret:
    """Read a secret from ``env:NAME`` or ``file:PATH``, without the blanks and line ends around it.

    Raises:
        ConfigError: there is nothing, or the file is no text.
    """
    kind, _, where = place.partition(":")
    if kind == "env":
        value, remedy = os.environ.get(where, ""), f"Set the environment variable {where}."
    else:
        value, remedy = "", f"Put it into the file {where}."
        with contextlib.suppress(OSError, ValueError):  # a NUL in the path
            value = _text(key, place, folder / where)
    if not (value := value.strip("\ufeff \t\r\n")):
        raise ConfigError(f"{key} is '{place}', and there is nothing. {remedy}")
    never_show(value)
    return Secret(value)


def _text(key: str, place: str, file: Path) -> str:
    try:
        return decoded(file.read_bytes())
    except UnicodeDecodeError:
        raise ConfigError(f"{key} is '{place}', and that file is no text. Save it as UTF-8.") from None


def is_secretive(key: str) -> bool:
    """Tell whether *key* (its last part) tells that its value may be a secret."""
    return bool(_SECRETIVE.search(key.rpartition(".")[2])) or key.startswith("database.")


def shown(key: str, value: object) -> str:
    """Return *value* for an error message, unless *key* (its last part) tells that it may be a secret."""
    if is_secretive(key):
        return "(not shown)"
    if isinstance(value, Mapping):
        return "a table"
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, (int, float)) or _PLAIN.fullmatch(str(one)) for one in values):
        return "(not shown)"
    return text if len(text := repr(value)) <= 60 else f"{text[:57]}…"
