"""What exists: guilds, channels, roles, users, webhooks, and how ids are made."""

import base64
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from devkit.discord import permissions
from devkit.discord.errors import missing_access, missing_permission, unknown
from devkit.discord.shapes import Payload

DISCORD_EPOCH_MS = 1420070400000
BOT_ID = 1100000000000000001
OWNER_ID = 1100000000000000002


class GuildChannels(NamedTuple):
    """The three text channels that every guild here has."""

    control: int
    stats: int
    admin: int


TEXT, DIRECT, OTHERS_WITH_MESSAGES = 0, 1, (2, 5, 10, 11, 12, 13)
"""Kinds of channels by Discord's numbers; the others are voice, announcement, threads and stage."""


VOICE, THREADS = (2, 13), (10, 11, 12)


@dataclass(slots=True)
class Channel:
    """A channel; ``denied`` are the permissions that the bot lacks in it."""

    id: int
    guild_id: int
    name: str
    position: int
    denied: int = 0
    last_message_id: int | None = None
    kind: int = TEXT
    locked: bool = False
    """Of a thread: nobody posts in it any more."""
    recipient: Payload | None = None
    """Of direct messages: the user; their ``guild_id`` is 0."""

    @property
    def takes_messages(self) -> bool:
        """Whether messages can be posted in a channel of this kind."""
        return self.kind in (TEXT, DIRECT, *OTHERS_WITH_MESSAGES) and not self.locked


@dataclass(slots=True)
class Guild:
    """A guild with its channels (in order), the ids of its roles and those of its members with their roles."""

    id: int
    name: str
    channels: GuildChannels
    bot_role: int
    roles: dict[int, str] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)
    nicks: dict[int, str | None] = field(default_factory=dict)
    voice: dict[int, Payload] = field(default_factory=dict)
    """Who is in which voice channel, as the gateway shows it."""


@dataclass(slots=True)
class Webhook:
    """A webhook: who knows ``url`` can post to the channel."""

    id: int
    name: str
    token: str
    channel_id: int
    guild_id: int
    by_bot: bool
    _origin: Callable[[], str] = field(repr=False)

    @property
    def url(self) -> str:
        """Where to POST; known once the server has started."""
        return f"{self._origin()}/api/webhooks/{self.id}/{self.token}"


