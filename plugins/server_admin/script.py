"""The script for game servers as this bot has it: its text, its version, and the settings that go with it."""

import functools
import re
from pathlib import Path

from roundhook import ConfigError, Secret

SCRIPT, SETTINGS, OUTBOX = "roundhook.lua", "roundhook_config.lua", "roundhook_outbox"
FOLDER = Path(__file__).parents[2] / "lua"
Version = tuple[int, ...]

_VERSION = re.compile(r'^local VERSION = "(\d+(?:\.\d+)*)"', re.MULTILINE)
_SENDER = re.compile(r"roundhook (\d+(?:\.\d+)*)")
_URL = re.compile(r'https?://[^\s"\\]+')
_WEBHOOK_ID = re.compile(r"/webhooks/(\d+)/")
_OUTBOX_DIR = re.compile(r"^[^\n]*?\boutbox_dir\s*=\s*[\"']([^\"'\n]+)[\"']", re.MULTILINE)
_TEXT_OR_COMMENT = re.compile(r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|--(?:\[\[.*?\]\]|[^\n]*)""", re.DOTALL)
_URLS = re.compile(r"""\bwebhook_urls["'\]\s]*=\s*(\{[^}]*\})""")


@functools.cache
def script() -> bytes:
    """Return the script."""
    return (FOLDER / SCRIPT).read_bytes()


def version_in(text: bytes) -> str:
    """Return the version that a script says it has, "" if it says none."""
    found = _VERSION.search(text.decode("utf-8", "replace"))
    return found[1] if found else ""


def own_version() -> str:
    """Return the version of the script that this bot has."""
    return version_in(script())


def is_older(sender: str) -> bool:
    """Tell whether a notice's *sender* (``roundhook 1.0.0``) is our script in an earlier version than ours.

    >>> is_older("Slomix Lua Webhook v1.7.2")
    False
    """
    found = _SENDER.fullmatch(sender.strip())
    return found is not None and _numbers(found[1]) < _numbers(own_version())


def settings_text(url: Secret, existing: str | None = None) -> str:
    """Return the settings with the webhook's address in them: those that are there, else the ones that we ship.

    Raises:
        ConfigError: the address is none.
    """
    if not _URL.fullmatch(url.reveal()):
        raise ConfigError("The webhook's address is not one (not shown here). Copy it anew from Discord.")
    for text in (existing, (FOLDER / SETTINGS).read_text("utf-8")):
        if text is None:
            continue
        code = _without_comments(text)
        if f'"{url.reveal()}"' in code:
            return text
        if found := _URLS.search(code):
            return f'{text[: found.start(1)]}{{ "{url.reveal()}" }}{text[found.end(1) :]}'
    raise RuntimeError(f"lua/{SETTINGS} has no webhook_urls")


def outbox_dir(settings: str) -> str:
    """Return the outbox that the script's settings name; counts from the game folder unless absolute."""
    found = _OUTBOX_DIR.search(_without_comments(settings))
    return found[1] if found else OUTBOX


def webhook_ids(settings: str) -> list[int]:
    """Return the ids of the webhooks in the script's settings, in order."""
    return [int(found) for found in _WEBHOOK_ID.findall(_without_comments(settings))]


def _without_comments(text: str) -> str:
    """Return the settings with blanks for their comments: everything else stands where it stood."""
    return _TEXT_OR_COMMENT.sub(lambda found: found[1] or " " * len(found[0]), text)


def _numbers(version: str) -> Version:
    return tuple(int(part) for part in version.split("."))
