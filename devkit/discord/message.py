"""Message: the JSON object of the API, readable by attributes, with its files beside it."""

import copy
from collections.abc import Iterator
from typing import Any

from devkit.discord.shapes import Payload

EPHEMERAL = 1 << 6
LOADING = 1 << 7


class Message(dict[str, Any]):
    """A message as the API returns it (ids are strings); ``m.content`` is ``m["content"]``.

    A modal that was answered with is one too: ``m.modal`` holds its title, custom id and components.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.files: dict[str, bytes] = {}
        """The uploaded bytes by file name."""
        self.followups: list[Message] = []
        """Further messages that answer the same interaction, in order; grows while the bot goes on."""
        self.reactors: dict[str, list[int]] = {}
        """Who has reacted, by emoji."""
        self.source: Message | None = None
        """Of a modal: the message whose button opened it."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"this message has no {name!r}; it has {', '.join(self)}") from None

    @property
    def ephemeral(self) -> bool:
        """Whether only the user who asked sees it."""
        return bool(self.get("flags", 0) & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether it still says "thinking": deferred and not yet filled."""
        return bool(self.get("flags", 0) & LOADING)

    @property
    def text(self) -> str:
        """Everything there is to read: content, embeds, text components, joined by newlines."""
        pieces = [self.get("content") or ""]
        for embed in self.get("embeds", ()):
            pieces += _embed_texts(embed)
        pieces += _component_texts(self.get("components", ()))
        return "\n".join(piece for piece in pieces if piece)

    def snapshot(self) -> "Message":
        """Return a copy that later edits do not change; ``followups`` is shared and keeps growing."""
        twin = Message(copy.deepcopy(dict(self)))
        twin.files = dict(self.files)
        twin.followups = self.followups
        twin.reactors = copy.deepcopy(self.reactors)
        twin.source = self.source
        return twin


def _embed_texts(embed: Payload) -> Iterator[str]:
    yield embed.get("author", {}).get("name", "")
    yield embed.get("title", "")
    yield embed.get("description", "")
    for entry in embed.get("fields", ()):
        yield entry["name"]
        yield entry["value"]
    yield embed.get("footer", {}).get("text", "")


def _component_texts(components: list[Payload]) -> Iterator[str]:
    for component in components:
        yield component.get("content", "")
        yield from _component_texts(component.get("components", []))
