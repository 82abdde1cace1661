"""From what a person types to the values of a command's options."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devkit.discord.check_commands import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    USER,
)
from devkit.discord.shapes import Json, Payload

_TRUE, _FALSE = ("yes", "true", "on", "1"), ("no", "false", "off", "0")


@dataclass(frozen=True, slots=True)
class Names:
    """How people and channels are found by what they are called."""

    person: Callable[[str], int]
    channel: Callable[[str], int]

    def value(self, option: Payload, text: str) -> Json:
        """Return the value that *text* stands for; a choice's name will do.

        Raises:
            ValueError: the option takes something else.
        """
        chosen = [choice["value"] for choice in option.get("choices", ()) if choice["name"].lower() == text.lower()]
        if chosen:
            return chosen[0]
        read, words = self._readers()[option["type"]]
        try:
            return read(text)
        except (ValueError, OSError) as error:
            raise ValueError(f"The option {option['name']} takes {words}, not {text!r}.") from error

    def _readers(self) -> dict[int, tuple[Callable[[str], Json], str]]:
        return {
            STRING: (str, "a text"),
            INTEGER: (int, "a whole number"),
            NUMBER: (_number, "a number"),
            BOOLEAN: (_yes_or_no, "yes or no"),
            USER: (self.person, "somebody's name"),
            MENTIONABLE: (self.person, "somebody's name"),
            CHANNEL: (self.channel, "a channel"),
            ROLE: (int, "the number of a role"),
            ATTACHMENT: (_file, "the path of a file that can be read"),
        }


def options_by_name(options: Sequence[Payload], words: Sequence[str]) -> dict[str, str]:
    """Return what was typed for each option: by name (``days=7``), else in their order.

    Raises:
        LookupError: more words than options.
    """
    known = [option["name"] for option in options]
    named = [word.partition("=") for word in words if word.partition("=")[0] in known and "=" in word]
    texts = {name: text for name, _, text in named}
    free = [name for name in known if name not in texts]
    rest = [word for word in words if word.partition("=")[0] not in known or "=" not in word]
    if len(rest) > len(free):
        offered = ", ".join(f"{name}=…" for name in known) or "none"
        raise LookupError(f"There is no option for {rest[len(free)]!r}. The options are: {offered}.")
    return texts | dict(zip(free, rest, strict=False))


def _yes_or_no(text: str) -> bool:
    if text.lower() not in (*_TRUE, *_FALSE):
        raise ValueError(text)
    return text.lower() in _TRUE


def _number(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _file(text: str) -> tuple[str, bytes]:
    path = Path(os.path.expanduser(text))  # of a user whom nobody knows it stays as it is
    return path.name, path.read_bytes()
