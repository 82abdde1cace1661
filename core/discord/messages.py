"""What the bot says, within Discord's limits: splitting, nonces, custom ids. No mention ever pings."""

import hashlib
import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.errors import PluginError
from core.shown import cut_text, file_name, message_text, safe_cut
from core.shown import escape_markdown as escape_markdown

if TYPE_CHECKING:
    import hikari

CONTENT, EMBEDS, EMBED_TOTAL, FILES = 2000, 10, 6000, 10
TITLE, DESCRIPTION, FIELDS, FIELD_NAME, FIELD_VALUE, FOOTER, AUTHOR = 256, 4096, 25, 256, 1024, 2048, 256
NONCE, CUSTOM_ID = 25, 100
MOST_COLOR = 0xFFFFFF
_BLANK = "\u200b"
"""What stands for nothing where Discord wants something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A named value in an embed."""

    name: str
    value: str
    inline: bool = False
    """Beside its neighbour, where there is room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """A framed part of a message; ``image`` names one of the message's files."""

    title: str = ""
    description: str = ""
    color: int | None = None
    """``0xRRGGBB``."""
    fields: tuple[Field, ...] = ()
    footer: str = ""
    image: str = ""
    """The name of one of the message's files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to attach."""

    name: str
    """``ctx.send`` and ``send_to_guilds`` put a mark in, by which it is known again: ``week-1a2b3c4d.png``."""
    data: bytes
    description: str = ""
    """What is read out to who cannot see it; at most 1,024 characters are sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of any size, Markdown and all; what others have written goes through ``escape_markdown``."""

    content: str = ""
    embeds: tuple[Embed, ...] = ()
    files: tuple[File, ...] = ()
    components: tuple[Any, ...] = ()
    """hikari component builders (rows)."""

    def parts(self) -> "list[Message]":
        """Return messages that Discord accepts, in order: last the files that no embed shows, and the components."""
        pieces = [Message(content=text) for text in split_text(message_text(self.content), CONTENT)]
        for group in _groups(tuple(part for embed in self.embeds for part in _fitting(_shown(embed)))):
            if pieces and not pieces[-1].embeds:
                pieces[-1] = replace(pieces[-1], embeds=group)
            else:
                pieces.append(Message(embeds=group))
        pieces = [self._with_images(piece) for piece in pieces or [Message()]]
        shown = {file.name for piece in pieces for file in piece.files}
        rest = tuple(file for file in self.files if file.name not in shown)
        room = FILES - len(pieces[-1].files)
        pieces[-1] = replace(pieces[-1], files=pieces[-1].files + rest[:room])
        pieces += [Message(files=rest[start : start + FILES]) for start in range(room, len(rest), FILES)]
        pieces[-1] = replace(pieces[-1], components=self.components)
        return pieces

    def _with_images(self, piece: "Message") -> "Message":
        """Return *piece* with the files that its embeds show: Discord looks for them in the same message."""
        images = {embed.image for embed in piece.embeds}
        return replace(piece, files=tuple(file for file in self.files if file.name in images))

    def options(self, *, empty: Any = ...) -> dict[str, Any]:
        """Return hikari's keyword arguments for one part; images are taken from the files.

        What the part does not have is left out, or with *empty* given as that: None takes it away from what stands.
        """
        import hikari

        from core.discord.attachments import Described

        empty = hikari.UNDEFINED if empty is ... else empty
        resources: dict[str, hikari.Bytes] = {
            one.name: Described(one.data, file_name(one.name), one.description) for one in self.files
        }
        embeds, shown = [_built(embed, resources) for embed in self.embeds], {embed.image for embed in self.embeds}
        attachments = [resource for name, resource in resources.items() if name not in shown]
        given = {
            "content": self.content, "embeds": embeds, "attachments": attachments, "components": list(self.components),
        }  # fmt: skip
        quiet = dict.fromkeys(("mentions_everyone", "user_mentions", "role_mentions"), False)
        return {key: value or empty for key, value in given.items()} | quiet


Content = str | Message | Callable[[], Awaitable[str | Message | None]]
"""What can be sent: a text, a message, or a coroutine function that makes one when it is needed."""
Within = float | Callable[[int], float]
"""How many seconds ago something may have happened that is announced; or a function of the guild that tells it."""


def as_message(message: str | Message) -> Message:
    """Return *message* as a Message (else ``PluginError``)."""
    if not isinstance(message, (str, Message)):
        raise PluginError(f"A message is a text or a Message, not {cut_text(repr(message), 80)}.")
    return Message(content=message) if isinstance(message, str) else message


async def made(content: Content) -> Message | None:
    """Return what *content* is, or makes (``PluginError``: that is no message, or an empty one)."""
    result = await content() if callable(content) else content
    if result is None:
        return None
    message = as_message(result)
    if not (message.content.strip() or message.embeds or message.files or message.components):
        raise PluginError("The message is empty. Give None where nothing is to stand.")
    for embed in message.embeds:
        _check_color(embed.color)
    return message


