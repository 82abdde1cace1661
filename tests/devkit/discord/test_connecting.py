"""Tests: the bot comes and goes, and is turned away when it should be."""

import asyncio

import hikari
import pytest

from devkit.discord import DiscordServer
from tests.devkit.discord.support import INTENTS, Bot, GatewayClient, Rest
from tests.plugin_maker import until


async def test_bot_connects_and_knows_its_guilds(server: DiscordServer, bot: Bot) -> None:
    """An unchanged hikari bot becomes ready and has guilds, channels and roles in its cache."""
    available = bot.events(hikari.GuildAvailableEvent)

    await bot.start()
    event = await available.next(lambda event: event.guild_id == 1)

    assert set(event.channels) == set(server.guild_channels(1))
    assert bot.app.get_me().id == server.bot_id  # type: ignore[union-attr]
    assert {"@everyone", "roundhook"} == {role.name for role in event.roles.values()}
    assert server.gateway_connected
    assert server.unknown_routes == []


async def test_bot_fetches_what_it_may_want_to_know(server: DiscordServer, bot: Bot) -> None:
    """Application, owner, guild, members, roles and channels come back in a form that hikari reads."""
    await bot.start()

    application = await bot.rest.fetch_application()
    guild = await bot.rest.fetch_guild(2)
    me = await bot.rest.fetch_member(2, server.bot_id)
    channel = await bot.rest.fetch_channel(server.admin_channel)
    roles = await bot.rest.fetch_roles(2)

    assert (application.id, application.owner.id) == (server.application_id, server.owner_id)
    assert application.flags & hikari.ApplicationFlags.MESSAGE_CONTENT_INTENT_LIMITED
    assert guild.id == 2
    assert guild.owner_id == server.owner_id
    assert isinstance(channel, hikari.GuildTextChannel)
    assert set(me.role_ids) <= {role.id for role in roles}
    assert [channel.name for channel in await bot.rest.fetch_guild_channels(2)] == ["control", "stats", "admin"]


async def test_wrong_token_is_unauthorized(server: DiscordServer) -> None:
    """A token that is not the bot's fails at start with 401."""
    bot = Bot(server, token=f"{server.token}x")

    with pytest.raises(hikari.UnauthorizedError):
        await bot.start()
    await bot.close()


async def test_privileged_intent_that_is_not_granted_closes_with_4014() -> None:
    """Asking for message content while it is switched off is refused by the gateway."""
    async with DiscordServer(message_content_intent=False) as server:
        bot = Bot(server)

        with pytest.raises(hikari.GatewayServerClosedConnectionError) as caught:
            await bot.start()
        await bot.close()

    assert caught.value.code == 4014


async def test_bot_starts_without_the_privileged_intent() -> None:
    """Without asking for it, the same bot is let in."""
    async with DiscordServer(message_content_intent=False) as server:
        bot = Bot(server, intents=INTENTS & ~hikari.Intents.MESSAGE_CONTENT)
        await bot.start()

        assert server.gateway_connected
        await bot.close()


async def test_closing_leaves_nothing() -> None:
    """After the server no task is left and nobody listens, even if a client was still connected."""
    before = asyncio.all_tasks()
    server = DiscordServer()
    await server.start()
    port = int(server.rest_url.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with GatewayClient(server) as gateway:
        await gateway.identify(await gateway.connect())
        await gateway.connect()

        await server.close()
        await server.close()
    writer.close()
    await reader.read()

    await until(lambda: asyncio.all_tasks() <= before)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_address_before_the_start_says_what_to_do() -> None:
    """The address is asked for too early: the error tells to start the server."""
    with pytest.raises(RuntimeError, match="Start it first"):
        _ = DiscordServer().rest_url


async def test_unknown_route_is_404_and_noted(server: DiscordServer, rest: Rest) -> None:
    """A route that does not exist here is answered as Discord does and can be asserted on."""
    assert await rest("GET", "/guilds/1/invites") == (404, {"message": "404: Not Found", "code": 0})
    assert server.unknown_routes == ["GET /guilds/1/invites"]
