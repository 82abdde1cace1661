"""The webhook that a game server's script posts through: found or made in Discord."""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from roundhook import Secret, escape_markdown

if TYPE_CHECKING:
    import hikari

FULL = (
    "No channel in discord.control_channel has room for another webhook: each takes 15. Delete those that are not "
    "used, or add a channel: control_channel = [1, 2], and restart the bot."
)
_FULL = 30007
"""How Discord refuses one more."""
_ID = re.compile(r"/webhooks/(\d+)/")


def webhook_id(url: Secret) -> int | None:
    """Return the id in a webhook's address."""
    found = _ID.search(url.reveal())
    return int(found[1]) if found else None


def address(rest_url: str, webhook: "hikari.IncomingWebhook") -> Secret:
    """Return the address that a webhook is posted to."""
    return Secret(f"{rest_url.rstrip('/')}/webhooks/{int(webhook.id)}/{webhook.token}")


async def first_of(
    rest: "hikari.api.RESTClient",
    channels: Iterable[int],
    key: str,
    ask: "Callable[[Any, int, str], Awaitable[hikari.IncomingWebhook | None]]",
    refused: "dict[int, hikari.ClientHTTPResponseError]",
) -> "hikari.IncomingWebhook | None":
    """Ask one channel after another, by ``find`` or ``make``; what one refuses is noted, as the next one may do it."""
    import hikari

    for channel in channels:
        try:
            if found := await ask(rest, channel, key):
                return found
        except (hikari.ForbiddenError, hikari.NotFoundError, hikari.BadRequestError) as error:
            refused[channel] = error
    return None


async def find(rest: "hikari.api.RESTClient", channel: int, key: str) -> "hikari.IncomingWebhook | None":
    """Return the webhook that was made here for a server before; only the one who made it sees its address.

    Raises:
        hikari.HikariError: such as ``ForbiddenError`` without the permission to manage webhooks there.
    """
    import hikari

    hooks = await rest.fetch_channel_webhooks(channel)
    ours = (one for one in hooks if isinstance(one, hikari.IncomingWebhook) and one.token and one.name == name_of(key))
    return next(ours, None)


async def make(rest: "hikari.api.RESTClient", channel: int, key: str) -> "hikari.IncomingWebhook | None":
    """Make a webhook for a server; None where the channel has as many as it takes. Raises what ``find`` raises."""
    import hikari

    try:
        return await rest.create_webhook(channel, name_of(key))
    except hikari.BadRequestError as error:
        if error.code != _FULL:
            raise
        return None


def refusal(channel: int, error: "hikari.ClientHTTPResponseError", named: str) -> str:
    """Return what Discord has against webhooks in *channel*, which is *named* so, and what to do."""
    import hikari

    if isinstance(error, hikari.ForbiddenError):
        return f"I may not make webhooks in {named}. Give me 'Manage Webhooks' there, then try again."
    if isinstance(error, hikari.NotFoundError):
        return f"There is no channel {channel}. Correct discord.control_channel and restart the bot."
    return f"Discord makes no webhook in {named}: {escape_markdown(error.message)}. Mend that, then try again."


def name_of(key: str) -> str:
    """Return the name of a server's webhook."""
    return f"roundhook {key}"
