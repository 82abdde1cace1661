"""What a context reaches: the bot's services, shared by all plugins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.clock import Clock
from core.config import Config
from core.db import Database
from core.discord.port import DiscordPort
from core.discord.troubles import Troubles
from core.errors import PluginError
from core.journal import Journal
from core.kernel.contracts import Contracts
from core.kernel.generation import Generation
from core.kernel.kernel import Kernel
from core.kernel.kinds import envelope_of
from core.rounds.files import Files
from core.servers.ssh import Server


@dataclass(slots=True)
class Services:
    """Shared by all plugins; owned by the application, which closes them."""

    config: Config
    clock: Clock
    database: Database
    files: Files
    servers: dict[str, Server]
    journal: Journal
    discord: DiscordPort
    troubles: Troubles
    contracts: Contracts
    kernel: Kernel = field(init=False, repr=False)
    """Set once it is made."""

    async def publish(self, event: Any, by: str = "", follows: Any = None) -> None:
        """Commit *event* to the journal and deliver it; within a transaction as soon as that is committed.

        Raises:
            PluginError: it is no event, is not for the plugin *by* to publish, or could not be read back.
        """
        envelope, dispatcher = self.contracts.publishable(event, by), self.kernel.dispatcher
        root = dispatcher.root_of(by, envelope_of(follows).key) if follows is not None else None
        await dispatcher.publish(envelope, root)

    async def call(self, caller: str, target: str, arguments: Mapping[str, Any]) -> Any:
        """Return what the offer *target* answers to the plugin *caller* ("": a test).

        Raises:
            PluginError: called inside a transaction, for which what it writes would wait.
        """
        if self.database.engine.transaction_exists():
            raise PluginError(f"{target} is called inside a transaction. Call it before the block, or after it.")
        return await self.kernel.calls.call(caller, target, arguments)

    def redeclare(self, generation: Generation) -> None:
        """Let listeners and components declared after the swap take effect."""
        if generation.scope.live and self.kernel.serves(generation):
            self.discord.replace(generation, generation)
