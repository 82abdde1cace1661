"""Secrets of the settings: read from where they are, shown nowhere."""

import contextlib
import os
from pathlib import Path

from core.errors import ConfigError
from core.textfiles import decoded


class Secret(str):
    """Text that never shows in logs, errors or ``repr``; ``reveal`` gives it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def reveal(self) -> str:
        """Return the secret itself."""
        return str.__str__(self)


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
        with contextlib.suppress(OSError):
            value = _text(key, place, folder / where)
    if not (value := value.strip("\ufeff \t\r\n")):
        raise ConfigError(f"{key} is '{place}', and there is nothing. {remedy}")
    return Secret(value)


def _text(key: str, place: str, file: Path) -> str:
    try:
        return decoded(file.read_bytes())
    except UnicodeDecodeError:
        raise ConfigError(f"{key} is '{place}', and that file is no text. Save it as UTF-8.") from None
