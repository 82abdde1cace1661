"""The one place that messages leave from: posts them, remembers what was posted, and edits it when it changed."""

import contextlib
import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta

import hikari

from core.clock import Clock
from core.config import Config
from core.db import Database
from core.errors import PeerUnavailableError
from core.events import Event, ImportedRound, RoundAmended, round_of
from core.messages import Message, as_message, nonce_of

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
        self, plugin: str, event: Event, message: str | Message, guilds: Iterable[int], within_seconds: float
    ) -> None:
        """Post *message* about *event* in the guilds' stats channels, or edit what was posted about its round.

        Raises:
            PeerUnavailableError: Discord does not answer, or lacks a permission; tried again with the delivery.
        """
        posted = await self._posted(plugin, _subject(event))
        failures = []
        for guild in guilds:
            try:
                await self._announce_in(guild, plugin, event, as_message(message), posted, within_seconds)
            except hikari.HikariError as error:
                failures.append(f"guild {guild}: {error}")
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

    async def _announce_in(
        self, guild: int, plugin: str, event: Event, message: Message, posted: dict[int, dict[str, int]], within: float
    ) -> None:
        channel, earlier, revision = self._config.guilds[guild].stats_channel, posted.get(guild), _revision(event)
        if earlier is not None:
            if revision > earlier["revision"]:
                await self._edit(earlier, message)
                await self._store(plugin, event, guild, earlier["channel_id"], earlier["message_id"])
        elif channel and not isinstance(event, RoundAmended) and self._is_news(event, within):
            sent = await self.post(channel, message, plugin, _subject(event), guild)
            await self._store(plugin, event, guild, int(sent.channel_id), int(sent.id))

    async def _edit(self, earlier: dict[str, int], message: Message) -> None:
        part = message.parts()[-1]
        options = part.options()
        if part.files:
            options["attachments"] = options["attachments"] or []
        try:
            await self._rest.edit_message(earlier["channel_id"], earlier["message_id"], **options)
        except hikari.NotFoundError:
            log.info("the message %s has been deleted; it is not posted again", earlier["message_id"])

    async def _posted(self, plugin: str, subject: str) -> dict[int, dict[str, int]]:
        rows = await self._database.fetch(
            "SELECT guild_id, channel_id, message_id, revision FROM announcements WHERE plugin = ? AND subject = ?",
            (plugin, subject),
        )
        return {row["guild_id"]: row for row in rows}

    async def _store(self, plugin: str, event: Event, guild: int, channel: int, message: int) -> None:
        about = round_of(event)
        await self._database.execute(
            _STORE, (plugin, _subject(event), about and about.round_id, guild, channel, message, _revision(event))
        )

    def _is_news(self, event: Event, within_seconds: float) -> bool:
        if not isinstance(event, ImportedRound):
            return True
        age = self._clock.now() - event.played_at if event.played_at else timedelta()
        return event.trigger != "import" and age <= timedelta(seconds=within_seconds)


def _subject(event: Event) -> str:
    about = round_of(event)
    return f"round:{about.round_id}" if about is not None else event.key


def _revision(event: Event) -> int:
    return event.revision if isinstance(event, RoundAmended) else 1
