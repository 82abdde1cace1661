"""What a plugin says to people: messages in channels, reports and troubles for admins."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from core.errors import PluginError
from core.kernel.generation import Generation
from core.kernel.kinds import envelope_of
from core.kernel.store import check_key, is_number
from core.services import Services

if TYPE_CHECKING:
    from core.discord.messages import Content


class Saying:
    """The part of a context that speaks. Each call returns when what is wanted is committed."""

    name: str
    """The plugin's name."""

    def __init__(self, generation: Generation, services: Services) -> None:
        self._generation = generation
        self._services = services

    def guilds(self, about: object = None) -> list[int]:
        """Return the guilds that have this plugin on and see an event's server, or a server given by its key."""
        seen = about if isinstance(about, str) else "" if about is None else envelope_of(about)
        return self._services.kernel.guilds(self.name, seen)

    async def send_to_guilds(
        self, event: object, message: "Content | None", *, announce_within: float | Callable[[int], float] = 3600.0
    ) -> None:
        """Have *message* about *event* stand in the stats channel of each of its guilds, once.

        Returns when that is committed; it is posted, edited or deleted beside the handler, however long Discord is
        away. *message* is a text, a ``Message``, None (nothing is to stand there), or a coroutine function that makes
        one of these: it is called only when something is to be done. About one thing (a stored round, or what an
        event's contract says) there is one message for each plugin and guild: a later version edits it. What is quiet
        (came by ``import``), or happened more than *announce_within* seconds ago, is not announced; a function is
        asked for each guild's number; below 0: none is.

        Raises:
            PluginError: *event* is none, or *message*, or that is empty; or called in ``setup``, or inside a
                transaction.
            PeerUnavailableError: the database does not answer.
        """
        self._check_live("send_to_guilds")
        known = envelope_of(event)
        guilds = self._services.kernel.guilds(self.name, known)
        await self._services.discord.announce(self.name, known, message, guilds, announce_within)

    async def send(self, channel: int | Sequence[int], message: "Content | None", *, once: str = "") -> None:
        """Have *message* stand in a channel, or in each of several; returns when that is committed.

        With the same *once* again it takes the place of what stands there, None deletes that. Without *once* each call
        is a message of its own, also when a handler is called again.

        Raises:
            PluginError: called in ``setup``, or inside a transaction; *channel* or *once* (a text of at most 200
                characters) cannot be one, or *message* is none, or empty.
            PeerUnavailableError: the database does not answer.
        """
        self._check_live("send")
        call = f"{self.name}: send()"
        check_key(f"{call}, once", once, empty=True)
        channels = channel if isinstance(channel, (list, tuple)) else (channel,)
        for one in channels:
            if not is_number(one, least=1):
                problem = f"{one!r} is no channel. Give its number (ctx.guild(…) has 0 where none is configured)."
                raise PluginError(f"{call}: {problem}")
        if channels:
            await self._services.discord.send(self.name, [*map(int, channels)], message, once)

    async def tell_admins(self, text: str, *, guilds: Sequence[int] | None = None, server: str = "") -> None:
        """Have *text* stand in the admin channel of *guilds* that have one, and log it.

        Without *guilds* it is told to those that see *server* and have the plugin on; without that too, to all. The
        same text within an hour is one message. Each is cut at 500 characters; of more than ten a minute (about one
        *server*; without it, in one guild) the rest are counted, and are in the log. *text* is plain: code in
        backticks, ``<#channel>`` and ``<t:time>`` work, other Markdown and links do not; escape nothing in it.

        Raises:
            PeerUnavailableError: the database does not answer.
        """
        concerned = self.guilds(server) if server and guilds is None else guilds
        await self._services.discord.tell_admins(self.name, text, concerned, server)

    async def trouble(self, key: str, text: str, remedy: str = "", *, server: str = "", guild: int = 0) -> None:
        """Say that something has to be mended by a person, and how (*remedy*): told once, shown until it is over.

        It is told in the admin channels of *guild*, or of the guilds that see *server*; where there is none, to the
        bot's owner by direct message. The same *key* again (for that server and guild) only counts. *text* and *remedy*
        are plain as in ``tell_admins``, and together cut at 500 characters; what waits in a channel waits behind it.

        Raises:
            PluginError: called in ``setup``, or *key* (a text of at most 200 characters) cannot be one.
            PeerUnavailableError: the database does not answer.
        """
        self._check_live("trouble")
        check_key(f"{self.name}: trouble()", key)
        await self._services.troubles.trouble(self.name, key, text, remedy, server=server, guild=guild)

    async def well(self, key: str, *, server: str = "", guild: int = 0) -> None:
        """Say that the trouble *key* is over; told once. Without such a trouble it does nothing and costs nothing.

        Raises:
            PeerUnavailableError: the database does not answer.
        """
        await self._services.troubles.well(self.name, key, server=server, guild=guild)

    def _check_live(self, what: str) -> None:
        if not self._generation.scope.live:
            raise PluginError(f"{self.name}: {what}() before the plugin runs. Use self.ctx.spawn(...) in setup.")
