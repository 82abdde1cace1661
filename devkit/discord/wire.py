"""How gateway payloads become websocket frames: plain, zlib-stream, zstd-stream."""

import importlib
import json
import zlib
from collections.abc import Callable
from typing import TypeAlias

from devkit.discord.shapes import Payload

Encode: TypeAlias = Callable[[Payload], str | bytes]


def encoder(compress: str | None) -> Encode:
    """Return the encoder of one connection; a str becomes a text frame, bytes a binary one.

    ``zstd-stream`` needs Python 3.14 or ``backports.zstd``, which hikari needs too before it asks for it.
    """
    if compress == "zlib-stream":
        return _zlib_stream()
    if compress == "zstd-stream":
        return _zstd_stream()
    return _text


def _text(payload: Payload) -> str:
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False)


def _zlib_stream() -> Encode:
    deflate = zlib.compressobj()

    def encode(payload: Payload) -> bytes:
        return deflate.compress(_text(payload).encode()) + deflate.flush(zlib.Z_SYNC_FLUSH)

    return encode


def _zstd_stream() -> Encode:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            zstd = importlib.import_module(name)
        except ImportError:
            continue
        squeeze = zstd.ZstdCompressor()
        return lambda payload: bytes(squeeze.compress(_text(payload).encode(), zstd.ZstdCompressor.FLUSH_BLOCK))
    return _text
