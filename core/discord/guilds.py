"""Which guilds the bot is in: from the beginning of each session, and by who invites and removes it since."""

import asyncio
import logging
from collections.abc import Callable, Mapping

import hikari

from core.config import Config, Guild

log = logging.getLogger(__name__)


class Guilds:
    """The guilds that the bot is in. *changed* is called when they have become other ones."""

    def __init__(self, app: hikari.GatewayBot, config: Config, changed: Callable[[], None]) -> None:
        self._config, self._changed = config, changed
        self.there: set[int] = set()
        self.known = asyncio.Event()
        """Set once Discord has told them."""
        app.subscribe(hikari.ShardPayloadEvent, self._on_payload)

    @property
    def served(self) -> Mapping[int, Guild]:
        """Those of them that are in the settings."""
        return {guild: one for guild, one in self._config.guilds.items() if guild in self.there}

    async def _on_payload(self, event: hikari.ShardPayloadEvent) -> None:
        if event.name == "READY":
            self._become({int(one["id"]) for one in event.payload["guilds"]})
            if absent := [one for one in self._config.guilds if one not in self.there]:
                log.warning("the bot is not in these guilds of the settings: %s. Invite it.", absent)
        elif event.name == "GUILD_CREATE":
            self._become(self.there | {int(event.payload["id"])})
        elif event.name == "GUILD_DELETE" and not event.payload.get("unavailable"):
            self._become(self.there - {int(event.payload["id"])})

    def _become(self, there: set[int]) -> None:
        before, self.there = self.there, there
        self.known.set()
        if there != before:
            self._changed()
