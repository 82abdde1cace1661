"""Values of roundhook.toml that cannot be, each refused with what to write instead (``ConfigError``)."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from core.errors import ConfigError
from core.secret import is_place, shown
from core.shown import without_tokens

_ID = re.compile(r"[1-9][0-9]{0,18}")
"""As Discord writes it; 0 is no guild: in the tables it means all of them."""
SERVER_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
MOST = 2**63 - 1
"""The largest id that a database takes."""


def guild_id(key: str) -> int:
    """Return the id that a table is named by."""
    if not (_ID.fullmatch(key) and int(key) <= MOST):
        raise ConfigError(
            f"guilds.{without_tokens(key)[:40]}: that is no guild id. Use the number that 'Copy Server ID' gives."
        )
    return int(key)


def check_token(token: str) -> None:
    """Refuse the token itself in place of where it is."""
    if not is_place(token):
        raise ConfigError(
            'discord.token holds a literal token (not shown here). Write "env:ROUNDHOOK_TOKEN" or '
            '"file:/run/secrets/token" and put the token there; if the file was shared, reset the token.'
        )


def check_rest_url(url: str) -> None:
    """Refuse what no request could go to."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        good = False
    if not good:
        remedy = "Leave it out, or write https:// and a host, without a password"
        raise ConfigError(f"discord.rest_url is (not shown), which is no address of an API. {remedy}.")


def check_lines(where: str, value: object) -> None:
    """Refuse what is more than one line, or holds what no path and no name has: a key for the name of its file."""
    if isinstance(value, str) and any(letter < " " for letter in value):
        remedy = "Write one line; of what is kept in a file, a key for one, write where that file is."
        raise ConfigError(f"{where} has a line end or another control character in it (not shown here). {remedy}")
    if isinstance(value, Mapping):
        for key, one in value.items():
            check_lines(f"{where}.{key}" if where else key, one)
    for one in value if isinstance(value, list) else ():
        check_lines(where, one)


def check_server(key: str, timezone: str, webhook_url: str) -> None:
    """Refuse a game server's key, zone or place of its webhook that cannot be."""
    if not SERVER_KEY.fullmatch(key):
        raise ConfigError(f"servers.{key}: use a short key of a-z, 0-9, _ and -, such as servers.puran.")
    if webhook_url and not is_place(webhook_url):
        raise ConfigError(
            f'servers.{key}.webhook_url holds a literal address (not shown here). Write "env:NAME" or "file:PATH" and '
            "put the address there; if the file was shared, make a new webhook."
        )
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            f"servers.{key}.timezone is {shown('timezone', timezone)}, which is no time zone. Write one such as "
            "Europe/Ljubljana."
        ) from error
