"""What the users of the loopback Discord do: commands, suggestions, buttons, modals."""

from collections.abc import Mapping, Sequence

from devkit.discord.message import Message
from devkit.discord.parts import Parts
from devkit.discord.people import Actor, People
from devkit.discord.shapes import Json, Payload


class Users:
    """Hands to act as anybody, in any guild and channel."""

    _parts: Parts
    _people: People

    async def invoke(
        self,
        name: str,
        *,
        user: int = 7,
        guild: int | None = None,
        channel: int | None = None,
        admin: bool = False,
        options: Mapping[str, Json] | None = None,
        roles: Sequence[int] = (),
        timeout: float = 10,
    ) -> Message:
        """Use a slash command (``"plugin reload"`` is a sub-command) and return the bot's reply.

        The value of an option that takes a file is ``(name, bytes)``. After a deferral the reply is what fills it;
        further followups are in ``reply.followups``. A modal comes back as a message with ``modal``.
        ``default_member_permissions`` is not looked at: a guild's administrators can open a command to
        anybody, so the bot has to check.

        Raises:
            LookupError: no such command, sub-command or option; the message lists what there is.
            ValueError: a required option is missing or a value is not of its type.
            TimeoutError: no reply within *timeout* seconds, or the first answer came too late.
        """
        actor = self._actor(user, guild, channel, admin, roles)
        return await self._people.invoke(name, actor, options or {}, timeout)

    async def use_menu(
        self,
        name: str,
        target: Message | int,
        *,
        user: int = 7,
        guild: int | None = None,
        admin: bool = False,
        roles: Sequence[int] = (),
        timeout: float = 10,
    ) -> Message:
        """Use a command of the menu of a message, or of a user (by id), and return the bot's reply.

        Raises:
            LookupError: no such command; the message lists what there is.
            TimeoutError: as of ``invoke``.
        """
        channel = int(target["channel_id"]) if isinstance(target, Message) else None
        return await self._people.use_menu(name, target, self._actor(user, guild, channel, admin, roles), timeout)

    def options(self, command: str, *, guild: int | None = None) -> list[Payload]:
        """Return the options that a slash command (``"plugin reload"``) is registered with.

        Raises:
            LookupError: no such command or sub-command; the message lists what there is.
        """
        return self._people.options(command, next(iter(self._parts.world.guilds)) if guild is None else guild)

    async def autocomplete(
        self,
        name: str,
        option: str,
        typed: str,
        *,
        user: int = 7,
        guild: int | None = None,
        channel: int | None = None,
        admin: bool = False,
        options: Mapping[str, Json] | None = None,
        timeout: float = 10,
    ) -> list[Payload]:
        """Type *typed* into an option and return the choices that the bot offers (name and value)."""
        actor = self._actor(user, guild, channel, admin, ())
        return await self._people.autocomplete(name, option, typed, actor, options or {}, timeout)

    async def click(
        self,
        message: Message,
        custom_id: str,
        *,
        user: int = 7,
        admin: bool = False,
        values: Sequence[str] | None = None,
        roles: Sequence[int] = (),
        timeout: float = 10,
    ) -> Message:
        """Press a button, or choose *values* in a select, of a message; a button's label will do for its id.

        Returns:
            The reply; or the message itself as the bot has changed it.
        """
        actor = self._actor(user, None, int(message["channel_id"]), admin, roles)
        return await self._people.click(message, custom_id, actor, values, timeout)

    async def submit_modal(
        self,
        reply: Message,
        values: Mapping[str, str],
        *,
        user: int = 7,
        admin: bool = False,
        roles: Sequence[int] = (),
        timeout: float = 10,
    ) -> Message:
        """Fill in the modal that *reply* is (texts by custom id), send it, return what the bot says."""
        actor = self._actor(user, None, int(reply["channel_id"]), admin, roles)
        return await self._people.submit_modal(reply, values, actor, timeout)

    def _actor(self, user: int, guild: int | None, channel: int | None, admin: bool, roles: Sequence[int]) -> Actor:
        if channel is not None:
            place = self._parts.world.channel(channel)
            return Actor(user, place.guild_id, channel, admin, roles)
        where = next(iter(self._parts.world.guilds)) if guild is None else guild
        return Actor(user, where, self._parts.world.guilds[where].channels.stats, admin, roles)
