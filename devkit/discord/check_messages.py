"""What Discord accepts as a message: content, embeds, attachments, mentions, uploads."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from devkit.discord.check_components import RULES, check_component, check_layout, check_modal, walk
from devkit.discord.checks import Check, Path, Problems, anything, each, flag, number, one_of, record, text, url
from devkit.discord.errors import too_large
from devkit.discord.shapes import Json, Payload, Upload

EMBED_TOTAL = 6000
UPLOAD_LIMIT = 10 * 1024 * 1024
LAYOUT_FLAG = 1 << 15
"""The message consists of layout components: no content, no embeds."""


def _moment(value: Json, path: Path, problems: Problems) -> None:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        message = f"Could not parse {value}. Should be ISO8601."
        problems.add(path, "DATE_TIME_TYPE_PARSE", message)


def _nonce(value: Json, path: Path, problems: Problems) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        text(25)(value, path, problems)


_PICTURE_URL = url("http", "https", "attachment")
_PICTURE = record(
    dict.fromkeys(("height", "width", "flags", "placeholder_version"), anything)
    | {"url": _PICTURE_URL, "proxy_url": anything, "placeholder": anything, "content_type": anything},
)
_FIELD = record({"name": text(256), "value": text(1024), "inline": flag()}, required=["name", "value"])
EMBED = record(
    {
        "title": text(256),
        "type": anything,
        "description": text(4096),
        "url": url(),
        "timestamp": _moment,
        "color": number(0, 0xFFFFFF),
        "footer": record({"text": text(2048), "icon_url": _PICTURE_URL, "proxy_icon_url": anything}, required=["text"]),
        "image": _PICTURE,
        "thumbnail": _PICTURE,
        "video": anything,
        "provider": anything,
        "author": record(
            {"name": text(256), "url": url(), "icon_url": _PICTURE_URL, "proxy_icon_url": anything}, required=["name"]
        ),
        "fields": each(_FIELD, 25),
        "flags": anything,
    }
)
_MENTIONS = record(
    {
        "parse": each(one_of("roles", "users", "everyone"), 3),
        "users": each(number(), 100),
        "roles": each(number(), 100),
        "replied_user": flag(),
    }
)
_BODY: dict[str, Check] = {
    "content": text(2000),
    "tts": flag(),
    "flags": number(0),
    "embeds": each(EMBED, 10),
    "allowed_mentions": _MENTIONS,
    "components": each(check_component, 40),
    "attachments": each(
        record(
            dict.fromkeys(("size", "url", "proxy_url", "content_type", "height", "width", "ephemeral"), anything)
            | {"id": number(0), "filename": text(260), "title": text(1024), "description": text(1024)}
            | dict.fromkeys(("duration_secs", "waveform", "is_spoiler", "flags"), anything),
            required=["id"],
        ),
        10,
    ),
    "poll": anything,
}
_SENDER: dict[str, Check] = {"username": text(80, 1), "avatar_url": text(2048), "thread_name": text(100)}
BODIES = {
    "channel": record(
        {
            **_BODY,
            "nonce": _nonce,
            "enforce_nonce": flag(),
            "message_reference": anything,
            "sticker_ids": each(anything, 3),
            "shared_client_theme": anything,
        }
    ),
    "webhook": record({**_BODY, **_SENDER, "applied_tags": anything}),
    "interaction": record({**_BODY, **_SENDER}),
}
"""The rules by where a message goes; edits use those of "interaction"."""

CHOICES = each(
    record({"name": text(100, 1), "name_localizations": anything, "value": anything}, required=["name", "value"]), 25
)


def check_message(body: Payload, rules: str, *, strict: bool, path: Path = ()) -> None:
    """Refuse (400 / 50035) a message body that breaks the *rules* (a key of BODIES)."""
    problems = Problems(strict=strict)
    BODIES[rules](body, path, problems)
    embeds = body.get("embeds")
    if isinstance(embeds, list) and embeds_size(embeds) > EMBED_TOTAL:
        message = f"Embed size exceeds maximum size of {EMBED_TOTAL}"
        problems.add((*path, "embeds"), "MAX_EMBED_SIZE_EXCEEDED", message)
    if isinstance(body.get("components"), list):
        _check_components(body, (*path, "components"), problems)
    _check_mentions(body.get("allowed_mentions"), (*path, "allowed_mentions"), problems)
    _check_sender(body.get("username"), (*path, "username"), problems)
    problems.refuse()


def check_uploads(uploads: Mapping[int, Upload]) -> None:
    """Refuse (413 / 40005) a file over 10 MiB, and more than ten files."""
    if any(len(upload.data) > UPLOAD_LIMIT for upload in uploads.values()):
        raise too_large()
    if len(uploads) > 10:
        problems = Problems()
        problems.add(("files",), "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
        problems.refuse()


def check_references(body: Payload, names: Iterable[str], path: Path = ()) -> None:
    """Refuse an ``attachment://name`` for which no file was sent."""
    known, problems = set(names), Problems()
    for where, address in _pictures(body):
        scheme, _, name = address.partition("://")
        if scheme == "attachment" and name not in known:
            message = f"The referenced attachment {name!r} was not found."
            problems.add((*path, *where), "REFERENCED_ATTACHMENT_NOT_FOUND", message)
    problems.refuse()


