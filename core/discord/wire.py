"""What leaves for Discord: each text in it is only shown, whoever has made the call, a plugin's own ``respond`` too."""

import functools
import ssl
from typing import Any

from hikari.internal.data_binding import default_json_dumps

from core.shown import label, message_text


def dumps(payload: Any) -> bytes:
    """Return what hikari sends as JSON. It is given to hikari, which has all its JSON made by it."""
    return default_json_dumps(_clean(payload))


@functools.cache
def tls() -> ssl.SSLContext:
    """Return how Discord's certificate is verified, for all connections: to read those of the machine takes long."""
    return ssl.create_default_context()


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return message_text(value)
    if isinstance(value, dict):
        return {name: _labelled(one) if name == "choices" else _clean(one) for name, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, (list, tuple)) else value


def _labelled(choices: Any) -> Any:
    """Return the choices of an option or an autocompletion, each with a name that Discord takes."""
    if not isinstance(choices, (list, tuple)):
        return _clean(choices)
    return [{**_clean(one), "name": label(str(one["name"]))} for one in choices]
