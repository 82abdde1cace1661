"""From the body of a request to the content of a message: what Discord fills in and rewrites."""

import itertools
import mimetypes
import re
import struct
from collections.abc import Callable, Mapping

from devkit.discord.check_components import SEPARATOR, walk
from devkit.discord.shapes import Json, Payload, Upload
from devkit.discord.world import World

_EVERYONE = re.compile(r"@(everyone|here)\b")
_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_PNG = b"\x89PNG\r\n\x1a\n"


def safe_name(filename: str) -> str:
    """Return a file name as Discord keeps it."""
    return re.sub(r"[^\w.\-]", "_", filename.strip()) or "file"


def attachment_json(world: World, channel_id: int, upload: Upload, details: Payload, attachment_id: int = 0) -> Payload:
    """An attachment for an uploaded file; *details* is its entry in the body, if it had one."""
    attachment_id, name = attachment_id or world.snowflake(), safe_name(details.get("filename") or upload.filename)
    address = f"{world.origin()}/attachments/{channel_id}/{attachment_id}/{name}"
    made: Payload = {
        "id": str(attachment_id),
        "filename": name,
        "size": len(upload.data),
        "url": address,
        "proxy_url": address,
        "content_type": mimetypes.guess_type(name)[0] or upload.content_type,
    }
    made |= {key: details[key] for key in ("title", "description") if details.get(key)}
    if upload.data.startswith(_PNG) and len(upload.data) >= 24:
        made["width"], made["height"] = struct.unpack(">II", upload.data[16:24])
    return made


def embed_json(embed: Payload, resolve: Callable[[str], str]) -> Payload:
    """An embed as Discord stores it: no nulls, type rich, pictures resolved."""
    kept: Payload = {"type": "rich", **_without_nulls(embed)}
    for part, key in (("image", "url"), ("thumbnail", "url"), ("footer", "icon_url"), ("author", "icon_url")):
        if key in kept.get(part, {}):
            address = resolve(kept[part][key])
            kept[part] |= {key: address, f"proxy_{key}": address}
    for entry in kept.get("fields", ()):
        entry.setdefault("inline", False)
    return kept


def components_json(components: Json, resolve: Callable[[str], str]) -> list[Payload]:
    """Components as Discord stores them: nulls gone, each with an id, media resolved."""
    kept: list[Payload] = _without_nulls(components or [])
    taken = {entry["id"] for entry in walk(kept) if entry.get("id")}
    fresh = (number for number in itertools.count(1) if number not in taken)
    for component in walk(kept):
        if not component.get("id"):
            component["id"] = next(fresh)
        if component["type"] == SEPARATOR:
            component.setdefault("spacing", 1)
        for holder in (component, *component.get("items", ())):
            for part in ("media", "file"):
                if part in holder:
                    holder[part]["url"] = resolve(holder[part]["url"])
    return kept


def is_empty_embed(embed: Payload) -> bool:
    """Say whether an embed shows nothing at all."""
    return not any(
        embed.get(key) for key in ("title", "description", "fields", "image", "thumbnail", "footer", "author")
    )


def mentions_json(world: World, content: str, allowed: Payload | None) -> Payload:
    """Whom a message pings, after *allowed* (allowed_mentions) has been obeyed."""
    parse = ("everyone", "users", "roles") if allowed is None else tuple(allowed.get("parse") or ())
    users = _allowed(_USER.findall(content), "users", parse, allowed)
    roles = _allowed(_ROLE.findall(content), "roles", parse, allowed)
    return {
        "mention_everyone": "everyone" in parse and bool(_EVERYONE.search(content)),
        "mentions": [world.user(int(user)) for user in users],
        "mention_roles": roles,
    }


def resolver(attachments: Mapping[str, str]) -> Callable[[str], str]:
    """Return what turns ``attachment://name`` into the address of that file."""
    return lambda address: attachments.get(address.removeprefix("attachment://"), address)


def _allowed(found: list[str], kind: str, parse: tuple[str, ...], allowed: Payload | None) -> list[str]:
    listed = {str(entry) for entry in (allowed or {}).get(kind) or ()}
    return [entry for entry in dict.fromkeys(found) if kind in parse or entry in listed]


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_nulls(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list):
        return [_without_nulls(entry) for entry in value]
    return value