def check_choices(data: Payload, *, strict: bool) -> None:
    """Refuse autocomplete choices that Discord would refuse."""
    problems = Problems(strict=strict)
    CHOICES(data.get("choices"), ("data", "choices"), problems)
    for index, choice in enumerate(data.get("choices") or ()):
        value = choice.get("value") if isinstance(choice, dict) else None
        if isinstance(value, str) and not 1 <= len(value) <= 100:
            message = "Must be between 1 and 100 in length."
            problems.add(("data", "choices", index, "value"), "BASE_TYPE_BAD_LENGTH", message)
    problems.refuse()


def check_modal_body(data: Payload, *, strict: bool) -> None:
    """Refuse a modal that Discord would refuse."""
    problems = Problems(strict=strict)
    check_modal(data, ("data",), problems)
    problems.refuse()


def embeds_size(embeds: list[Payload]) -> int:
    """Count the characters that Discord counts against the total of a message."""
    return sum(map(_embed_size, embeds))


def _embed_size(embed: Json) -> int:
    if not isinstance(embed, dict):
        return 0
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for entry in embed.get("fields") or ():
        texts += [entry.get("name"), entry.get("value")]
    return sum(len(piece) for piece in texts if isinstance(piece, str))


def _check_components(body: Payload, path: Path, problems: Problems) -> None:
    flags = body.get("flags")
    layout = bool(isinstance(flags, int) and flags & LAYOUT_FLAG)
    components = [entry for entry in body["components"] if isinstance(entry, dict)]
    check_layout(components, layout=layout, path=path, problems=problems)
    shown = sum(len(str(entry.get("content", ""))) for entry in walk(components) if entry.get("type") in RULES)
    if shown > 4000:
        message = "The displayable text of all components exceeds 4000 characters"
        problems.add(path, "COMPONENT_MAX_TOTAL_TEXT_LENGTH", message)
    if layout and (body.get("content") or body.get("embeds")):
        message = "The 'content' and 'embeds' fields cannot be used with layout components"
        problems.add((*path[:-1], "content"), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)


def _check_mentions(mentions: Json, path: Path, problems: Problems) -> None:
    if not isinstance(mentions, dict):
        return
    for kind in ("users", "roles"):
        if mentions.get(kind) and kind in (mentions.get("parse") or ()):
            message = f"Mutually exclusive with parse: [{kind!r}]"
            problems.add((*path, kind), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


def _check_sender(name: Json, path: Path, problems: Problems) -> None:
    for word in ("discord", "clyde"):
        if isinstance(name, str) and word in name.lower():
            problems.add(path, "USERNAME_INVALID_CONTAINS", f'Username cannot contain "{word}"')


def _pictures(body: Payload) -> Iterable[tuple[Path, str]]:
    for index, embed in enumerate(body.get("embeds") or ()):
        for part, key in (("image", "url"), ("thumbnail", "url"), ("footer", "icon_url"), ("author", "icon_url")):
            address = (embed.get(part) or {}).get(key)
            if address:
                yield ("embeds", index, part, key), address
    for component in walk(body.get("components")):
        for holder in (component, *(component.get("items") or ())):
            for part in ("media", "file"):
                if isinstance(holder.get(part), dict):
                    yield ("components", part, "url"), str(holder[part].get("url"))
