"""The webhooks that speak for game servers, besides those in the settings: kept, and told to a running bot."""

from collections.abc import Mapping
from datetime import datetime

from core.db import Database
from core.servers.ssh import Server


async def accept_webhook(
    database: Database, server: Server, webhook: int, *, now: datetime, user: int | None = None
) -> None:
    """Let what the webhook of this id posts count as *server*'s from now on.

    A running bot sees within half a minute what another process has accepted. *user* is who asked for it on Discord.
    """
    await database.execute(
        "INSERT INTO server_webhooks (webhook_id, server, created_by, created_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (webhook_id) DO UPDATE SET server = excluded.server",
        (webhook, server.key, user, now),
    )
    server.accepted.add(webhook)


async def load(database: Database, servers: Mapping[str, Server]) -> None:
    """Let *servers* know the webhooks that have been accepted, also by another process."""
    for row in await database.fetch("SELECT server, webhook_id FROM server_webhooks"):
        if row["server"] in servers:
            servers[row["server"]].accepted.add(row["webhook_id"])
