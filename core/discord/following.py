"""Channels that plugins follow: each message at least once, in order, live or read afterwards.

A mark (``reading_marks``) moves only over what was handled, or refused for good with the reason
(``refused_messages``). What cannot be handled now is tried again, and holds back its own follower only.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import hikari
from hikari.internal import data_binding, routes

from core.clock import Clock
from core.db import Database
from core.discord.raw_message import message_of
from core.discord.troubles import Troubles
from core.errors import BadInputError, RoundhookError
from core.kernel.bounded import bounded, text_of
from core.kernel.generation import Generation
from core.shown import storable

PAGE, FIRST_PAGES = 100, 10
"""Messages in one request; without a mark the last thousand are read."""
MOST_WAITING = 500
"""Live messages that wait; beyond that they are read from the channel."""
PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
"""Seconds between tries; the last one goes on."""
HANDLER_SECONDS = 10.0

Handler = Callable[..., Awaitable[None]]
Payload = dict[str, Any]


@dataclass(slots=True, eq=False)
class Feed:
    """What has come live in a channel for one plugin; outlives its generations, so that a reload reads nothing."""

    live: deque[Payload] = field(default_factory=deque)
    behind: bool = True
    """Something may have come that is not in ``live``: the channel is to be read."""
    mark: int | None = None
    """All up to this message is handled or refused; None before it is known."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, payload: Payload) -> None:
        """Keep a live message, or remember that the channel has to be read."""
        if len(self.live) >= MOST_WAITING:
            self.live.clear()
            self.behind = True
        self.live.append(payload)
        self.wake.set()