class World:
    """All objects but messages, commands and interactions."""

    def __init__(self, guilds: Sequence[int], *, now: Callable[[], float], origin: Callable[[], str]) -> None:
        self.now = now
        self.origin = origin
        self._last_id = 0
        self.channels: dict[int, Channel] = {}
        self.users: dict[int, Payload] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.token = _bot_token()
        self.add_user(BOT_ID, "roundhook", bot=True)
        self.add_user(OWNER_ID, "owner")
        self.guilds = {guild_id: self._add_guild(guild_id) for guild_id in guilds}
        self._left: dict[int, Guild] = {}

    @property
    def gateway_url(self) -> str:
        """Where the gateway listens."""
        return f"{self.origin().replace('http', 'ws', 1)}/gateway"

    def snowflake(self) -> int:
        """Return a new id: the time and a counter, always greater than the one before."""
        made = (int(self.now() * 1000) - DISCORD_EPOCH_MS) << 22
        self._last_id = max(self._last_id + 1, made)
        return self._last_id

    def timestamp(self) -> str:
        """Return the time now as Discord writes it."""
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="microseconds")

    def add_user(self, user_id: int, name: str, *, bot: bool = False) -> Payload:
        """Add or rename a user."""
        self.users[user_id] = {
            "id": str(user_id),
            "username": name,
            "global_name": None if bot else name,
            "discriminator": "0",
            "avatar": None,
            "bot": bot,
            "public_flags": 0,
        }
        return self.users[user_id]

    def user(self, user_id: int) -> Payload:
        """Return a user, made up on first use."""
        return self.users.get(user_id) or self.add_user(user_id, f"user{user_id}")

    def join(self, guild: Guild, user_id: int, roles: Sequence[int] = ()) -> set[int]:
        """Make *user_id* a member of *guild* who has *roles* at least; roles are made up on first use."""
        self.user(user_id)
        for role in roles:
            guild.roles.setdefault(role, f"role{role}")
        mine = guild.members.setdefault(user_id, set())
        mine.update(roles)
        return mine

    def reset_token(self) -> None:
        """Replace the bot's token."""
        self.token = _bot_token()

    def add_webhook(self, name: str, channel: Channel, *, by_bot: bool) -> Webhook:
        """Add a webhook to a channel."""
        webhook = Webhook(
            id=self.snowflake(),
            name=name,
            token=secrets.token_urlsafe(50),
            channel_id=channel.id,
            guild_id=channel.guild_id,
            by_bot=by_bot,
            _origin=self.origin,
        )
        self.webhooks[webhook.id] = webhook
        return webhook

    def leave(self, guild_id: int) -> None:
        """Take the bot out of a guild."""
        self._left[guild_id] = self.guilds.pop(guild_id)

    def come_back(self, guild_id: int) -> Guild:
        """Put the bot into a guild that it has left."""
        self.guilds[guild_id] = self._left.pop(guild_id)
        return self.guilds[guild_id]

    def guild(self, guild_id: int) -> Guild:
        """Return a guild; refused with 10004 when there is none."""
        if guild_id not in self.guilds:
            raise unknown("Guild")
        return self.guilds[guild_id]

    def channel(self, channel_id: int) -> Channel:
        """Return a channel; refused with 10003 when there is none."""
        if channel_id not in self.channels:
            raise unknown("Channel")
        return self.channels[channel_id]

    def add_channel(self, guild_id: int, name: str, kind: int = TEXT) -> Channel:
        """Add a channel below the others of its guild."""
        channel = Channel(self.snowflake(), guild_id, name, len(self.channels_of(guild_id)), kind=kind)
        self.channels[channel.id] = channel
        return channel

    def channels_of(self, guild_id: int) -> list[Channel]:
        """Return the channels of a guild in their order."""
        return [channel for channel in self.channels.values() if channel.guild_id == guild_id]

    def webhook(self, webhook_id: int, token: str | None = None) -> Webhook:
        """Return a webhook; refused with 10015 when there is none with that token."""
        webhook = self.webhooks.get(webhook_id)
        if webhook is None or (token is not None and not secrets.compare_digest(token, webhook.token)):
            raise unknown("Webhook")
        return webhook

    def direct_channel(self, user_id: int) -> Channel:
        """Return the channel of direct messages with a user."""
        user = self.user(user_id)
        for channel in self.channels.values():
            if channel.recipient and channel.recipient["id"] == user["id"]:
                return channel
        channel = Channel(self.snowflake(), 0, "", 0, kind=DIRECT, recipient=user)
        self.channels[channel.id] = channel
        return channel

    def bot_permissions(self, channel: Channel) -> int:
        """Return what the bot may do in a channel."""
        return permissions.BOT & ~channel.denied

    def require(self, channel: Channel, *names: str) -> None:
        """Refuse what the bot has no permission for: 50001 without sight of the channel, else 50013."""
        mine = self.bot_permissions(channel)
        if not mine & permissions.BITS["VIEW_CHANNEL"]:
            raise missing_access()
        if permissions.bits(*names) & ~mine:
            raise missing_permission()

    def _add_guild(self, guild_id: int) -> Guild:
        made = [self.add_channel(guild_id, name).id for name in GuildChannels._fields]
        guild = Guild(guild_id, f"Guild {guild_id}", GuildChannels(*made), bot_role=self.snowflake())
        guild.roles = {guild_id: "@everyone", guild.bot_role: "roundhook"}
        self.join(guild, BOT_ID, [guild.bot_role])
        self.join(guild, OWNER_ID)
        return guild


def _bot_token() -> str:
    name = base64.urlsafe_b64encode(str(BOT_ID).encode()).decode().rstrip("=")
    return f"{name}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(28)}"
