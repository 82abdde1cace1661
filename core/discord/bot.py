"""hikari and lightbulb, assembled: the bot's connection to Discord, as the kernel and plugins use it."""

import ast
import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import hikari
import lightbulb
from hikari.api import CacheComponents
from hikari.internal import routes

from core.clock import Clock
from core.config import Config
from core.db import Database
from core.discord import settings_step
from core.discord.admin import Admin, admin_commands
from core.discord.client import CommandClient, check_annotations, check_words_in, commands_in, name_of, paths_of
from core.discord.closing import as_ours, closed_for_good, leave_closing_untold
from core.discord.confirmations import Confirmations
from core.discord.following import Channels, Follower
from core.discord.guilds import Guilds
from core.discord.intents import Intents
from core.discord.listening import check_listener
from core.discord.messages import Content, Within
from core.discord.permissions import Action, Gatekeeper, owners_of
from core.discord.rest import use_ours
from core.discord.scopes import Scopes
from core.discord.sessions import Sessions
from core.discord.speech import Speech
from core.discord.status import StatusBoard, status_command
from core.discord.sync import CommandSync, Translations, build
from core.discord.timekeeper import Timekeeper
from core.discord.troubles import Troubles
from core.discord.wire import dumps, tls
from core.errors import PluginError
from core.kernel.bounded import contained, text_of
from core.kernel.generation import Generation
from core.kernel.kernel import Kernel
from core.kernel.kinds import Envelope
from core.kernel.loader import place_where
from core.kernel.strays import tell_strays

log = logging.getLogger(__name__)

_CACHE = CacheComponents.GUILDS | CacheComponents.GUILD_CHANNELS | CacheComponents.ROLES | CacheComponents.ME
_CACHE |= CacheComponents.VOICE_STATES
"""Kept where they come: who listens to voice states wants to know what was before."""
_MY_APPLICATION = routes.Route("GET", "/applications/@me")


