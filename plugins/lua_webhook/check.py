"""What ``roundhook check`` looks at for this plugin: are notices of each game server accepted."""

import functools
from collections.abc import Iterator

from roundhook import ConfigError, Server
from roundhook.cli import Look, Terminal


def looks(terminal: Terminal) -> Iterator[Look]:
    """Give a look for each game server; whether its webhooks exist is asked for all plugins."""
    for key, server in terminal.servers.items():
        yield f"server {key}", functools.partial(_look_at, server)


async def _look_at(server: Server) -> str:
    if not server.webhook_ids:
        raise ConfigError(
            f"servers.{server.key}.webhook_ids is empty: its notices are not accepted. Let /setup server make a "
            "webhook, or add the webhook's id."
        )
    return f"notices are accepted from {len(server.webhook_ids)} webhooks"
