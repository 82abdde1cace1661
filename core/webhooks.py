"""The webhook that a game server's script posts through: found or made in Discord, and accepted from then on."""

import re
from datetime import datetime
from typing import TYPE_CHECKING

from core.config import Config, Secret, read_secret
from core.db import Database
from core.db.migrate import ROOT, Owner

if TYPE_CHECKING:
    from pathlib import Path

    import hikari

OWNER = Owner("server_admin", ROOT / "server_admin")
"""Owns the table of the webhooks that are accepted besides those in the settings."""
_ID = re.compile(r"/webhooks/(\d+)/")


def configured_url(config: Config, key: str, folder: "Path") -> Secret | None:
    """Return the address in ``servers.<key>.webhook_url``, None if there is no such setting.

    Raises:
        ConfigError: it is set, and there is nothing where it points to.
    """
    place = config.servers[key].webhook_url
    return read_secret(f"servers.{key}.webhook_url", place, folder) if place else None


def webhook_id(url: Secret) -> int | None:
    """Return the id in a webhook's address."""
    found = _ID.search(url.reveal())
    return int(found[1]) if found else None


def address(config: Config, webhook: "hikari.IncomingWebhook") -> Secret:
    """Return the address that a webhook is posted to."""
    return Secret(f"{config.discord.rest_url.rstrip('/')}/webhooks/{int(webhook.id)}/{webhook.token}")


async def find(rest: "hikari.api.RESTClient", channel: int, key: str) -> "hikari.IncomingWebhook | None":
    """Return the webhook that was made here for a server before; only the one who made it sees its address.

    Raises:
        hikari.HikariError: such as ``ForbiddenError`` without the permission to manage webhooks there.
    """
    import hikari

    hooks = await rest.fetch_channel_webhooks(channel)
    ours = (one for one in hooks if isinstance(one, hikari.IncomingWebhook) and one.token and one.name == name_of(key))
    return next(ours, None)


async def make(rest: "hikari.api.RESTClient", channel: int, key: str) -> "hikari.IncomingWebhook":
    """Make a webhook for a server; raises what ``find`` raises."""
    return await rest.create_webhook(channel, name_of(key))


def name_of(key: str) -> str:
    """Return the name of a server's webhook."""
    return f"roundhook {key}"


async def accept(database: Database, key: str, webhook: int, *, now: datetime, user: int | None = None) -> None:
    """Let notices of a webhook count as those of a server; a running bot sees it within a minute."""
    await database.execute(
        "INSERT INTO server_admin_webhooks (webhook_id, server, created_by, created_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (webhook_id) DO UPDATE SET server = excluded.server",
        (webhook, key, user, now),
    )
