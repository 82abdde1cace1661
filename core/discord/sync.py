"""Commands: what the plugins offer is what Discord has, sent once for each scope that differs.

Up to twenty guilds have theirs each, beyond that all have the same global ones. What was registered is known from the
database, so that Discord is not asked. lightbulb's own synchronisation knows neither.
"""

import asyncio
import contextvars
import functools
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

import hikari

from core.clock import Clock
from core.discord.client import Command
from core.discord.guilds import Guilds
from core.discord.scopes import GLOBAL, NOTHING, Scopes, digest_of
from core.kernel.bounded import keep

log = logging.getLogger(__name__)

DEBOUNCE_SECONDS = 5.0
RETRY_SECONDS = 60.0
"""When Discord does not answer."""
CLOSE_SECONDS = 10.0
"""How long a stop waits for what is under way: a call to Discord is never cut off."""
MOST_GUILDS = 20
"""That have commands of their own; with more of them the commands are global."""
AT_ONCE = 10
"""Calls at the same time. Each guild has a limit of its own at Discord, and all together fifty in a second."""
PROBED = 3
"""Guilds that are looked at for commands of an earlier database, when the commands become global for the first time."""
_FOR_GOOD = (hikari.ForbiddenError, hikari.NotFoundError, hikari.BadRequestError)
"""What Discord answers where trying again does not help."""
Translations = Mapping[str, Mapping[str, str]]
"""By Discord's code of a language (``de``): a command's words, by what stands in the class."""
Commands = Callable[[], Iterable[tuple[Command, Translations]]]
Builders = Sequence[hikari.api.CommandBuilder]


class CommandSync:
    """Keeps Discord's commands equal to ours. ``run`` must be running."""

    def __init__(
        self, app: hikari.GatewayBot, guilds: Guilds, commands: Commands, scopes: Scopes, clock: Clock
    ) -> None:
        self._app, self._guilds, self._commands = app, guilds, commands
        self._scopes, self._clock = scopes, clock
        self._wanted, self._lock = asyncio.Event(), asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._strays: set[int] = set()
        self._closing = False
        self.application = 0
        """The application's id, before ``run``."""
        self.anew = False
        """What is known of earlier processes is not believed."""
        self.begun = asyncio.Event()
        """Set once it was tried for the first time."""

    def soon(self) -> None:
        """Synchronise in a while; several calls within some seconds are one."""
        self._wanted.set()

    def used(self, scope: int) -> None:
        """Note in which scope a command was that somebody has used: where none of ours is, it was left over."""
        if self.begun.is_set() and scope not in self._scopes.held():
            self._strays.add(scope)
            self.soon()

    async def run(self) -> None:
        """Synchronise at once, then whenever it was asked for and the debounce time has passed."""
        self.soon()
        while True:
            await self._wanted.wait()
            if self.begun.is_set():
                await self._clock.sleep(DEBOUNCE_SECONDS)
            done = await self._tried()
            self.begun.set()
            if not done:
                await self._clock.sleep(RETRY_SECONDS)
                self._wanted.set()

    async def flush(self) -> None:
        """Synchronise now if asked to; where Discord refuses (``HikariError``) it keeps what it had."""
        await asyncio.shield(keep(self._tasks, self._synchronise(), contextvars.Context()))

    def stop(self) -> None:
        """Begin no call more: the plugins are about to end, and their commands are to stay."""
        self._closing = True
        self._guilds.known.set()

    async def close(self) -> None:
        """Wait for the calls that are under way."""
        self.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)

    async def _tried(self) -> bool:
        """Synchronise; False if that is to be tried again by itself."""
        try:
            await self.flush()
        except _FOR_GOOD as error:
            _tell_refusal(error)
        except Exception:
            log.exception("commands could not be registered; tried again in %g s", RETRY_SECONDS)
            return False
        return True

    async def _synchronise(self) -> None:
        await self._guilds.known.wait()
        async with self._lock:
            if self._closing or not self._wanted.is_set():
                return
            self._wanted.clear()
            await self._scopes.load(self.application, anew=self.anew)
            await self._scopes.forget(self._scopes.guilds() - self._guilds.there)
            wanted = await self._plan()
            refusals = await self._set({scope: one for scope, one in wanted.items() if one})
            if all(isinstance(one, (hikari.ForbiddenError, hikari.NotFoundError)) for one in refusals):
                refusals += await self._set({scope: one for scope, one in wanted.items() if not one})
            if refusals:
                first, *others = sorted(refusals, key=lambda one: isinstance(one, _FOR_GOOD))
                for one in others:
                    _tell_refusal(one)
                raise first  # what is to be tried again, if anything is

    async def _plan(self) -> dict[int, Builders]:
        """Return what is to be in each scope, as far as it may not be there already."""
        served, commands = self._guilds.served, list(self._commands())
        by_role = [bool(one.admin_roles) for one in served.values()]
        wanted: dict[int, Builders]
        if len(served) > MOST_GUILDS:
            await self._look_for_strays(list(served))
            wanted = {GLOBAL: in_guilds_only(await build(commands, shown_to_all=any(by_role)))}
        else:
            variants = {shown: await build(commands, shown_to_all=shown) for shown in set(by_role)}
            wanted = {GLOBAL: (), **{guild: variants[shown] for guild, shown in zip(served, by_role, strict=True)}}
        strays, self._strays = self._strays & {GLOBAL, *self._guilds.there}, set()
        await self._scopes.doubt(strays)
        return dict.fromkeys(self._scopes.held(), ()) | wanted

    async def _look_for_strays(self, guilds: Sequence[int]) -> None:
        """Before the first global commands: where a few guilds have commands, each may have, of an earlier version."""
        if GLOBAL in self._scopes:
            return
        for guild in guilds[:PROBED]:
            if await self._app.rest.fetch_application_commands(self.application, guild):
                await self._scopes.doubt([one for one in guilds if one not in self._scopes])
                return

    async def _set(self, wanted: Mapping[int, Builders]) -> list[hikari.HikariError]:
        """Set the commands of scopes, some at a time; return what Discord has refused: the others have theirs."""
        limit, refusals = asyncio.Semaphore(AT_ONCE), list[hikari.HikariError]()

        async def set_one(scope: int, builders: Builders) -> None:
            async with limit:
                try:
                    await self._set_scope(scope, builders)
                except hikari.HikariError as error:
                    refusals.append(error)

        await asyncio.gather(*(set_one(scope, builders) for scope, builders in wanted.items()))
        return refusals

    async def _set_scope(self, scope: int, builders: Builders) -> None:
        digest = digest_of(builders, self._app.entity_factory)
        if self._closing or self._scopes.has(scope, digest):
            return
        await self._app.rest.set_application_commands(self.application, builders, scope or hikari.UNDEFINED)
        await self._scopes.note(scope, digest, [one.name for one in builders])
        what = f"registered: {len(builders)}" if digest != NOTHING else "removed"
        log.info("commands of %s %s", f"guild {scope}" if scope else "all guilds", what)