def _check_color(color: object) -> None:
    if color is not None and (isinstance(color, bool) or not isinstance(color, int) or not 0 <= color <= MOST_COLOR):
        raise PluginError(f"An embed's color is {color!r:.40}; it is 0x000000 to 0xFFFFFF, or None.")


def nonce_of(*about: object) -> str:
    """Return a nonce made from what a message is about: the same again is the same message.

    >>> len(nonce_of("stats", "round:1", 5))
    25
    """
    return hashlib.sha256("\0".join(map(str, about)).encode()).hexdigest()[:NONCE]


def component_id(plugin: str, action: str, args: object = "") -> str:
    """Return the custom id ``rh1:<plugin>:<action>:<args>``; ``ValueError`` if it is longer than 100 characters."""
    custom_id = f"rh1:{plugin}:{action}:{args}"
    if len(custom_id) > CUSTOM_ID:
        raise ValueError(f"{custom_id[:40]}… has {len(custom_id)} characters; a custom id may have {CUSTOM_ID}.")
    return custom_id


def split_text(text: str, limit: int) -> list[str]:
    r"""Split *text* into pieces of at most *limit* characters, at line ends where that is possible.

    >>> split_text("aaa\nbbb\nccc", 8)
    ['aaa\nbbb', 'ccc']
    """
    pieces: list[str] = []
    while len(text) > limit:
        cut = max(text.rfind("\n", 0, limit + 1), 0) or safe_cut(text, limit)
        pieces.append(text[:cut])
        text = text[cut:].removeprefix("\n")
    return [piece for piece in (*pieces, text) if piece.strip()]  # Discord refuses blanks


def _shown(embed: Embed) -> Embed:
    """Return *embed* with its texts as they are shown."""
    fields = tuple(replace(one, name=message_text(one.name), value=message_text(one.value)) for one in embed.fields)
    texts = {name: message_text(getattr(embed, name)) for name in ("title", "description", "footer")}
    return replace(embed, fields=fields, **texts)  # type: ignore[arg-type]  # texts are no colour


def _fitting(embed: Embed) -> Iterator[Embed]:
    """Cut one embed into embeds that fit; title and colour on the first, footer and image on the last."""
    texts = split_text(embed.description, DESCRIPTION) or [""]
    fields = [_cut(field) for field in embed.fields]
    groups = [tuple(fields[start : start + FIELDS]) for start in range(0, len(fields), FIELDS)] or [()]
    count = max(len(texts), len(groups))
    for number, (text, group) in enumerate(itertools.zip_longest(texts, groups)):
        part = Embed(description=text or "", color=embed.color, fields=group or ())
        if number == 0:
            part = replace(part, title=embed.title[:TITLE])
        if number == count - 1:
            part = replace(part, footer=embed.footer[:FOOTER], image=embed.image)
        if _size(part) or part.image:
            yield from _halved(part) if _size(part) > EMBED_TOTAL else (part,)


def _halved(embed: Embed) -> Iterator[Embed]:
    """Split an embed whose fields alone are too much together."""
    half = max(len(embed.fields) // 2, 1)
    first = replace(embed, fields=embed.fields[:half], footer="", image="")
    second = Embed(color=embed.color, fields=embed.fields[half:], footer=embed.footer, image=embed.image)
    for part in (first, second):
        yield from _halved(part) if _size(part) > EMBED_TOTAL and len(part.fields) > 1 else (part,)


def _groups(embeds: tuple[Embed, ...]) -> Iterator[tuple[Embed, ...]]:
    """Put embeds together as long as a message holds them."""
    group: tuple[Embed, ...] = ()
    for embed in embeds:
        if group and (len(group) == EMBEDS or sum(map(_size, group)) + _size(embed) > EMBED_TOTAL):
            yield group
            group = ()
        group = (*group, embed)
    if group:
        yield group


def _cut(field: Field) -> Field:
    value = cut_text(field.value, FIELD_VALUE)
    name = field.name[:FIELD_NAME]
    return Field(name=name if name.strip() else _BLANK, value=value if value.strip() else _BLANK, inline=field.inline)


def _size(embed: Embed) -> int:
    fields = sum(len(field.name) + len(field.value) for field in embed.fields)
    return len(embed.title) + len(embed.description) + len(embed.footer) + fields


def _built(embed: Embed, resources: "dict[str, hikari.Bytes]") -> "hikari.Embed":
    import hikari

    built = hikari.Embed(title=embed.title or None, description=embed.description or None, color=embed.color)
    for field in embed.fields:
        built.add_field(field.name, field.value, inline=field.inline)
    if embed.footer:
        built.set_footer(embed.footer)
    if embed.image in resources:
        built.set_image(resources[embed.image])
    return built
