"""Files as hikari sends them, with what it has no place for."""

import hikari

from core.shown import cut_text

MOST = 1024
"""The characters of a description that Discord takes."""


class Described(hikari.Bytes):
    """A file's bytes with what is read out to who cannot see them (sent by ``core.discord.rest``)."""

    __slots__ = ("description",)

    def __init__(self, data: bytes, name: str, description: str) -> None:
        super().__init__(data, name)
        self.description = cut_text(description.strip(), MOST)