def _tell_refusal(error: hikari.HikariError) -> None:
    if isinstance(error, (hikari.ForbiddenError, hikari.NotFoundError)):
        log.error("commands were not registered: %s. Invite the bot with the scope applications.commands.", error)
    elif isinstance(error, hikari.BadRequestError):
        log.error("commands could not be registered: %s. Tried again with the next change.", error)
    else:
        log.error("commands could not be registered: %s. Tried again in %g s.", error, RETRY_SECONDS)


async def build(
    commands: Iterable[tuple[Command, Translations]], *, shown_to_all: bool = False
) -> list[hikari.api.CommandBuilder]:
    """Return Discord's form of the commands, by name.

    With *shown_to_all* none is hidden from members without a permission of Discord's: some of them may use it by role.
    """
    builders = [
        await command.as_command_builder(hikari.Locale.EN_US, functools.partial(_in_all_languages, translations))
        for command, translations in commands
    ]
    builders.sort(key=lambda builder: builder.name)
    for builder in builders if shown_to_all else ():
        builder.set_default_member_permissions(hikari.UNDEFINED)
    return builders


def in_guilds_only(builders: Builders) -> Builders:
    """Return global commands that are, as those of guilds, not there in direct messages."""
    for builder in builders:
        builder.set_context_types([hikari.ApplicationContextType.GUILD])
        builder.set_integration_types([hikari.ApplicationIntegrationType.GUILD_INSTALL])
    return builders


def _in_all_languages(translations: Translations, text: str) -> dict[hikari.Locale, str]:
    """Return *text*, as it stands in a command with ``localize=True``, in all languages that it is there in."""
    if unknown := translations.keys() - {str(one) for one in hikari.Locale}:
        raise ValueError(f"'{sorted(unknown)[0]}' is no language of Discord's; they are called de, en-GB, pt-BR, …")
    found = {hikari.Locale(locale): words[text] for locale, words in translations.items() if text in words}
    return {hikari.Locale.EN_US: text, **found}
