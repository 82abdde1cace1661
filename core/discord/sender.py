"""All channels' senders: woken when something is wanted, started with what was left, ended without cutting a call off.

They stand outside every handler's limit: a rate limit or a slow Discord is nobody's slowness. A call to Discord is
never cancelled, for that would end hikari's bucket of the channel.
"""

import asyncio
import contextlib
import contextvars
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, TypeVar

import hikari

from core.db import Transaction
from core.db.database import marks
from core.discord.announcements import change_of
from core.discord.channel_sender import ChannelSender, Desk

T = TypeVar("T")

CLOSE_SECONDS = 10.0
"""How long a stop waits for messages that are under way."""
NEAR_SECONDS = 10.0
"""For so long a connection to Discord is surely kept that nobody uses (aiohttp: 15 s)."""

_RETRY = "UPDATE announcements SET next_at = NULL WHERE wanted > revision AND next_at IS NOT NULL"
_UNSAID = "wanted > revision AND revision = 0 AND message_id IS NULL AND content IS NOT NULL"
"""Found, as all that waits, by an index of what does."""
_PLACES = f"""
    SELECT guild_id, channel_id FROM announcements WHERE {_UNSAID} GROUP BY guild_id, channel_id ORDER BY min(id)"""
_BOTH = """
    SELECT there.*, one.id AS unsaid, one.content AS new_content, one.files AS new_files
    FROM announcements one JOIN announcements there
    ON there.plugin = one.plugin AND there.subject = one.subject AND there.part = one.part AND there.channel_id = ?
    WHERE one.guild_id = ? AND one.channel_id = ? AND one.wanted > one.revision AND one.revision = 0
    AND one.message_id IS NULL AND one.content IS NOT NULL ORDER BY one.id"""
"""What waits in a channel, with the row that is about the same in another one."""
_MOVE = f"UPDATE announcements SET channel_id = ? WHERE guild_id = ? AND channel_id = ? AND {_UNSAID}"
_DROP = "DELETE FROM announcements WHERE wanted > revision AND guild_id NOT IN (0, {guilds}) AND revision = 0"


class Sender:
    """Makes what stands in channels equal to ``announcements``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.call, desk.note_change = self._call, self._note_change
        self._channels: dict[int, ChannelSender] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._calls: set[asyncio.Task[Any]] = set()
        self._context = contextvars.copy_context()
        self._changed = asyncio.Event()
        self._open = False
        self._near_until = 0.0

    async def start(self, stats_channels: Mapping[int, int]) -> None:
        """Go on with what an earlier process has left; what waits for a guild goes where its channel is now.

        *stats_channels* are those of all guilds that are configured: what waits for any other is said no more.
        """
        async with self._desk.database.transaction() as transaction:
            await transaction.execute(_RETRY)
            await transaction.execute(_DROP.format(guilds=marks(len(stats_channels)) or "NULL"), [*stats_channels])
            for row in await transaction.fetch(_PLACES):
                channel = stats_channels.get(row["guild_id"])
                if channel and channel != row["channel_id"]:
                    await self._move(transaction, row["guild_id"], row["channel_id"], channel)
        (row,) = await self._desk.database.fetch("SELECT max(id) AS last FROM announcements")
        self._desk.last_id, self._open = row["last"] or 0, True
        waiting = "SELECT DISTINCT channel_id FROM announcements WHERE wanted > revision"
        self.wake([row["channel_id"] for row in await self._desk.database.fetch(waiting)])

    async def _move(self, transaction: Transaction, guild: int, old: int, channel: int) -> None:
        """Have what waits in *old* wait in *channel*; it takes the place of what stands there about the same."""
        for row in await transaction.fetch(_BOTH, (channel, guild, old)):
            await transaction.execute("DELETE FROM announcements WHERE id = ?", (row["unsaid"],))
            changes = change_of(row, row["new_content"], row["new_files"], None, self._desk.clock.now())
            for sql, args in changes:
                await transaction.execute(sql, args)
        await transaction.execute(_MOVE, (channel, guild, old))

    def wake(self, channels: Iterable[int]) -> None:
        """Look at *channels*: something is wanted there. (What is wanted before the start waits for it.)"""
        for channel in channels if self._open else ():
            one = self._channels.setdefault(channel, ChannelSender(self._desk, channel))
            one.wake()
            if channel not in self._tasks or self._tasks[channel].done():
                self._tasks[channel] = self._spawn(one.run())

    def come_near(self) -> None:
        """Connect to Discord now, beside whatever makes a message, rather than once it is made."""
        now = asyncio.get_running_loop().time()
        if self._open and now >= self._near_until:
            self._near_until = now + NEAR_SECONDS
            near = self._spawn(self._connect())
            self._calls.add(near)
            near.add_done_callback(self._calls.discard)

    async def retry(self, channels: Iterable[int] | None = None) -> None:
        """Try again what was refused in *channels* (everywhere without them): something has changed there."""
        held = [one for one in self.refused() if channels is None or one in set(channels)]
        for channel in held:
            await self._desk.database.execute(f"{_RETRY} AND channel_id = ?", (channel,))
        self.wake(held)

    def refused(self) -> list[int]:
        """Return the channels that take nothing at present."""
        return [channel for channel, one in self._channels.items() if one.refused]

    async def settled(self) -> None:
        """Return when all that is wanted is posted, edited, deleted or refused; what waits for a retry is not."""
        while self.left():
            self._changed.clear()
            await self._changed.wait()

    def left(self) -> list[str]:
        """Return what is still to be done, by channel."""
        return [f"messages in channel {channel}" for channel, one in self._channels.items() if not one.at_rest]

    async def close(self) -> None:
        """Take nothing new, and wait for what is under way; what is left waits for the next start."""
        self._open = False
        tasks = [one for one in self._tasks.values() if not one.done()]
        for channel in self._channels.values():
            channel.stop()
        late = (await asyncio.wait(tasks, timeout=CLOSE_SECONDS))[1] if tasks else ()
        for task in (*late, *self._calls):  # the process ends, and hikari's buckets with it
            task.cancel()
        self._channels.clear()

    def _note_change(self) -> None:
        self._changed.set()

    async def _connect(self) -> None:
        """Ask for the least that there is; who posts on that connection says what is wrong."""
        with contextlib.suppress(hikari.HikariError, OSError, TimeoutError):
            await self._desk.rest.fetch_gateway_url()

    async def _call(self, work: Coroutine[Any, Any, T]) -> T:
        """Call Discord; that goes on to its end whatever becomes of the caller."""
        task = self._spawn(work)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        return await asyncio.shield(task)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Start a task that belongs to no handler and no transaction."""
        return asyncio.get_running_loop().create_task(work, context=self._context.copy())
