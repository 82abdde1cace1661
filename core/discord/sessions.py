"""The bot's session on Discord's gateway, and how another one, with other intents, takes over while it runs.

Both get every event for a moment. What Discord numbers is let through once; the rest rather twice than never.
"""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from typing import Any

import hikari
from hikari.impl.shard import GatewayShardImpl

from core.clock import Clock
from core.discord.wire import dumps
from core.errors import PeerUnavailableError
from core.kernel.bounded import keep
from core.kernel.intents import names_of

log = logging.getLogger(__name__)

OVERLAP_SECONDS = 3.0
"""How long the old session is kept beside the new one: what is on its way to it may be late."""
START_SECONDS, GUILDS_SECONDS = 20.0, 5.0
"""What another session may take until it is there, and then until all guilds are, which may be away."""
PAUSE_SECONDS = 5.0
"""Between two sessions, as Discord wants it."""
REMEMBERED = 4096
"""Numbers that are known again."""
ONCE = frozenset({
    "MESSAGE_CREATE", "MESSAGE_DELETE", "INTERACTION_CREATE", "GUILD_AUDIT_LOG_ENTRY_CREATE", "CHANNEL_CREATE",
    "CHANNEL_DELETE", "THREAD_DELETE", "GUILD_SCHEDULED_EVENT_CREATE", "GUILD_SCHEDULED_EVENT_DELETE",
    "STAGE_INSTANCE_CREATE", "STAGE_INSTANCE_DELETE", "AUTO_MODERATION_RULE_CREATE", "AUTO_MODERATION_RULE_DELETE",
})  # fmt: skip
"""Events that come once for a number."""
_PRESENCE = {
    "activity": "initial_activity", "afk": "initial_is_afk", "idle_since": "initial_idle_since",
    "status": "initial_status",
}  # fmt: skip
"""How hikari's sessions call what they show: when it is changed, and when they are made."""


class Once:
    """Knows what has come already, by whichever session."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def is_new(self, name: str, payload: Any) -> bool:
        """Tell whether an event is to be let through."""
        if name not in ONCE:
            return True
        key = (name, str(payload["id"]))
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return True


class Inlet:
    """Where one session hands its events over: hikari's event manager, as far as a session uses it."""

    def __init__(self, manager: Any, once: Once) -> None:
        self._manager, self._once = manager, once
        self._missing: set[str] = set()
        self.complete = asyncio.Event()
        """Set when all guilds of the session have come: until then a guild's events need not."""

    def consume_raw_event(self, name: str, session: Any, payload: Any) -> None:
        """Take an event as Discord sends it."""
        if name == "READY":
            self._missing = {guild["id"] for guild in payload["guilds"]}
        elif name in ("GUILD_CREATE", "GUILD_DELETE"):
            self._missing.discard(payload["id"])
        if not self._missing:
            self.complete.set()
        if self._once.is_new(name, payload):
            self._manager.consume_raw_event(name, session, payload)

    def dispatch(self, event: Any, **how: Any) -> Any:
        """Take what the session says of itself."""
        return self._manager.dispatch(event, **how)


class Session(GatewayShardImpl):
    """A session that can be given up before it is there, and whose presence the next one can take on."""

    def __init__(self, inlet: Inlet, presence: dict[str, Any], **settings: Any) -> None:
        super().__init__(event_manager=inlet, **settings, **presence)  # type: ignore[arg-type]
        self.inlet, self.presence = inlet, presence
        self._life: asyncio.Task[None] | None = None

    async def update_presence(self, **presence: Any) -> None:
        """Show another presence, and remember it for the next session."""
        told = {_PRESENCE[key]: value for key, value in presence.items() if value is not hikari.UNDEFINED}
        self.presence |= told
        await super().update_presence(**presence)

    async def end(self) -> None:
        """Close the session at Discord, or give up opening it."""
        if self.is_alive:
            with contextlib.suppress(hikari.GatewayError):  # why it had ended before
                await self.close()
        elif self._life is not None:
            self._life.cancel()
            await asyncio.wait([self._life])

    async def _keep_alive(self) -> None:
        self._life = asyncio.current_task()
        await super()._keep_alive()


