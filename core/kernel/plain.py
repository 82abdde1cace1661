"""Plain data: what JSON can hold, and nothing of whoever made it."""

import json
from typing import Any

HOLDS = "dict with text as keys, list, str, numbers, bool and None"


def plain(value: Any) -> Any:
    """Return a copy of *value* as JSON gives it back (a tuple is a list then); else a ``ValueError`` says why not."""
    return json.loads(to_json(value))


def to_json(value: Any) -> str:
    """Return *value* as JSON; a ``ValueError`` says why it is none.

    >>> to_json({"user": 7, "when": (1, None)})
    '{"user":7,"when":[1,null]}'
    """
    try:
        _check_keys(value)
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except UnicodeEncodeError:  # half a character: JSON can say it, UTF-8 cannot
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(str(error)) from error
    return text


def _check_keys(value: Any) -> None:
    """Refuse keys that JSON would silently turn into text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} is no str")
            _check_keys(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _check_keys(inner)
