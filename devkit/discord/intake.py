"""From an aiohttp request to a Call: JSON bodies, forms, uploads."""

import json
import re

from aiohttp import BodyPartReader, web

from devkit.discord.errors import RefusedError
from devkit.discord.shapes import Call, Json, Payload, Upload

MOST_BYTES = 64 * 1024 * 1024
"""The largest body that is read at all; the limit for one file is checked later."""

_FILE_FIELD = re.compile(r"files?\[?(\d*)\]?")


async def read_call(request: web.Request, path: str, values: dict[str, str]) -> Call:
    """Read a request whole, with the *values* in its path; refused with 50109 when its JSON is broken."""
    body: Json = None
    uploads: dict[int, Upload] = {}
    if request.content_type == "multipart/form-data":
        body, uploads = await _read_form(request)
    elif request.can_read_body:
        body = await _read_body(request)
    return Call(request.method, path, values, dict(request.query), body, uploads)


async def _read_body(request: web.Request) -> Json:
    raw = await request.read()
    if not raw:
        return None
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(await request.post())
    return _parse(raw)


async def _read_form(request: web.Request) -> tuple[Json, dict[int, Upload]]:
    body: Json = {}
    uploads: dict[int, Upload] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        name, data = part.name or "", bytes(await part.read())
        if name == "payload_json":
            body = _parse(data)
        elif part.filename is not None:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            uploads[_number(name, uploads)] = Upload(part.filename, data, kind)
        else:
            _add_field(body, name, data.decode(errors="replace"))
    return body, uploads


def _number(name: str, uploads: dict[int, Upload]) -> int:
    found = _FILE_FIELD.fullmatch(name)
    number = int(found.group(1)) if found and found.group(1) else len(uploads)
    return number if number not in uploads else max(uploads) + 1


def _add_field(body: Payload, name: str, value: str) -> None:
    body[name] = value


def _parse(raw: bytes) -> Json:
    try:
        return json.loads(raw)
    except ValueError:
        raise RefusedError(400, 50109, "The request body contains invalid JSON.") from None