class Discord:
    """The bot on Discord. ``running`` connects it and disconnects it again."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.app = hikari.GatewayBot(
            token=config.token().reveal(), intents=hikari.Intents.ALL, rest_url=config.discord.rest_url, banner=None,
            logs=None, auto_chunk_members=False, suppress_optimization_warning=True, dumps=dumps,
            cache_settings=hikari.impl.CacheSettings(components=_CACHE),
            http_settings=hikari.impl.HTTPSettings(ssl=tls()),
        )  # fmt: skip
        """hikari's bot; which intents are asked for is each session's own."""
        use_ours(self.app.rest)
        self.gatekeeper = Gatekeeper(config)
        self.client = CommandClient(self.app, self.gatekeeper, self._refusal)
        self._listening: dict[tuple[str, type[hikari.Event]], Callable[[Any], Awaitable[None]]] = {}
        self._core_commands: list[Any] = []

    def attach(self, kernel: Kernel, database: Database, clock: Clock, troubles: Troubles) -> None:
        """Take what exists once the database is open."""
        self._kernel = kernel
        guilds = Guilds(self.app, self._config, lambda: self.sync.soon())
        self.sync = CommandSync(self.app, guilds, self._commands, Scopes(database, clock), clock)
        self.client.used = self.sync.used
        self._channels = Channels(self.app, troubles)
        self.speech = Speech(self.app, self._channels, self._config, database, clock, troubles)
        self._database, self._clock = database, clock
        self.sessions = Sessions(self.app, self._config.token().reveal(), clock)
        self.intents = Intents(kernel, self.sessions, self._application)
        self.timekeeper = Timekeeper(self._config.discord.rest_url, clock, troubles)
        self.client.confirmations, self.client.answers.clock = Confirmations(database, clock, self.gatekeeper), clock
        self.client.core = Admin(kernel, self._config, self.gatekeeper, lambda: self.rest, self.speech.guild_of)
        self.client.core_components = {settings_step.ACTION: self.client.core.settings.pressed}
        self.status = StatusBoard(self._config, kernel, troubles, database, clock)
        self.status.connected = lambda: self.sessions.connected
        self._core_commands = [*admin_commands(self.client.core), status_command(self.status, self.gatekeeper)]
        for command in self._core_commands:
            self.client.add(command, None)

    @contextlib.asynccontextmanager
    async def running(self, start_plugins: Callable[[], Awaitable[Any]]) -> AsyncIterator[None]:
        """Connect; *start_plugins* is called when REST works and before the first gateway event.

        Raises:
            ConfigError: the token or an intent is not accepted; says what to do.
            PeerUnavailableError: Discord does not answer.
        """
        problems: list[Exception] = []
        leave_closing_untold()
        tell_strays(lambda: self.client.components.values())  # a reload puts others there

        async def prepare(_: hikari.StartingEvent) -> None:
            try:
                await self._started(start_plugins)
            except Exception as error:  # noqa: BLE001 - hikari would only log it; raised below
                problems.append(error)

        self.app.subscribe(hikari.StartingEvent, prepare)
        try:
            await self._connect()
            if problems:
                raise as_ours(problems[0], self._config.discord.rest_url)
            loop = asyncio.get_running_loop()
            syncing, self._carrying_on = loop.create_task(self.sync.run()), loop.create_task(self._carry_on())
            try:
                yield
            finally:
                syncing.cancel()
                self._carrying_on.cancel()
                await self.sync.close()
        finally:
            self.client.answers.close()
            await self.speech.close()
            await self._channels.close()
            await self.sessions.close()
            if self.app.is_alive:
                await self.app.close()

    async def ended(self) -> Exception:
        """Return why, once Discord has let go of the bot for good; goes on as long as it is connected."""
        problem = await asyncio.shield(self._carrying_on)
        now: Any
        try:
            now = await self._application()
        except Exception as error:  # noqa: BLE001 - that is an answer too
            now = error
        return closed_for_good(problem, now)

    @property
    def rest(self) -> hikari.api.RESTClient:
        return self.app.rest

    def add_commands(self, generation: Generation, loader: lightbulb.Loader, translations: Translations) -> None:
        name = generation.manifest.name
        if generation.scope.live:
            raise PluginError(f"{name}: add_commands() belongs into setup().")
        commands = commands_in(loader, name)
        generation.declared.commands += commands
        generation.declared.translations |= dict.fromkeys(commands, translations)

    async def check(self, generation: Generation) -> None:
        self._check_names(generation)
        for command in generation.declared.commands:
            try:
                check_words_in(await build([(command, generation.declared.translations[command])]))
                list(paths_of(command))
                check_annotations(command)
            except Exception as error:
                problem = f"cannot be built: {text_of(error)}. Correct it and reload."
                raise _refused(generation, name_of(command), problem) from error
        await self.intents.allow(generation.manifest)

    def _check_names(self, generation: Generation) -> None:
        """Refuse commands whose names are taken (``PluginError``), without waiting for anything."""
        name = generation.manifest.name
        taken = {name_of(command): "roundhook itself" for command in self._core_commands}
        for slot in self._kernel.slots.values():
            if slot.generation is not None and slot.name != name:
                taken |= {name_of(one): f"the plugin {slot.name}" for one in slot.generation.declared.commands}
        for command in generation.declared.commands:
            if (owner := taken.get(name_of(command))) is not None:
                raise _refused(generation, name_of(command), f"is taken by {owner}. Rename it.")
            taken[name_of(command)] = "this plugin already"

    def check_listener(self, generation: Generation, event_type: Any, listener: Any) -> None:
        check_listener(generation.manifest, event_type, listener)

    def follow(self, generation: Generation, channel: int, handler: Any, *, takes_live: bool) -> None:
        follower = Follower(
            generation, channel, handler, self._channels, self._database, self._clock, takes_live=takes_live
        )
        generation.scope.service(follower.run)

    def replace(self, old: Generation | None, new: Generation | None) -> None:
        if new is not None:
            self._check_names(new)  # once more: another plugin may have taken one since it was checked
        self.client.replace(old, new)
        for generation in (old, new):
            if generation is not None:
                self._listen(generation.manifest.name, new)
        self.sync.soon()

    def forget(self, generation: Generation) -> None:
        self.client.forget(generation)

    async def announce(
        self, plugin: str, event: Envelope, message: Content | None, guilds: Sequence[int], within_seconds: Within
    ) -> None:
        await self.speech.announcements.announce(plugin, event, message, guilds, within_seconds)

    async def send(self, plugin: str, channels: Sequence[int], message: Content | None, once: str) -> None:
        await self.speech.announcements.send(plugin, channels, message, once)

    async def look_at_clock(self) -> None:
        await self.timekeeper.look()

    async def thin(self) -> None:
        await self.speech.announcements.thin()

    def may(self, interaction: Any, action: Action, server: str) -> bool:
        return self.gatekeeper.may(interaction, action, server)

    def guild_name(self, guild: int) -> str:
        found = self.app.cache.get_guild(guild)
        return found.name if found else ""

    async def tell_admins(self, plugin: str, text: str, guilds: Sequence[int] | None, server: str) -> None:
        await self.speech.reports.tell(plugin, text, guilds, server)

    async def _started(self, start_plugins: Callable[[], Awaitable[Any]]) -> None:
        application = await self._application()
        self.gatekeeper.owners, self.sync.application = owners_of(application), int(application["id"])
        await self.speech.start(int((application.get("team") or {}).get("owner_user_id") or application["owner"]["id"]))
        await self.timekeeper.look()
        await start_plugins()
        await self.client.start()
        await self.intents.open()

    async def _application(self) -> dict[str, Any]:
        """Return Discord's raw answer about the application: hikari leaves out what its team's members may do."""
        rest: Any = self.rest
        try:
            found: dict[str, Any] = await rest._request(_MY_APPLICATION.compile())
        except hikari.NotFoundError:
            found = await rest._request(routes.GET_MY_APPLICATION.compile())
        return found

    async def _connect(self) -> None:
        try:
            await self.app.start(check_for_updates=False, shard_ids=(), shard_count=1)  # the session is ours
        except (hikari.HTTPError, hikari.GatewayError, OSError) as error:
            raise as_ours(error, self._config.discord.rest_url) from error

    async def _carry_on(self) -> Exception | None:
        """Replace sessions that Discord ends for want of an intent; return why one has ended that cannot be."""
        while True:
            try:
                await self.intents.carry_on(await self.sessions.ended())
            except Exception as error:  # noqa: BLE001 - told by whoever waits for it
                return error

    def _refusal(self, generation: Generation, guild: int | None) -> str:
        """Return why a plugin's command may not run in a guild, "" if it may: global ones are offered in all."""
        if guild is not None and guild not in self._config.guilds:
            return "That works on the Discord servers in the bot's settings only."
        return self._kernel.refusal(generation, guild)

    def _commands(self) -> list[tuple[Any, Translations]]:
        """Return all commands, each with its translations."""
        declared = [slot.generation.declared for slot in self._kernel.slots.values() if slot.generation]
        ours: list[tuple[Any, Translations]] = [(command, {}) for command in self._core_commands]
        return ours + [(command, one.translations[command]) for one in declared for command in one.commands]

    def _listen(self, plugin: str, generation: Generation | None) -> None:
        """Subscribe for exactly the event types that the plugin's generation listens to."""
        wanted = {event_type for event_type, _ in generation.declared.listeners} if generation else set()
        for name, event_type in [key for key in self._listening if key[0] == plugin]:
            if event_type not in wanted:
                self.app.unsubscribe(event_type, self._listening[name, event_type])  # type: ignore[arg-type]
                del self._listening[name, event_type]
        for event_type in wanted - {kind for name, kind in self._listening if name == plugin}:
            callback = _listener(self._kernel, plugin, event_type)
            self.app.subscribe(event_type, callback)  # type: ignore[arg-type]
            self._listening[plugin, event_type] = callback


