"""Looks at the webhooks that speak for game servers: are they there, in the control channel, and of one server."""

import functools
from collections.abc import Iterator, Mapping

import hikari

from core.cli.check_channels import READ, look_at_channel
from core.cli.looks import Look
from core.config import Config
from core.discord.asking import Asking
from core.errors import ConfigError

MOST = 15
"""Webhooks in a channel, as Discord has it."""


def looks_at_webhooks(line: Asking, config: Config, accepted: Mapping[int, str]) -> Iterator[Look]:
    """Give a look for each webhook in the settings, and for those *accepted* besides (the server's key by the id)."""
    for key, server in config.servers.items():
        for webhook in server.webhook_ids:
            look = functools.partial(_look_at_named, line, config, webhook, key, accepted.get(webhook, key))
            yield f"servers.{key}.webhook_ids", look
        others = [one for one, owner in accepted.items() if owner == key and one not in server.webhook_ids]
        if others:
            yield f"server {key}", functools.partial(_look_at_accepted, line, config, others, key)


async def _look_at_named(line: Asking, config: Config, webhook: int, key: str, owner: str) -> str:
    if owner != key:
        remedy = f"Take it out of one: here, or give {owner} another by /setup server."
        raise ConfigError(f"{webhook} was accepted for {owner} as well: a notice from it would be of both. {remedy}")
    try:
        return await _place_of(line, config, webhook)
    except hikari.NotFoundError:
        remedy = "Correct the id, or take it out and let /setup server make another."
        raise ConfigError(f"there is no webhook {webhook}. {remedy}") from None


async def _look_at_accepted(line: Asking, config: Config, webhooks: list[int], key: str) -> str:
    """Look at those that /setup has accepted, of which one is used: the others may have been deleted since."""
    gone = []
    for webhook in webhooks:
        try:
            return await _place_of(line, config, webhook)
        except hikari.NotFoundError:
            gone.append(str(webhook))
    if config.servers[key].webhook_ids:
        return "what /setup has accepted is gone; those in the settings are used"
    raise ConfigError(f"its webhook is gone ({', '.join(gone)}): no notice can come. /setup server makes another.")


async def _place_of(line: Asking, config: Config, webhook: int) -> str:
    """Say where a webhook posts; ``hikari.NotFoundError`` if there is none."""
    try:
        found = await line.get("/webhooks/{webhook}", webhook=webhook)
    except hikari.ForbiddenError:
        return f"webhook {webhook} is there (in which channel, the bot cannot see without Manage Webhooks)"
    channel, controls = int(found.get("channel_id") or 0), config.discord.control_channels
    if channel and channel not in controls:
        remedy = "Move it there (Edit Channel, Integrations, Webhooks), or correct discord.control_channel."
        raise ConfigError(
            f"webhook {webhook} posts into channel {channel}, and notices are read in "
            f"{', '.join(map(str, controls)) or 'none'}. {remedy}"
        )
    return f"webhook {webhook} posts into the control channel"


async def look_at_room(line: Asking, channel: int) -> str:
    """Return a control channel's name, and whether it is full, as far as the bot may see that."""
    name = await look_at_channel(line, channel, READ, 0)
    try:
        count = len(await line.get("/channels/{channel}/webhooks", channel=channel))
    except hikari.ForbiddenError:
        return name
    if count < MOST:
        return name
    return f"{name} is full: it has {count} webhooks, and a channel takes {MOST}. Another game server needs another one"
