"""The one place that messages leave from: posts them, remembers what was posted, and edits it when it changed."""

import contextlib
import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta

import hikari

from core.clock import Clock
from core.config import Config
from core.db import Database
from core.db.database import Row
from core.discord.messages import Content, Message, as_message, made, nonce_of
from core.errors import PeerUnavailableError
from core.kernel.contracts import Event

log = logging.getLogger(__name__)

_STORE = (
    "INSERT INTO announcements (plugin, subject, round_id, guild_id, channel_id, message_id, revision) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (plugin, subject, guild_id) DO UPDATE SET "
    "channel_id = excluded.channel_id, message_id = excluded.message_id, revision = excluded.revision"
)


class Announcer:
    """Posts messages in guilds, once for each plugin, subject and guild."""

    def __init__(self, rest: hikari.api.RESTClient, config: Config, database: Database, clock: Clock) -> None:
        self._rest = rest
        self._config = config
        self._database = database
        self._clock = clock

    async def announce(
        self, plugin: str, event: Event, content: Content, guilds: Iterable[int], within_seconds: float
    ) -> None:
        """Post *content* about *event* in the guilds' stats channels, or edit what was posted about its round.

        Raises:
            PeerUnavailableError: Discord does not answer, or lacks a permission; tried again with the delivery.
        """
        posted = await self._posted(plugin, _subject(event))
        edits = [one for guild in guilds if (one := posted.get(guild)) and event.version > one["revision"]]
        posts = [guild for guild in guilds if guild not in posted and self._is_to_post(guild, event, within_seconds)]
        message = await made(content) if edits or posts else None
        if message is None:
            return
        failures = []
        for work in (
            *(self._edit(plugin, event, earlier, message) for earlier in edits),
            *(self._announce(plugin, event, guild, message) for guild in posts),
        ):
            try:
                await work
            except hikari.HikariError as error:
                failures.append(str(error))
        if failures:
            raise PeerUnavailableError(f"Discord did not take the message: {'; '.join(failures)}")

    async def post(self, channel: int, message: str | Message, *about: object) -> hikari.Message:
        """Post in a channel and return the last part; the same *about* within minutes is the same message."""
        sent: hikari.Message | None = None
        for number, part in enumerate(as_message(message).parts()):
            options = part.options()
            sent = await self._rest.create_message(channel, nonce=nonce_of(*about, channel, number), **options)
        if sent is None:
            raise ValueError("a message has at least one part")
        return sent

    async def tell_admins(self, plugin: str, text: str, guilds: Sequence[int] | None) -> None:
        """Post *text* in the admin channels of *guilds* (all by default) and log it; never raises for Discord."""
        log.warning("%s: %s", plugin, text)
        for guild in self._config.guilds if guilds is None else guilds:
            channel = self._config.guilds[guild].admin_channel
            if channel:
                with contextlib.suppress(hikari.HikariError):
                    await self.post(channel, f"**{plugin}**: {text}", "admins", plugin, text, self._clock.now())

    def _is_to_post(self, guild: int, event: Event, within_seconds: float) -> bool:
        """Tell whether a guild wants news of *event*: it has a channel, and the event is neither old nor quiet."""
        if not self._config.guilds[guild].stats_channel or event.quiet:
            return False
        return event.at is None or self._clock.now() - event.at <= timedelta(seconds=within_seconds)

    async def _announce(self, plugin: str, event: Event, guild: int, message: Message) -> None:
        channel = self._config.guilds[guild].stats_channel
        sent = await self.post(channel, message, plugin, _subject(event), guild)
        await self._store(plugin, event, guild, int(sent.channel_id), int(sent.id))

    async def _edit(self, plugin: str, event: Event, earlier: Row, message: Message) -> None:
        part = message.parts()[-1]
        options = part.options()
        if part.files and options["attachments"] is hikari.UNDEFINED:
            options["attachments"] = None  # the old picture goes, the new one comes with its embed
        try:
            await self._rest.edit_message(earlier["channel_id"], earlier["message_id"], **options)
        except hikari.NotFoundError:
            log.info("the message %s has been deleted; it is not posted again", earlier["message_id"])
        await self._store(plugin, event, earlier["guild_id"], earlier["channel_id"], earlier["message_id"])

    async def _posted(self, plugin: str, subject: str) -> dict[int, Row]:
        rows = await self._database.fetch(
            "SELECT guild_id, channel_id, message_id, revision FROM announcements WHERE plugin = ? AND subject = ?",
            (plugin, subject),
        )
        return {row["guild_id"]: row for row in rows}

    async def _store(self, plugin: str, event: Event, guild: int, channel: int, message: int) -> None:
        kind, _, number = event.about.partition(":")
        round_id = int(number) if kind == "round" else None
        await self._database.execute(
            _STORE, (plugin, _subject(event), round_id, guild, channel, message, event.version)
        )


def _subject(event: Event) -> str:
    return event.about or event.key
