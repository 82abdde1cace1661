"""Messages as rows of ``announcements``: to JSON and back, and told again among those that stand in a channel.

Discord gives no nonce back when a channel is read. So the name of each file carries a token of its row; a message
without files is known by its text.
"""

import functools
import hashlib
import itertools
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from core.discord.messages import Embed, Field, File, Message
from core.shown import FILE_NAME

if TYPE_CHECKING:
    import hikari

Payload = Mapping[str, Any]
"""A message as Discord's API gives it."""
SINGLE = "single:"
"""How the subject of a message begins that nobody edits."""
MOST_BEGINNING = 60
"""Characters."""
_NAME = re.compile(r"[^a-z0-9]+")
_TOKEN = 8
_BESIDE = len("-") + _TOKEN + len("-99.")
"""Characters of a file's name beside its stem and its ending."""


@dataclass(frozen=True, slots=True)
class Built:
    """A row of components that has been built before; hikari sends what has ``build``."""

    payload: dict[str, Any]

    @property
    def type(self) -> int:
        """The kind of component, by Discord's number."""
        return int(self.payload["type"])

    def build(self) -> tuple[dict[str, Any], tuple[()]]:
        """Return the payload; there are no files in it."""
        return self.payload, ()


def token_of(*about: object) -> str:
    """Return what marks the files of one row."""
    return hashlib.sha256("\0".join(map(str, about)).encode()).hexdigest()[:_TOKEN]


def marked(part: Message, token: str) -> Message:
    """Return *part* with its files, and the embeds that show them, renamed: ``1.png`` becomes ``1-<token>.png``."""
    names = dict[str, str]()
    for file in part.files:
        names[file.name] = _with_token(file.name, token, names.values())
    embeds = tuple(replace(one, image=names.get(one.image, one.image)) for one in part.embeds)
    return replace(part, embeds=embeds, files=tuple(replace(one, name=names[one.name]) for one in part.files))


def to_row(part: Message) -> tuple[str, bytes]:
    """Return a part's content as JSON, and the bytes of its files one after another."""
    files = [_entry(one) for one in part.files]
    content = {
        "content": part.content,
        "embeds": [asdict(embed) for embed in part.embeds],
        "components": [row.build()[0] for row in part.components],
        "files": files,
    }
    return json.dumps(content), b"".join(one.data for one in part.files)


def beginning_of(content: str) -> str:
    """Return how a stored part begins, for whoever reads of it."""
    data = json.loads(content)
    titles = [embed["title"] for embed in data["embeds"] if embed["title"]]
    return str(data["content"] or next(iter(titles), "a picture"))[:MOST_BEGINNING]


def from_row(content: str, files: bytes) -> Message:
    """Return the part again."""
    data = json.loads(content)
    found, start = [], 0
    for name, size, _, *description in data["files"]:
        found.append(File(name=name, data=files[start : start + size], description="".join(description)))
        start += size
    embeds = [embed | {"fields": tuple(Field(**one) for one in embed["fields"])} for embed in data["embeds"]]
    return Message(
        content=data["content"],
        embeds=tuple(Embed(**embed) for embed in embeds),
        files=tuple(found),
        components=tuple(map(Built, data["components"])),
    )


def text_digest(content: str) -> str:
    """Return what tells a row's text from others: as Discord keeps it, whatever the blanks."""
    data = json.loads(content)
    embeds = [
        (one["title"], one["description"], [(field["name"], field["value"]) for field in one["fields"]], one["footer"])
        for one in data["embeds"]
    ]
    return _digest(data["content"], embeds)


def digest_of(payload: Payload) -> str:
    """Return the same of a message that stands in a channel."""
    embeds = [
        (
            one.get("title"), one.get("description"),
            [(field["name"], field["value"]) for field in one.get("fields", ())], (one.get("footer") or {}).get("text"),
        )
        for one in payload.get("embeds", ())
        if one.get("type", "rich") == "rich"
    ]  # fmt: skip
    return _digest(payload.get("content"), embeds)


def digest_of_sent(message: "hikari.Message") -> str:
    """Return the same of Discord's answer to a post, which is the earlier message where it knows the nonce."""
    embeds = [
        (
            one.title, one.description, [(field.name, field.value) for field in one.fields],
            one.footer.text if one.footer else None,
        )
        for one in message.embeds
    ]  # fmt: skip
    return _digest(message.content, embeds)


def carries(payload: Payload, token: str) -> bool:
    """Tell whether one of a message's files, also one that an embed shows, has the *token* in its name."""
    names = [str(one.get("filename", "")) for one in payload.get("attachments", ())]
    names += [str((one.get("image") or {}).get("url", "")).rpartition("/")[2] for one in payload.get("embeds", ())]
    return any(f"-{token}" in name for name in names)


def _entry(file: File) -> list[str | int]:
    """Return a file as it stands in a row; one without a description as it has always stood."""
    description = [file.description] if file.description else []
    return [file.name, len(file.data), _hash(file.data), *description]


@functools.lru_cache(maxsize=4)
def _hash(data: bytes) -> str:
    """Return the hash of a picture, which is the same in all channels."""
    return hashlib.sha256(data).hexdigest()


def _with_token(name: str, token: str, taken: Collection[str]) -> str:
    """Return *name* in Discord's letters with the token in it, short enough to be sent whole, and as no other is."""
    stem, _, kind = name.rpartition(".") if "." in name else (name, "", "")
    plain = _NAME.sub("-", stem.lower()).strip("-")[: max(FILE_NAME - len(kind) - _BESIDE, 1)] or "file"
    endings = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    names = (f"{plain}-{token}{ending}" + (f".{kind}" if kind else "") for ending in endings)
    return next(one for one in names if one not in taken)


def _digest(content: str | None, embeds: list[Any]) -> str:
    return hashlib.sha256(json.dumps(_normal([content or "", embeds])).encode()).hexdigest()[:16]


def _normal(value: Any) -> Any:
    """Return texts without what Discord strips or changes; nothing and an empty text are the same."""
    if isinstance(value, (list, tuple)):
        return [_normal(one) for one in value]
    return " ".join((value or "").split())
