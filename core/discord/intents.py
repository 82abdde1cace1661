"""Which intents the bot asks Discord for: its own and those of the enabled plugins, as far as they are granted."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import hikari

from core.discord.sessions import Sessions
from core.errors import PeerUnavailableError, PluginError
from core.kernel.intents import OWN, PRIVILEGED, SWITCHES, bits, lacking, names_of
from core.kernel.kernel import Kernel
from core.kernel.manifest import Manifest

INVALID, DISALLOWED = 4013, 4014
"""How the gateway refuses intents: one that it does not know, or that is not switched on. It never says which."""


class Intents:
    """Opens sessions with what is asked for, and refuses plugins that ask for what Discord does not grant."""

    def __init__(
        self, kernel: Kernel, sessions: Sessions, application: Callable[[], Awaitable[Mapping[str, Any]]]
    ) -> None:
        self._kernel, self._sessions, self._application = kernel, sessions, application
        self._tried = OWN
        """What the last session was opened with."""
        self._refused = 0
        """What Discord does not grant, of what was asked for."""
        self._lock = asyncio.Lock()

    async def allow(self, manifest: Manifest) -> None:
        """See to it that a plugin gets what it asks for; at the start that comes with the first session.

        Raises:
            PluginError: Discord does not grant it.
            PeerUnavailableError: Discord does not answer, or lets the bot open no more sessions for now.
        """
        asked = bits(manifest.intents)
        try:
            async with self._lock:
                self._refused &= ~asked
                await self._ask(asked & ~self._sessions.intents)
                while not asked & self._refused and self._sessions.intents and asked & ~self._sessions.intents:
                    await self._attempt(asked)
        except (hikari.HikariError, OSError, PeerUnavailableError) as error:
            raise PeerUnavailableError(f"{manifest.name}: no session with its intents: {error}") from error
        if asked & self._refused:
            raise PluginError(_refusal(manifest, asked & self._refused))

    async def open(self) -> None:
        """Open the first session, or one after Discord has ended it. Plugins that must do without are ended.

        Raises:
            hikari.GatewayServerClosedConnectionError: Discord refuses the bot itself.
            PeerUnavailableError: it lets the bot open no more sessions for now.
        """
        is_open = False
        while not is_open:
            async with self._lock:
                is_open = await self._attempt()
            await self._end_refused()

    async def carry_on(self, problem: Exception | None) -> None:
        """Open another session in place of one that has ended for good, or raise *problem*: it would end too."""
        if not isinstance(problem, hikari.GatewayServerClosedConnectionError):
            raise problem or hikari.GatewayError("without a reason")
        async with self._lock:
            await self._learn(problem)
        await self._end_refused()
        await self.open()

    async def _attempt(self, asked: int = 0) -> bool:
        """Open a session with *asked* and what all enabled plugins ask for; tell whether Discord grants it."""
        url = await self._sessions.may_open()
        await self._ask(self._wanted() | asked)
        self._tried = (self._wanted() | asked) & ~self._refused
        try:
            await self._sessions.open(url, self._tried)
        except hikari.GatewayServerClosedConnectionError as error:
            await self._learn(error)
            return False
        return True

    def _wanted(self) -> int:
        slots = self._kernel.slots.values()
        return (OWN | bits(name for slot in slots if slot.enabled for name in slot.manifest.intents)) & ~self._refused

    async def _ask(self, intents: int) -> None:
        """Note which privileged ones of *intents* the application is not granted; what the bot needs is tried."""
        if privileged := intents & PRIVILEGED & ~OWN:
            self._refused |= privileged & await self._lacking()

    async def _lacking(self) -> int:
        flags = (await self._application()).get("flags")
        return 0 if flags is None else lacking(int(flags))

    async def _learn(self, error: hikari.GatewayServerClosedConnectionError) -> None:
        """Note what it can be that Discord has refused in the last session; if it is the bot itself, raise that."""
        guilty = self._tried & ~OWN
        if error.code == DISALLOWED:
            missing = await self._lacking()
            guilty = 0 if missing & OWN else guilty & missing or guilty & PRIVILEGED
        if error.code not in (INVALID, DISALLOWED) or not guilty:
            raise error
        self._refused |= guilty

    async def _end_refused(self) -> None:
        """End the plugins that run and ask for what Discord does not grant."""
        for slot in list(self._kernel.slots.values()):
            if slot.generation is not None and (refused := bits(slot.manifest.intents) & self._refused):
                await self._kernel.end(slot.name, _refusal(slot.manifest, refused))


def _refusal(manifest: Manifest, refused: int) -> str:
    """Return why a plugin does not run, and what to do."""
    names, place = ", ".join(names_of(refused)), manifest.place("plugin", "intents")
    switches = " and ".join(f"'{SWITCHES[name][0]}'" for name in names_of(refused & PRIVILEGED))
    if not switches:
        return f"{manifest.name}: {place}: Discord does not know {names}. Take it out and reload."
    return (
        f"{manifest.name}: {place}: Discord does not grant {names}. In the Developer Portal open the application, Bot, "
        f"and switch on {switches}; then /plugin reload {manifest.name}."
    )
