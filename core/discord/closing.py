"""Why Discord has let the bot go, at the start or for good while it runs, as an error that says what to do."""

import asyncio
from collections.abc import Mapping
from typing import Any

import hikari

from core.errors import ConfigError, PeerUnavailableError
from core.kernel.intents import OWN, lacking

_AUTHENTICATION_FAILED, _DISALLOWED_INTENTS = 4004, 4014
_TOKEN = "Copy it anew from the Developer Portal (Bot, Reset Token)."  # noqa: S105 - where it is
_INTENT = (
    "Discord does not grant the Message Content intent. In the Developer Portal open the application, Bot, and switch "
    "on 'Message Content Intent'; without it notices arrive empty."
)


def as_ours(error: Exception, address: str) -> Exception:
    """Return an error of the start, with Discord at *address*, as one that says what to do; any other as it is."""
    if isinstance(error, hikari.UnauthorizedError):
        return ConfigError(f"Discord refused the token of discord.token. {_TOKEN}")
    if isinstance(error, hikari.GatewayServerClosedConnectionError):
        return _closed(error)
    if isinstance(error, (hikari.HTTPError, hikari.GatewayError, OSError)):
        return PeerUnavailableError(f"Discord at {address} does not answer: {error}")
    return error


def closed_for_good(error: Exception | None, application: Mapping[str, Any] | Exception) -> Exception:
    """Return what to say of a gateway that has ended while the bot ran.

    *application* is what Discord says of it now: where token and intent are as they should be, trying again can help.
    """
    if isinstance(application, hikari.UnauthorizedError):
        return ConfigError(f"Discord does not take the token of discord.token any more. {_TOKEN}")
    if not isinstance(error, hikari.GatewayServerClosedConnectionError):
        return PeerUnavailableError(f"The connection to Discord's gateway has ended: {error or 'without a reason'}.")
    if error.code == _DISALLOWED_INTENTS and isinstance(application, Mapping):
        if lacking(int(application.get("flags", 0))) & OWN:
            return ConfigError(_INTENT)
    elif error.code not in (_AUTHENTICATION_FAILED, _DISALLOWED_INTENTS):
        return _closed(error)
    return PeerUnavailableError(f"Discord's gateway has closed the connection for good: {_reason(error)}.")


def leave_closing_untold() -> None:
    """Keep asyncio from logging, as long as the loop runs, that the gateway is closed: whoever waits for it tells it.

    hikari raises it in several tasks and once more when it is closed.
    """
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), hikari.GatewayServerClosedConnectionError):
            (before or type(loop).default_exception_handler)(loop, context)

    loop.set_exception_handler(handle)


def _closed(error: hikari.GatewayServerClosedConnectionError) -> Exception:
    if error.code == _DISALLOWED_INTENTS:
        return ConfigError(_INTENT)
    if error.code == _AUTHENTICATION_FAILED:
        return ConfigError(f"Discord's gateway refused the token of discord.token. {_TOKEN}")
    if not error.can_reconnect:
        return ConfigError(f"Discord's gateway will not have this version of the bot: {_reason(error)}. Update it.")
    return PeerUnavailableError(f"Discord's gateway closed the connection: {_reason(error)}.")


def _reason(error: hikari.GatewayServerClosedConnectionError) -> str:
    return f"{error.reason or 'without a reason'} ({error.code})"