class Sessions:
    """Opens sessions, one in place of another. Whoever has opened one closes them all."""

    def __init__(self, app: hikari.GatewayBot, token: str, clock: Clock) -> None:
        self._app, self._token, self._clock = app, token, clock
        self._once = Once()
        self._now: Session | None = None
        self._identified_at = float("-inf")
        """By when the last session had said who it is."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Queue[Exception | None] = asyncio.Queue()

    @property
    def intents(self) -> int:
        """What the session that serves was opened with; 0 where there is none."""
        return int(self._now.intents) if self._now else 0

    @property
    def connected(self) -> bool:
        """Whether the session that serves is connected."""
        return self._now is not None and self._now.is_connected

    async def may_open(self) -> str:
        """Return, once another session may be opened, the gateway's address.

        Raises:
            PeerUnavailableError: Discord lets the bot open no more for now.
            hikari.HikariError: it does not answer.
        """
        await self._clock.sleep(max(self._identified_at + PAUSE_SECONDS - self._clock.monotonic(), 0.0))
        found = await self._app.rest.fetch_gateway_bot_info()
        if (limit := found.session_start_limit).remaining < 1:
            until = f"{limit.reset_at:%Y-%m-%d %H:%M} UTC"
            raise PeerUnavailableError(f"Discord lets this bot open no more sessions until {until}. Try again then.")
        return found.url

    async def open(self, url: str, intents: int) -> None:
        """Open a session and let it take over from the one that serves, which goes on if that fails.

        Raises:
            hikari.GatewayServerClosedConnectionError: Discord refuses it.
            PeerUnavailableError: it was not there in time.
        """
        old, new, began = self._now, self._made(url, intents), self._clock.monotonic()
        try:
            async with asyncio.timeout(START_SECONDS if old else None):
                await new.start()
        except BaseException as error:
            await new.end()
            if not isinstance(error, TimeoutError):
                raise
            problem = f"Discord's gateway has opened no other session within {START_SECONDS:g} s"
            raise PeerUnavailableError(f"{problem}; nothing has changed. Try again.") from None
        finally:
            self._identified_at = self._clock.monotonic()
        if old is not None:
            await self._clock.wait(new.inlet.complete, GUILDS_SECONDS)
        self._serve(new)
        if old is not None:
            took = (self._clock.monotonic() - began) * 1000
            log.info("another session has taken over within %.0f ms: %s", took, ", ".join(names_of(intents)))
            keep(self._tasks, self._retire(old))

    async def ended(self) -> Exception | None:
        """Return why, once the session that serves has ended for good."""
        return await self._ended.get()

    async def close(self) -> None:
        """End all sessions."""
        last, self._now = self._now, None
        if last is not None:
            await last.end()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _made(self, url: str, intents: int) -> Session:
        return Session(
            Inlet(self._app.event_manager, self._once), dict(self._now.presence) if self._now else {},
            intents=hikari.Intents(intents), token=self._token, url=url, http_settings=self._app.http_settings,
            proxy_settings=self._app.proxy_settings, event_factory=self._app.event_factory, dumps=dumps,
        )  # fmt: skip

    def _serve(self, session: Session) -> None:
        """Make *session* the one that hikari knows too: for presences, voice and asking for members."""
        app: Any = self._app
        self._now = app._shards[0] = session
        keep(self._tasks, self._watch(session))

    async def _retire(self, old: Session) -> None:
        try:
            await self._clock.sleep(OVERLAP_SECONDS)
        finally:
            await old.end()

    async def _watch(self, session: Session) -> None:
        """Notice when *session* ends for good although it is the one that serves."""
        problem: Exception | None = None
        try:
            await session.join()
        except Exception as error:  # noqa: BLE001 - told by whoever waits for it
            problem = error
        if session is self._now:
            self._now = None
            self._ended.put_nowait(problem)
