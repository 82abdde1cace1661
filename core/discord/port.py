"""What the kernel and plugins need of Discord, and what stands in for it in a process without a bot."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import PluginError
from core.events import Event
from core.kernel.generation import Generation
from core.messages import Content

if TYPE_CHECKING:
    import hikari
    import lightbulb


class DiscordPort(Protocol):
    """Discord as seen from the kernel and from contexts."""

    @property
    def rest(self) -> "hikari.api.RESTClient":
        """Discord's REST API."""

    def add_commands(self, generation: Generation, loader: "lightbulb.Loader") -> None:
        """Declare the commands of *loader* for a generation."""

    async def check(self, generation: Generation) -> None:
        """Refuse commands that cannot be registered or whose names are taken (``PluginError``)."""

    def check_listener(self, plugin: str, event_type: Any, listener: Any) -> None:
        """Refuse what cannot be subscribed (``PluginError``)."""

    def replace(self, old: Generation | None, new: Generation | None) -> None:
        """Put *new*'s commands, components and listeners in place of *old*'s, without waiting for anything."""

    def forget(self, generation: Generation) -> None:
        """Let go of a disposed generation."""

    async def announce(
        self, plugin: str, event: Event, message: Content, guilds: Iterable[int], within_seconds: float
    ) -> None:
        """Post or edit a message about *event* in the guilds' stats channels."""

    async def tell_admins(self, plugin: str, text: str, guilds: Sequence[int] | None) -> None:
        """Post in the guilds' admin channels."""


class NoDiscord:
    """For ``roundhook import``: nothing is registered and nothing is said."""

    @property
    def rest(self) -> "hikari.api.RESTClient":
        raise PluginError("There is no Discord in this process: ctx.rest works in the bot only.")

    def add_commands(self, generation: Generation, loader: Any) -> None:
        """Leave them aside."""

    async def check(self, generation: Generation) -> None:
        """Nothing to check."""

    def check_listener(self, plugin: str, event_type: Any, listener: Any) -> None:
        """Nothing to check."""

    def replace(self, old: Generation | None, new: Generation | None) -> None:
        """Nothing to replace."""

    def forget(self, generation: Generation) -> None:
        """Nothing to forget."""

    async def announce(
        self, plugin: str, event: Event, message: Content, guilds: Iterable[int], within_seconds: float
    ) -> None:
        """Say nothing."""

    async def tell_admins(self, plugin: str, text: str, guilds: Sequence[int] | None) -> None:
        """Say nothing."""
