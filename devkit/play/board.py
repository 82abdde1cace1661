"""The board: every message by a short number, and what has become of them since the last look."""

from dataclasses import dataclass
from typing import Literal

from devkit.discord import DiscordServer, Message


@dataclass(frozen=True, slots=True)
class Happening:
    """A message that has come, or reads otherwise than before, or is gone."""

    kind: Literal["new", "changed", "gone"]
    number: int
    message: Message


class Board:
    """Gives each message a number that people can type."""

    def __init__(self, discord: DiscordServer) -> None:
        self._discord = discord
        self._numbers: dict[str, int] = {}
        self._known: dict[str, Message] = {}

    def look(self) -> list[Happening]:
        """Return what has happened since the last look."""
        now = {message["id"]: message for message in self._discord.everything()}
        before, self._known = self._known, now
        gone = [Happening("gone", self.number(old), old) for key, old in before.items() if key not in now]
        came = [Happening("new", self.number(one), one) for key, one in now.items() if key not in before]
        changed = [one for key, one in now.items() if key in before and before[key] != one]
        return [*gone, *(Happening("changed", self.number(one), one) for one in changed), *came]

    def number(self, message: Message) -> int:
        """Return a message's number."""
        return self._numbers.setdefault(message["id"], len(self._numbers) + 1)

    def find(self, number: int) -> Message:
        """Return a message by its number.

        Raises:
            LookupError: there is none, or it is gone.
        """
        for message in self.messages():
            if self._numbers.get(message["id"]) == number:
                return message
        raise LookupError(f"There is no message {number}. Numbers stand in brackets before what was said.")

    def messages(self, channel: int | None = None) -> list[Message]:
        """Return what stands there now, oldest first; in all channels without *channel*."""
        found = self._discord.everything()
        return [one for one in found if channel is None or one["channel_id"] == str(channel)]