def _refused(generation: Generation, command: str, problem: str) -> PluginError:
    """Return the error about a command, with the place in the plugin's code that gives it its name."""

    def is_it(node: ast.AST) -> bool:
        return isinstance(node, ast.Constant) and node.value == command

    def names_it(node: ast.AST) -> bool:
        return isinstance(node, ast.keyword) and node.arg == "name" and is_it(node.value)

    place = place_where(generation.source, names_it, is_it)
    return PluginError(f"{generation.manifest.name}: {place}: the command /{command} {problem}")


def _listener(kernel: Kernel, plugin: str, event_type: type[hikari.Event]) -> Callable[[Any], Awaitable[None]]:
    """Return what is subscribed for a plugin: hands events to whichever generation serves, also across a swap."""

    async def listen(event: Any) -> None:
        slot = kernel.slots[plugin]
        await slot.gate.passed()
        generation, guild = slot.generation, getattr(event, "guild_id", None)
        if generation is None or (guild is not None and not slot.on_in(int(guild))):
            return
        with generation.scope.activity.busy():
            generation.scope.enter()
            for wanted, function in generation.declared.listeners:
                if wanted is event_type:
                    await _call(generation, function, event)

    return listen


async def _call(generation: Generation, function: Callable[[Any], Awaitable[None]], event: object) -> None:
    try:
        await contained(function(event))
    except Exception as error:  # noqa: BLE001 - the boundary: a listener may raise anything
        generation.failed(f"listening to {type(event).__name__}", error)
