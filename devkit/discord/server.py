"""DiscordServer: the loopback Discord as tests, the demo and plugin authors hold it."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from aiohttp import web

from devkit.discord import intents, permissions, render
from devkit.discord.api_channels import ChannelsApi
from devkit.discord.api_commands import CommandsApi
from devkit.discord.api_info import InfoApi
from devkit.discord.api_webhooks import WebhookDoor, WebhooksApi
from devkit.discord.controls import Controls
from devkit.discord.crowd import Crowd
from devkit.discord.faults import Faults
from devkit.discord.http_api import API, HttpApi
from devkit.discord.message import Message
from devkit.discord.parts import Settings, assemble
from devkit.discord.people import People
from devkit.discord.portal import Portal
from devkit.discord.ratelimits import RateLimits
from devkit.discord.routes import RouteTable
from devkit.discord.shapes import Call, Json, Payload, Request, Upload
from devkit.discord.users import Users
from devkit.discord.websocket import Connection
from devkit.discord.world import BOT_ID, OWNER_ID, Channel, GuildChannels, Webhook

Predicate = Callable[[Message], bool]


class DiscordServer(Users, Crowd, Portal, Controls):
    """A Discord on 127.0.0.1: a REST API and a gateway for one bot, and hands to act as its users.

    Use it as ``async with DiscordServer() as server``; when that ends, no task and no socket is left.

    Args:
        guilds: ids of the guilds that the bot is in; each has three text channels.
        message_content_intent: whether the privileged intent is switched on for the application;
            when not, asking for it closes the gateway with 4014.
        members_intent: the same for guild members.
        presence_intent: the same for presences.
        enforce_rate_limits: answer 429 when a customary limit is exceeded. hikari reads the headers
            and waits by itself; with False the headers promise so much that it never waits.
        strict: refuse fields that Discord's documentation does not have, which Discord mostly ignores.
        interaction_seconds: how long the bot has for the first answer to an interaction.
        heartbeat_seconds: the heartbeat interval that the gateway asks for.
        now: the time in Unix seconds, for ids, timestamps and expiry.
    """

    def __init__(
        self,
        *,
        guilds: Sequence[int] = (1,),
        message_content_intent: bool = True,
        members_intent: bool = False,
        presence_intent: bool = False,
        enforce_rate_limits: bool = True,
        strict: bool = True,
        interaction_seconds: float = 3.0,
        heartbeat_seconds: float = 41.25,
        now: Callable[[], float] = time.time,
    ) -> None:
        granted = _granted(message_content_intent, members_intent, presence_intent)
        self._parts = assemble(Settings(guilds, granted, strict, interaction_seconds, now, self._origin))
        self._people = People(self._parts)
        self._door = WebhookDoor()
        self._faults = Faults()
        self._limits = RateLimits(enforced=enforce_rate_limits)
        self._webhooks_api = WebhooksApi(self._parts, self._door)
        self._heartbeat_seconds = heartbeat_seconds
        self._connections: set[Connection] = set()
        self._runner: web.AppRunner | None = None
        self._port = 0
        self.requests: list[Request] = []
        """Every REST request seen, oldest first."""
        self.unknown_routes: list[str] = []
        """Requests for which there is no route here, as ``METHOD /path``."""
        self.accept_gateway = True
        """False: new gateway connections are refused with 503."""
        self.webhooks: dict[str, Webhook] = {}
        """The webhooks of ``add_webhook`` by name."""

    # Life

    async def __aenter__(self) -> "DiscordServer":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._runner = web.AppRunner(self._http_api().application(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Cut all connections and stop listening; a second call does nothing."""
        runner, self._runner = self._runner, None
        if runner is not None:
            self._door.open()
            for connection in list(self._connections):
                await connection.close(None)
            await runner.cleanup()

    # Where and who

    @property
    def rest_url(self) -> str:
        """What the bot's REST client takes as its base."""
        return self._origin() + API

    @property
    def token(self) -> str:
        """The bot's token, without ``Bot``."""
        return self._parts.world.token

    @property
    def bot_id(self) -> int:
        """The bot's user id."""
        return BOT_ID

    @property
    def application_id(self) -> int:
        """The application's id: the same as the bot's, as it is for applications of today."""
        return BOT_ID

    @property
    def owner_id(self) -> int:
        """The user who owns the application and the guilds."""
        return OWNER_ID

    @property
    def control_channel(self) -> int:
        """The first guild's channel for webhooks."""
        return self._first_guild().control

    @property
    def stats_channel(self) -> int:
        """The first guild's channel for results."""
        return self._first_guild().stats

    @property
    def admin_channel(self) -> int:
        """The first guild's channel for trouble."""
        return self._first_guild().admin

    def guild_channels(self, guild_id: int) -> GuildChannels:
        """Return the channels of a guild."""
        return self._parts.world.guilds[guild_id].channels

    def add_user(self, user_id: int, name: str) -> None:
        """Give a user a name; without that user 7 is called user7."""
        self._parts.world.add_user(user_id, name)

    def deny(self, channel: int, permission: str) -> None:
        """Take a permission such as ``SEND_MESSAGES`` from the bot in one channel."""
        self._change_permissions(channel, lambda denied: denied | permissions.bits(permission))

    def allow(self, channel: int, permission: str) -> None:
        """Give back what ``deny`` took."""
        self._change_permissions(channel, lambda denied: denied & ~permissions.bits(permission))

    def change_kind(self, channel: int, kind: int, *, locked: bool = False) -> None:
        """Make a channel one of another kind, by Discord's number: 15 is a forum, 11 a thread, which may be locked."""
        self._parts.world.channel(channel).kind, self._parts.world.channel(channel).locked = kind, locked
        self._parts.gateway.dispatch("CHANNEL_UPDATE", render.channel_json(self._parts.world.channel(channel)))

    def direct_messages(self, user: int) -> list[Message]:
        """Return what the bot has said to a user by direct message, oldest first."""
        return self.messages(self._parts.world.direct_channel(user).id)

    # Messages

    def messages(self, channel: int) -> list[Message]:
        """Return what the bot has said in a channel, as it reads now, oldest first (nothing ephemeral)."""
        return [message.snapshot() for message in self._parts.posts.by_bot(channel)]

    def everything(self) -> list[Message]:
        """Return every message in every channel, whoever has written it, oldest first, ephemeral ones too."""
        return [message.snapshot() for message in self._parts.posts.everything()]

    async def wait_for_message(self, channel: int, predicate: Predicate | None = None, timeout: float = 10) -> Message:
        """Return the newest message of the bot in a channel that fits, at once or when it comes or is edited.

        Raises:
            TimeoutError: none came within *timeout* seconds; it shows what is there.
        """
        fits = predicate or (lambda message: True)
        found = await self._parts.bell.until(
            lambda: next((message for message in reversed(self.messages(channel)) if fits(message)), None),
            timeout,
            lambda: _nothing_fits(self._parts.world.channel(channel), self.messages(channel), timeout),
        )
        return found

    # Webhooks

    def add_webhook(self, name: str, channel: int | None = None, *, by_bot: bool = False) -> Webhook:
        """Add a webhook to a channel (the control channel by default); it is also in ``webhooks`` by its name.

        *by_bot*: as if the bot had made it. Whoever has its address can then post buttons that lead to the bot.
        """
        place = self._parts.world.channel(channel or self.control_channel)
        self.webhooks[name] = self._parts.world.add_webhook(name, place, by_bot=by_bot)
        return self.webhooks[name]

    async def post_webhook(
        self,
        name: str,
        *,
        content: str | None = None,
        embeds: Sequence[Payload] | None = None,
        username: str | None = None,
        files: Mapping[str, bytes] | None = None,
        components: Sequence[Payload] | None = None,
    ) -> Message:
        """Post through the webhook *name*, as its HTTP endpoint would take it (rate limits aside).

        Of *components* Discord keeps nothing, unless the bot has made the webhook.

        Raises:
            RefusedError: with Discord's error body in ``body``.
            ConnectionError: ``webhook_mode`` is "down".
        """
        webhook = self.webhooks[name]
        fields = {"content": content, "embeds": None if embeds is None else list(embeds), "username": username}
        fields["components"] = None if components is None else list(components)
        uploads = {
            number: Upload(filename, data, "application/octet-stream")
            for number, (filename, data) in enumerate((files or {}).items())
        }
        params = {"webhook": str(webhook.id), "token": webhook.token}
        body = {key: value for key, value in fields.items() if value is not None}
        path = f"/webhooks/{webhook.id}/{webhook.token}"
        answer = await self._webhooks_api.execute(Call("POST", path, params, {"wait": "true"}, body, uploads))
        return _message(answer.body)

    def commands(self, guild: int | None = None) -> list[Payload]:
        """Return what is registered in a guild, or globally, as Discord stores it."""
        return self._parts.registry.all(guild)

    # Inside

    def _origin(self) -> str:
        if self._port == 0:
            raise RuntimeError("The server has no address yet. Start it first: async with DiscordServer() as server.")
        return f"http://127.0.0.1:{self._port}"

    def _first_guild(self) -> GuildChannels:
        return next(iter(self._parts.world.guilds.values())).channels

    def _http_api(self) -> HttpApi:
        apis = (InfoApi(self._parts), ChannelsApi(self._parts), self._webhooks_api, CommandsApi(self._parts))
        return HttpApi(
            routes=RouteTable(route for api in apis for route in api.routes()),
            posts=self._parts.posts,
            bell=self._parts.bell,
            token=lambda: self.token,
            limits=self._limits,
            faults=self._faults,
            requests=self.requests,
            unknown_routes=self.unknown_routes,
            connection=self._connect,
            now=self._parts.world.now,
        )

    def _connect(self) -> Connection | None:
        if not self.accept_gateway or self._faults.down:
            return None
        return Connection(
            self._parts.world, self._parts.gateway, self._connections, heartbeat_seconds=self._heartbeat_seconds
        )

    def _change_permissions(self, channel_id: int, change: Callable[[int], int]) -> None:
        channel = self._parts.world.channel(channel_id)
        channel.denied = change(channel.denied)
        self._parts.gateway.dispatch("CHANNEL_UPDATE", render.channel_json(channel))


def _granted(message_content: bool, members: bool, presences: bool) -> int:
    return (
        message_content * intents.MESSAGE_CONTENT
        | members * intents.GUILD_MEMBERS
        | presences * intents.GUILD_PRESENCES
    )


def _message(body: Json) -> Message:
    if not isinstance(body, Message):
        raise TypeError(f"expected a message, not {body!r}")
    return body.snapshot()


def _nothing_fits(channel: Channel, there: Sequence[Message], timeout: float) -> str:
    texts = "".join(f"\n- {message.text!r}" for message in there) or " nothing"
    return f"no message of the bot in #{channel.name} fits after {timeout} s. There is:{texts}"