class Channels:
    """Feeds followers from the gateway, and reads channels for them."""

    def __init__(self, app: hikari.GatewayBot, troubles: Troubles) -> None:
        self._app = app
        self.troubles = troubles
        self._feeds: dict[tuple[str, int], Feed] = {}
        self._reads: set[asyncio.Task[list[Payload]]] = set()
        app.subscribe(hikari.ShardPayloadEvent, self._on_payload)
        app.subscribe(hikari.ShardReadyEvent, self._on_ready)

    def feed(self, plugin: str, channel: int) -> Feed:
        """Return what comes live in a channel for a plugin."""
        return self._feeds.setdefault((plugin, channel), Feed())

    async def read(self, channel: int, **where: int) -> list[Payload]:
        """Return up to 100 messages, the oldest first. A read is never cancelled: that would end hikari's bucket.

        Raises:
            hikari.HikariError: Discord refuses, or does not answer.
        """
        task = asyncio.get_running_loop().create_task(self._read(channel, where))
        self._reads.add(task)
        task.add_done_callback(self._reads.discard)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Wait for the reads that are under way."""
        if self._reads:
            await asyncio.wait(self._reads)

    def message(self, payload: Payload) -> Any:
        """Return a message as hikari has it; one that it cannot read, as far as that can be."""
        return message_of(self._app, payload)

    async def _read(self, channel: int, where: dict[str, int]) -> list[Payload]:
        query = data_binding.StringMapBuilder()
        query.put("limit", PAGE)
        for name, value in where.items():
            query.put(name, value)
        route = routes.GET_CHANNEL_MESSAGES.compile(channel=channel)
        rest: Any = self._app.rest  # its public call reads a page whole or, with one odd message in it, not at all
        found = await rest._request(route, query=query)
        return sorted(found or (), key=_id)

    async def _on_payload(self, event: hikari.ShardPayloadEvent) -> None:
        if event.name == "MESSAGE_CREATE":
            for (_, channel), feed in self._feeds.items():
                if event.payload.get("channel_id") == str(channel):
                    feed.take(dict(event.payload))

    async def _on_ready(self, _: hikari.ShardReadyEvent) -> None:
        """A new session: what came while there was none is not sent again."""
        for feed in self._feeds.values():
            feed.behind = True
            feed.wake.set()


class Follower:
    """Hands one channel's messages to one generation's function. ``run`` is a service of the generation."""

    def __init__(
        self, generation: Generation, channel: int, handler: Handler, channels: Channels, database: Database,
        clock: Clock, *, takes_live: bool,
    ) -> None:  # fmt: skip
        self._plugin, self._scope, self._log = generation.manifest.name, generation.scope, generation.log
        self._channel, self._handler, self._takes_live = channel, handler, takes_live
        self._channels, self._database, self._clock = channels, database, clock
        self._feed = channels.feed(self._plugin, channel)

    async def run(self) -> None:
        """Hand over what is there and what comes, for ever."""
        if self._feed.mark is None:
            await self._until_done("its mark is read", self._find_mark)
        while True:
            if self._feed.behind:
                await self._until_done(f"channel {self._channel} is read", self._catch_up)
            await self._take_live()
            if not self._feed.live and not self._feed.behind:
                self._feed.wake.clear()
                await self._feed.wake.wait()

    async def _take_live(self) -> None:
        """Work off what has come live; it is let go of when it is handled, so that a reload finds it again."""
        live = self._feed.live
        while live and not self._feed.behind:
            payload = live[0]
            await self._take(payload, live=True)
            if live and live[0] is payload:
                live.popleft()

    async def _find_mark(self) -> None:
        """Read the mark; without one begin a thousand messages back."""
        rows = await self._database.fetch(
            "SELECT max(message_id) AS mark FROM reading_marks WHERE plugin = ? AND channel_id IN (?, 0)",
            (self._plugin, self._channel),
        )
        mark, first = rows[0]["mark"] or 0, dict[str, int]()
        for _ in range(0 if mark else FIRST_PAGES):
            if not (page := await self._channels.read(self._channel, **first)):
                break
            first, mark = {"before": _id(page[0])}, _id(page[0]) - 1
        self._feed.mark = mark

    async def _catch_up(self) -> None:
        """Read pages from the mark on until the end is reached; broken off, it begins anew."""
        self._feed.behind = False  # a session that begins meanwhile sets it again
        try:
            while page := await self._channels.read(self._channel, after=self._feed.mark or 0):
                for payload in page:
                    await self._take(payload, live=False)
                if len(page) < PAGE:
                    break
        except BaseException as error:
            self._feed.behind = True
            if isinstance(error, (hikari.ForbiddenError, hikari.NotFoundError)):
                await self._channels.troubles.trouble(
                    self._plugin, f"reading:{self._channel}",
                    f"The channel {self._channel} cannot be read: {error.message}.",
                    "Give the bot 'View Channel' and 'Read Message History' there, or correct its number in the "
                    "settings. It is tried again.",
                )  # fmt: skip
            raise
        await self._channels.troubles.well(self._plugin, f"reading:{self._channel}")

    async def _take(self, payload: Payload, *, live: bool) -> None:
        """Hand one message over, however long that takes, and move the mark."""
        number = _id(payload)
        if number > (self._feed.mark or 0):
            message, refusal = self._channels.message(payload), [""]

            async def hand_over() -> None:
                refusal[0] = await self._handled(message, live=live)
                self._feed.mark = number

            await self._until_done(f"message {number} is handled", lambda: self._scope.attend(hand_over))
            await self._until_done("the mark is kept", lambda: self._move(number, refusal[0]))

    async def _handled(self, message: Any, *, live: bool) -> str:
        """Call the plugin; return why it refuses the message for good, "" if it does not."""
        try:
            arguments = (message, live) if self._takes_live else (message,)
            await bounded(_called(self._handler, arguments), HANDLER_SECONDS)
        except BadInputError as error:
            self._log.warning("message %s in %s is refused: %s", message.id, self._channel, error)
            return storable(str(error)) or "without a reason"
        return ""

    async def _move(self, number: int, refusal: str) -> None:
        async with self._database.transaction() as transaction:
            if refusal:
                await transaction.execute(
                    "INSERT INTO refused_messages (channel_id, message_id, reason, at) VALUES (?, ?, ?, ?) "
                    "ON CONFLICT (channel_id, message_id) DO UPDATE SET reason = excluded.reason",
                    (self._channel, number, refusal, self._clock.now()),
                )
            await transaction.execute(
                "INSERT INTO reading_marks (plugin, channel_id, message_id) VALUES (?, ?, ?) "
                "ON CONFLICT (plugin, channel_id) DO UPDATE SET message_id = excluded.message_id",
                (self._plugin, self._channel, number),
            )

    async def _until_done(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do *work*, again and again until it succeeds; said when it fails first, and when it has succeeded."""
        tries = 0
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - logged the first time; whatever it is, it is tried again
                pause = PAUSES[min(tries, len(PAUSES) - 1)]
                if not tries:
                    known = isinstance(error, (hikari.HikariError, RoundhookError))
                    bug = None if known else error  # which nobody expects: with its traceback
                    self._log.warning("until %s: %s; tried again, later each time", what, text_of(error), exc_info=bug)
                tries += 1
                await self._clock.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - so that not all try at once
            else:
                if tries:
                    self._log.info("%s, after %d tries more", what, tries)
                return


async def _called(handler: Handler, arguments: tuple[Any, ...]) -> None:
    await handler(*arguments)


def _id(payload: Payload) -> int:
    return int(payload["id"])
