"""Context: the one door from a plugin to the world. What is opened through it is closed with its generation."""

import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from core.clock import Clock
from core.db import Database
from core.errors import PluginError
from core.keeping import Keeping
from core.kernel.declarations import check_async
from core.kernel.generation import Generation
from core.kernel.kinds import envelope_of
from core.kernel.layers import in_guild
from core.kernel.options import Settings
from core.kernel.store import Store
from core.rounds.files import Files
from core.saying import Saying
from core.servers.ssh import Server
from core.services import Services

if TYPE_CHECKING:
    import aiohttp
    import hikari
    import lightbulb

    from core.discord.permissions import Action


_ACTION = re.compile(r"[\w-]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Guild:
    """A guild as it is configured; channels are 0 where none is."""

    name: str
    """"" while Discord has not told it."""
    stats_channel: int
    admin_channel: int
    _settings: Callable[[], Settings] = field(repr=False)

    @property
    def settings(self) -> Settings:
        """Its values of the settings with ``scope = "guild"``, as they are at this moment: ``settings.min_damage``."""
        return self._settings()


class Context(Saying, Keeping):
    """The only door from a plugin to the world. What is opened through it is closed with the generation.

    In ``setup`` tasks, timers, services, listeners and commands are declared; they start at the swap.
    """

    def __init__(self, generation: Generation, services: Services, config: Settings) -> None:
        super().__init__(generation, services)
        self._followed: set[int] = set()
        self.config = config
        """The settings that the manifest declares, checked: ``config.poll_seconds``. A guild's own: ``guild(id)``."""
        self.log: logging.Logger = generation.log
        """The plugin's logger. Those of its files, ``logging.getLogger(__name__)``, will do too."""
        self.name: str = generation.manifest.name
        """The plugin's name."""
        self.store: Store = Store(self.name, services.database, generation.scope)
        """What outlives reloads and restarts: JSON values by key."""
        self.clock: Clock = services.clock
        """``now()`` (aware UTC) and ``sleep(seconds)``: the time that tests can move."""
        self.files: Files = services.files
        """``put`` keeps a file's bytes until they are imported, ``read`` gives them."""
        self.servers: Mapping[str, Server] = services.servers
        """The configured game servers by key; ``servers[key].sftp()`` is a warm, verified connection."""
        self.control_channels: tuple[int, ...] = services.config.discord.control_channels
        """The channels that webhooks post notices in."""
        self.control_channel: int = next(iter(self.control_channels), 0)
        """The first of them; 0 if none is configured."""

    @property
    def db(self) -> Database:
        """The database: ``fetch`` to read, ``transaction`` to write; Piccolo tables are bound to it."""
        return self._services.database

    def webhook_url(self, webhook_id: int, token: str) -> str:
        """Return the address that a webhook is posted to; it is a secret."""
        return f"{self._services.config.discord.rest_url.rstrip('/')}/webhooks/{webhook_id}/{token}"

    @property
    def rest(self) -> "hikari.api.RESTClient":
        """Discord's REST API.

        Raises:
            PluginError: this process has no Discord (``roundhook import``).
        """
        return self._services.discord.rest

    @property
    def http(self) -> "aiohttp.ClientSession":
        """An HTTP session of this generation."""
        if self._generation.http is None:
            import aiohttp  # heavy: only for plugins that use it

            self._generation.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
            self.on_close(self._generation.http.close)
        return self._generation.http

    async def publish(self, event: object, *, follows: object = None) -> None:
        """Commit *event* to the journal; every plugin that is on and implements its hook will get it.

        *event* is one of ours, or one that this plugin declares in its ``contract.py``. Returns when it is committed;
        within a transaction of ``db`` it is committed with that, delivered then, and is nothing if that is undone.
        The same event again is nothing. *follows* is the event being handled that it comes of: only who publishes
        outside that handler, as a ``Batcher`` does, has to say so.

        Raises:
            PluginError: it is no event, another plugin's, or has a value of a wrong type; or called in ``setup``.
            PeerUnavailableError: the database does not answer; nothing is stored.
        """
        self._check_live("publish")
        await self._services.publish(event, self.name, follows)

    def handled(self, event: object) -> None:
        """Say, within a transaction of ``db``, that with it *event*, which is being handled, is done.

        It is recorded with that commit instead of one of its own; a crash after it does not bring the event again. For
        a handler that does nothing afterwards which must not be lost. One that fails all the same is called again.

        Raises:
            PluginError: no transaction is open, or it is no event.
        """
        self._services.kernel.dispatcher.handled(self.name, envelope_of(event).key)

    async def call(self, offer: str, /, **arguments: Any) -> Any:
        """Return what another plugin's *offer* (``"mvp_shout.best_of"``) answers; all is plain JSON data, copied.

        It waits while that plugin is being reloaded; then the offer has 10 s, or what its manifest allows it.

        Raises:
            PluginUnavailableError: that plugin is off, has failed, is not installed or offers no such thing, the two
                wait for each other, or it has failed so often that it is not called for a while.
            CallError: the arguments do not fit, it failed, or it took too long; its log has the traceback.
            PluginError: called in ``setup``, or inside a transaction.
        """
        self._check_live("call")
        return await self._services.call(self.name, offer, arguments)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* once in the background. A reload hands events on at once, and gives it 2 s more.

        What has not ended then is cancelled and named in the reload's answer; what must outlive that is for ``at``.
        """
        self._generation.scope.spawn(work)

    def every(self, seconds: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Call *work* each *seconds*; it is not called while the plugin is being reloaded.

        A reload waits for a call under way as long as a handler may take, 10 s; then the call is cancelled.
        """
        self._generation.scope.every(seconds, work)

    def service(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Keep the long-running *work* going: cancelled at a reload, started again when it fails."""
        self._generation.scope.service(work)

    def on_close(self, closer: Callable[[], Awaitable[None] | None]) -> None:
        """Call *closer* when this generation ends; the last one declared is called first."""
        self._generation.scope.defer(closer)

    def listen(self, event_type: "type[hikari.Event]", listener: Callable[[Any], Awaitable[None]]) -> None:
        """Hand Discord's events of *event_type* to *listener*, not those of guilds that have the plugin off.

        Raises:
            PluginError: no event of hikari's, one whose intent the manifest does not ask for, or no coroutine function.
        """
        self._services.discord.check_listener(self._generation, event_type, listener)
        self._generation.declared.listeners.append((event_type, listener))
        self._services.redeclare(self._generation)

    def follow(self, channel: int, handler: Callable[..., Awaitable[None]]) -> None:
        """Hand each message of *channel* to *handler*, at least once and in order, live or read afterwards.

        It is called with the message and, if it takes a second argument, whether it came live. However long the bot or
        the plugin was away, what came meanwhile is read (at the very first time the last 1,000 messages). A handler
        that raises ``BadInputError`` refuses the message for good; any other error is tried again, later each time, and
        holds back this follower only. A message that hikari cannot read is handed over as far as it can be.

        Raises:
            PluginError: *handler* is no ``async def`` function of one or two arguments, or the channel is followed.
        """
        check_async(f"{self.name}: follow()", handler, 1, 2)
        if channel in self._followed:
            raise PluginError(f"{self.name}: follow({channel}, …) a second time. One function takes all its messages.")
        self._followed.add(channel)
        takes_live = len(inspect.signature(handler).parameters) > 1
        self._services.discord.follow(self._generation, int(channel), handler, takes_live=takes_live)

    def add_commands(
        self, loader: "lightbulb.Loader", translations: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        """Offer the commands in *loader* in every configured guild (commands only).

        *translations* has, by Discord's code of a language (``{"de": {"greet": "gruss"}}``), names and descriptions
        of commands, options and choices with lightbulb's ``localize=True``, by what stands there.

        Raises:
            PluginError: the loader holds something else, or a name is taken.
        """
        self._services.discord.add_commands(self._generation, loader, translations or {})

    def on_component(self, action: str, handler: Callable[..., Awaitable[None]], *, admins: bool = False) -> None:
        """Let *handler* answer buttons, menus and modals made with ``component_id(action, …)``.

        It is called with the interaction and, if it takes a second argument, the text after the action; only for
        messages that the bot itself has sent, and with *admins* only for who is an admin there when pressing.

        Raises:
            PluginError: *action* is no plain word, or *handler* no ``async def`` function of one or two arguments.
        """
        if not _ACTION.fullmatch(action):
            raise PluginError(
                f"{self.name}: on_component({action!r}, …): an action is a word of letters, digits, _ and -."
            )
        check_async(f"{self.name}: on_component()", handler, 1, 2)
        self._generation.declared.components[action] = handler
        if admins:
            self._generation.declared.admin_components.add(action)
        self._services.redeclare(self._generation)

    def component_id(self, action: str, args: object = "") -> str:
        """Return the custom id (at most 100 characters) that leads to the handler of *action*, also after a reload.

        An action that nothing handles is named in the plugin's log; in ``setup`` it may be declared afterwards.

        Raises:
            ValueError: it would be too long.
        """
        from core.discord.messages import component_id

        made = component_id(self.name, action, args)
        self._generation.promise(action)
        return made

    def on_status(self, lines_of: Callable[[int, bool], Awaitable[list[str]]]) -> None:
        """Let ``/status`` and ``roundhook status`` say what *lines_of* returns (``async fn(guild, admin)``): lines.

        *guild* is 0 for the owner, who sees all; *admin* tells whether the reader is an admin there. Names in the lines
        must be escaped. It may take 2 seconds; what it raises is logged, and a line says so.

        Raises:
            PluginError: it is no ``async def`` function of two arguments.
        """
        check_async(f"{self.name}: on_status()", lines_of, 2)
        self._generation.declared.status.append(lines_of)

    def guild(self, guild: int) -> "Guild":
        """Return what is configured for a guild.

        Raises:
            PluginError: the guild is not in the settings.
        """
        if (found := self._services.config.guilds.get(guild)) is None:
            raise PluginError(f"{self.name}: guild {guild} is not in the settings. ctx.guilds() gives those that are.")
        settings = partial(self._settings_in, guild)
        return Guild(self._services.discord.guild_name(guild), found.stats_channel, found.admin_channel, settings)

    def _settings_in(self, guild: int) -> Settings:
        rows = self._services.kernel.settings.of(self.name)
        return in_guild(self._generation.manifest, self.config, rows, guild)

    def may(self, interaction: Any, action: "Action", server: str = "") -> bool:
        """Tell whether the user of *interaction* may do *action* there, at this moment.

        *action* is ``guild`` (what concerns one guild: its admins), ``everybody`` (the bot's owner), ``server`` (acts
        on the game server *server*), ``logs`` (reads logs and history) or ``read`` (sees the rounds of *server*).
        """
        return self._services.discord.may(interaction, action, server)

    def hidden_servers(self, guild: int) -> list[str]:
        """Return the configured servers whose rounds a guild does not see."""
        return self._services.config.hidden_servers(guild)
