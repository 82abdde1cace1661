"""What should stand in channels: one row for each part of a message. The sender makes the channels equal to it."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from core.clock import Clock
from core.config import Config
from core.db import Database, Transaction
from core.db.database import Row
from core.discord.messages import Content, Message, Within, made
from core.discord.stored import SINGLE, marked, text_digest, to_row, token_of
from core.errors import PluginError
from core.kernel.kinds import Envelope

ALARM = "trouble:"
"""How the subject of a message goes on where it is about a trouble: that is posted before all else."""
KEEP = timedelta(days=7)
"""How long the rows of such messages are kept."""

_INSERT = (
    "INSERT INTO announcements (plugin, subject, round_id, guild_id, channel_id, part, content, files, wanted, "
    "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (plugin, subject, channel_id, part) DO UPDATE SET "
    "content = excluded.content, files = excluded.files, wanted = announcements.wanted + 1"
)
_CHANGE = (
    "UPDATE announcements SET content = ?, files = ?, wanted = ?, tried = ?, created_at = ?, next_at = NULL "
    "WHERE id = ?"
)
_SAME = (
    "UPDATE announcements SET revision = CASE WHEN revision = wanted THEN ? ELSE revision END, wanted = ? WHERE id = ?"
)
_MOST_TRIED = 20
Change = tuple[str, tuple[Any, ...]]
"""A statement and its values."""


class Place(Struct, frozen=True):
    """Where a message is to stand, and what it is about."""

    plugin: str
    subject: str
    channel: int
    guild: int = 0
    """The guild whose stats channel it is; 0: the channel was named."""
    round_id: int | None = None


class Announcements:
    """Writes what plugins want said.

    *wake* is called with the channels that have something new, after the commit; *expect* before a message is made.
    """

    def __init__(
        self, config: Config, database: Database, clock: Clock, wake: Callable[[Iterable[int]], None],
        expect: Callable[[], None],
    ) -> None:  # fmt: skip
        self._config, self._database, self._clock, self._wake, self._expect = config, database, clock, wake, expect
        self._guilds = {one.stats_channel: guild for guild, one in reversed(config.guilds.items())}

    async def announce(
        self, plugin: str, event: Envelope, content: Content | None, guilds: Sequence[int], within_seconds: Within
    ) -> None:
        """Want *content* about *event* in the guilds' stats channels; what stands there about the same is edited.

        Left out are guilds in which this version or a later one is wanted already, and those that are not to be told.

        Raises:
            PeerUnavailableError: the database does not answer; nothing is wanted.
        """
        subject = event.about or event.key
        rows = await self._database.fetch(
            "SELECT guild_id, channel_id, wanted, content, message_id FROM announcements "
            "WHERE plugin = ? AND subject = ? AND part = 0",
            (plugin, subject),
        )
        standing = {row["guild_id"]: row for row in rows}
        due = [one for one in guilds if self._is_due(event, one, standing.get(one), within_seconds)]
        if due:
            message = await self._made(content)
            await self._want(
                [self._place(plugin, event, one, standing.get(one)) for one in due], message, event.version
            )

    async def send(self, plugin: str, channels: Sequence[int], content: Content | None, once: str = "") -> None:
        """Want *content* in channels; with the same *once* again it takes the place of what stands there.

        Raises:
            PeerUnavailableError: the database does not answer; nothing is wanted.
        """
        message = await self._made(content)
        subject = once or f"{SINGLE}{uuid.uuid4().hex}"
        await self._want([self._named(plugin, one, subject) for one in dict.fromkeys(channels)], message, None)

    async def say(self, plugin: str, channel: int, text: str, subject: str) -> None:
        """Want a text that nobody edits, once for each *subject*.

        Raises:
            PeerUnavailableError: the database does not answer; nothing is wanted.
        """
        await self.send(plugin, [channel], text, f"{SINGLE}{subject}")

    async def thin(self) -> None:
        """Forget messages of old that nobody edits any more."""
        await self._database.execute(
            f"DELETE FROM announcements WHERE subject LIKE '{SINGLE}%' AND wanted = revision AND created_at < ?",
            (self._clock.now() - KEEP,),
        )

    async def _made(self, content: Content | None) -> Message | None:
        """Return what is to stand; the way to Discord is taken while it is made."""
        if callable(content):
            self._expect()
        return None if content is None else await made(content)

    def _is_due(self, event: Envelope, guild: int, standing: Row | None, within_seconds: Within) -> bool:
        """Tell whether a guild gets news of *event*: a later version of what it has, or something new."""
        if standing is not None and event.version is not None and event.version <= standing["wanted"]:
            return False
        if standing is not None and (standing["content"] or standing["message_id"]) is not None:
            return True
        if not self._config.guilds[guild].stats_channel or event.quiet:
            return False
        seconds = within_seconds(guild) if callable(within_seconds) else within_seconds
        if seconds < 0:  # not at all, also where the event's clock is ahead of ours
            return False
        return event.at is None or self._clock.now() - event.at <= timedelta(seconds=seconds)

    def _place(self, plugin: str, event: Envelope, guild: int, standing: Row | None) -> Place:
        kind, _, number = event.about.partition(":")
        channel = standing["channel_id"] if standing else self._config.guilds[guild].stats_channel
        round_id = int(number) if kind == "round" else None
        return Place(plugin, event.about or event.key, channel, guild, round_id)

    def _named(self, plugin: str, channel: int, subject: str) -> Place:
        """Return the place of a message in a channel; one that is edited later goes with its guild's stats channel."""
        guild = 0 if subject.startswith(SINGLE) else self._guilds.get(channel, 0)
        return Place(plugin, subject, channel, guild)

    async def _want(self, places: Sequence[Place], message: Message | None, version: int | None) -> None:
        if self._database.engine.transaction_exists():
            raise PluginError(f"{places[0].plugin} sends inside a transaction. Send after its block has ended.")
        parts = message.parts() if message else []
        async with self._database.transaction() as transaction:
            standing = await _standing(transaction, places)
            changes = defaultdict[str, list[tuple[Any, ...]]](list)
            for place in places:
                for sql, args in self._changes_at(place, standing[place.channel], parts, version):
                    changes[sql].append(args)
            for sql, rows in changes.items():
                await transaction.execute_many(sql, rows)
        self._wake({place.channel for place in places})

    def _changes_at(
        self, place: Place, rows: Sequence[Row], parts: Sequence[Message], version: int | None
    ) -> Iterator[Change]:
        for number in range(max(len(parts), len(rows))):
            content: str | None = None
            files: bytes | None = None
            if number < len(parts):
                token = token_of(place.plugin, place.subject, place.channel, number)
                content, files = to_row(marked(parts[number], token))
            row = rows[number] if number < len(rows) else None
            yield from self._changes(place, number, row, content, files, version)

    def _changes(
        self, place: Place, number: int, row: Row | None, content: str | None, files: bytes | None, version: int | None
    ) -> list[Change]:
        """Return the statement that makes one row what is wanted now, or none."""
        now = self._clock.now()
        if row is None:
            where = (place.plugin, place.subject, place.round_id, place.guild, place.channel, number)
            return [(_INSERT, (*where, content, files, version or 1, now))]
        return change_of(row, content, files, version, now)


def change_of(row: Row, content: str | None, files: bytes | None, version: int | None, now: datetime) -> list[Change]:
    """Return the statement that makes a row that is there what is wanted now, or none."""
    if row["content"] == content and (content is not None or row["message_id"] is None):
        return [] if version is None else [(_SAME, (version, version, row["id"]))]
    tried = row["tried"].split()
    if row["revision"] == 0 and row["content"]:
        tried = [*tried, text_digest(row["content"])][-_MOST_TRIED:]
    begun = now if row["content"] is None and row["message_id"] is None else row["created_at"]
    return [(_CHANGE, (content, files, version or row["wanted"] + 1, " ".join(tried), begun, row["id"]))]


async def _standing(transaction: Transaction, places: Sequence[Place]) -> defaultdict[int, list[Row]]:
    """Return the rows about what *places* have in common, by channel: however many these are, in one statement."""
    rows = await transaction.fetch(
        "SELECT id, channel_id, part, content, wanted, revision, tried, message_id, created_at FROM announcements "
        "WHERE plugin = ? AND subject = ? ORDER BY part",
        (places[0].plugin, places[0].subject),
    )
    standing = defaultdict[int, list[Row]](list)
    for row in rows:
        standing[row["channel_id"]].append(row)
    return standing
