"""What the kernel stands on: handed to it once, by whoever puts the application together."""

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct

from core.clock import Clock
from core.config import Config
from core.db import Database
from core.journal import Journal
from core.kernel.contracts import Contracts
from core.kernel.generation import Generation
from core.kernel.options import Settings


class Surface(Protocol):
    """Where plugins are seen from outside, and what of them changes at a swap: Discord, or nothing."""

    async def check(self, generation: Generation) -> None:
        """Refuse what cannot be shown, or whose name is taken (``PluginError``)."""

    def replace(self, old: Generation | None, new: Generation | None) -> None:
        """Put *new*'s commands, components and listeners in place of *old*'s, without waiting for anything."""

    def forget(self, generation: Generation) -> None:
        """Let go of a disposed generation."""


class Host(Struct, frozen=True):
    """Shared by all plugins; owned by the application, which closes it."""

    config: Config
    clock: Clock
    database: Database
    journal: Journal
    contracts: Contracts
    surface: Surface
    context: Callable[[Generation, Settings], Any]
    """Makes the one door of a generation."""
