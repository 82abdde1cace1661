"""What plugins need of Discord, and what stands in for it in a process without a bot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from core.discord.messages import Content, Within
from core.errors import PluginError
from core.kernel.generation import Generation
from core.kernel.host import Surface
from core.kernel.kinds import Envelope

if TYPE_CHECKING:
    import hikari
    import lightbulb

    from core.discord.permissions import Action
    from core.discord.sync import Translations


class DiscordPort(Surface, Protocol):
    """Discord as seen from contexts."""

    @property
    def rest(self) -> "hikari.api.RESTClient":
        """Discord's REST API."""

    def add_commands(self, generation: Generation, loader: "lightbulb.Loader", translations: "Translations") -> None:
        """Declare the commands of *loader* for a generation."""

    def check_listener(self, generation: Generation, event_type: Any, listener: Any) -> None:
        """Refuse what cannot be subscribed (``PluginError``)."""

    def follow(self, generation: Generation, channel: int, handler: Any, *, takes_live: bool) -> None:
        """Hand each message of a channel to *handler* from the swap on."""

    async def announce(
        self, plugin: str, event: Envelope, message: Content | None, guilds: Sequence[int], within_seconds: Within
    ) -> None:
        """Want a message about *event* in the guilds' stats channels."""

    async def send(self, plugin: str, channels: Sequence[int], message: Content | None, once: str) -> None:
        """Want a message in each of some channels."""

    def may(self, interaction: Any, action: "Action", server: str) -> bool:
        """Tell whether the user of an interaction may do something."""

    def guild_name(self, guild: int) -> str:
        """Return a guild's name, "" while it is not known."""

    async def look_at_clock(self) -> None:
        """Compare the machine's clock with Discord's, now and then."""

    async def thin(self) -> None:
        """Forget what was said long ago and is edited by nobody."""

    async def tell_admins(self, plugin: str, text: str, guilds: Sequence[int] | None, server: str) -> None:
        """Want a text, about a game server if one is named, in the guilds' admin channels."""


class NoDiscord:
    """For a process without a bot: nothing is registered and nothing is said."""

    @property
    def rest(self) -> Any:
        raise PluginError("There is no Discord in this process: ctx.rest works in the bot only.")

    def _leave(self, *_: object, **__: object) -> None: ...

    async def _say_nothing(self, *_: object, **__: object) -> None: ...

    add_commands = check_listener = follow = replace = forget = _leave

    def may(self, interaction: Any, action: "Action", server: str) -> bool:
        return False

    def guild_name(self, guild: int) -> str:
        return ""

    check = announce = send = look_at_clock = thin = tell_admins = _say_nothing
