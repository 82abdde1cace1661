"""Tests: the gateway protocol with a plain client, and how a hikari bot lives through its troubles."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import hikari
import pytest

from devkit.discord import DiscordServer
from tests.devkit.discord.support import INTENTS, Bot, GatewayClient


@pytest.fixture
async def gateway(server: DiscordServer) -> AsyncIterator[GatewayClient]:
    """Opens plain connections to the server."""
    async with GatewayClient(server) as client:
        yield client


@pytest.mark.parametrize("compress", ["", "zlib-stream"])
async def test_identify_gets_ready_and_guilds(server: DiscordServer, gateway: GatewayClient, compress: str) -> None:
    """READY names the guilds as unavailable; then each comes whole; sequence numbers count up."""
    line = await gateway.connect(compress)

    ready = await gateway.identify(line)
    guilds = [await line.receive() for _ in range(2)]

    assert (ready["t"], ready["s"], ready["d"]["v"]) == ("READY", 1, 10)
    assert ready["d"]["guilds"] == [{"id": "1", "unavailable": True}, {"id": "2", "unavailable": True}]
    assert ready["d"]["resume_gateway_url"].startswith("ws://127.0.0.1:")
    assert [(guild["t"], guild["s"], guild["d"]["id"]) for guild in guilds] == [
        ("GUILD_CREATE", 2, "1"),
        ("GUILD_CREATE", 3, "2"),
    ]
    assert {channel["name"] for channel in guilds[0]["d"]["channels"]} == {"control", "stats", "admin"}
    await line.socket.close()


async def test_heartbeat_is_acknowledged(gateway: GatewayClient) -> None:
    """Op 1 is answered with op 11, before IDENTIFY too."""
    line = await gateway.connect()

    await line.send(1, None)

    assert (await line.receive())["op"] == 11
    await line.socket.close()


@pytest.mark.parametrize("code", [None, 4000])
async def test_resume_replays_what_was_missed(server: DiscordServer, gateway: GatewayClient, code: int | None) -> None:
    """After a drop, RESUME sends the missed events with their numbers, then RESUMED."""
    line = await gateway.connect("zlib-stream")
    ready = await gateway.identify(line)
    seq = (await line.until("GUILD_CREATE"))["s"]

    dropping = asyncio.create_task(server.drop_gateway(code))
    while "closed" not in await line.receive():
        pass
    await dropping
    await server.post_message("missed 1")
    await server.post_message("missed 2")
    again = await gateway.connect("zlib-stream")
    await gateway.resume(again, ready["d"]["session_id"], seq + 1)
    replayed = [await again.receive() for _ in range(3)]

    assert [(event["t"], event["s"]) for event in replayed] == [
        ("MESSAGE_CREATE", seq + 2),
        ("MESSAGE_CREATE", seq + 3),
        ("RESUMED", seq + 4),
    ]
    assert (server.identifies, server.resumes) == (1, 1)
    await again.socket.close()


@pytest.mark.parametrize("how", ["unknown", "forgotten", "closed with 1000", "sequence ahead"])
async def test_resume_that_is_impossible(server: DiscordServer, gateway: GatewayClient, how: str) -> None:
    """An unknown session, or one that has ended, is op 9 with false; IDENTIFY then works on that line."""
    line = await gateway.connect()
    session = (await gateway.identify(line))["d"]["session_id"]
    if how == "forgotten":
        server.forget_sessions()
    await line.socket.close(code=1000 if how == "closed with 1000" else 3000)
    await server.until(lambda: not server.gateway_connected)

    again = await gateway.connect()
    await gateway.resume(again, "x" if how == "unknown" else session, 99 if how == "sequence ahead" else 1)

    assert await again.receive() == {"op": 9, "d": False}
    assert (await gateway.identify(again))["t"] == "READY"
    await again.socket.close()


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (2, {"token": "wrong", "intents": 1}, 4004),
        (2, {"token": None, "intents": 1 << 40}, 4013),
        (2, {"token": None, "intents": 2}, 4014),
        (2, {"token": None, "intents": 1, "shard": [1, 1]}, 4010),
        (3, {}, 4003),
        (99, {}, 4001),
    ],
)
async def test_close_codes(
    server: DiscordServer, gateway: GatewayClient, op: int, data: dict[str, object], code: int
) -> None:
    """What Discord closes the connection for, this server does too."""
    line = await gateway.connect()

    await line.send(op, {key: server.token if value is None else value for key, value in data.items()})

    assert await line.receive() == {"closed": code}


async def test_broken_payload_and_second_identify(gateway: GatewayClient) -> None:
    """What is not JSON closes with 4002, a second IDENTIFY with 4005."""
    first, second = await gateway.connect(), await gateway.connect()

    await first.socket.send_str("{")
    await gateway.identify(second)
    await gateway.identify(second)

    assert await first.receive() == {"closed": 4002}
    assert await second.until("GUILD_CREATE")
    assert (await second.receive(), await second.receive())[1] == {"closed": 4005}


async def test_silent_client_times_out() -> None:
    """A client that sends no heartbeat is closed with 4009."""
    async with DiscordServer(heartbeat_seconds=0.01) as server, GatewayClient(server) as gateway:
        line = await gateway.connect()

        assert await line.receive() == {"closed": 4009}


async def test_closed_gateway_refuses(server: DiscordServer, gateway: GatewayClient) -> None:
    """While the gateway is down nobody gets in."""
    server.accept_gateway = False

    with pytest.raises(aiohttp.WSServerHandshakeError):
        await gateway.connect()


async def _hears_all(server: DiscordServer, trouble: str) -> tuple[str, list[str | None]]:
    """Start a bot, give it *trouble*, write while it is away; return what it heard."""
    bot = Bot(server)
    heard = bot.events(hikari.GuildMessageCreateEvent)
    await bot.start()
    if trouble == "reconnect":
        await server.request_reconnect()
        await server.until(lambda: not server.gateway_connected)
    elif trouble == "invalid":
        await server.invalidate_session(resumable=True)
        await server.until(lambda: not server.gateway_connected)
    else:
        await server.drop_gateway(None if trouble == "cut" else 4000)
    if trouble == "forgotten":
        server.forget_sessions()
    await server.post_message("while away")
    await server.wait_for_gateway()
    await server.post_message("back")
    contents = [(await heard.next()).content]
    if contents != ["back"]:
        contents.append((await heard.next()).content)
    await bot.close()
    return trouble, contents


async def test_bot_lives_through_trouble() -> None:
    """Hikari resumes after a cut, a close, op 7 and op 9, and has missed nothing; a forgotten session has."""
    troubles = ["cut", "close", "reconnect", "invalid", "forgotten"]
    servers = [DiscordServer() for _ in troubles]
    for server in servers:
        await server.start()

    results = dict(await asyncio.gather(*map(_hears_all, servers, troubles)))
    counts = [(server.identifies, server.resumes) for server in servers]
    for server in servers:
        await server.close()

    assert results == {trouble: ["while away", "back"] for trouble in troubles[:-1]} | {"forgotten": ["back"]}
    assert counts == [(1, 1), (1, 1), (1, 1), (1, 1), (2, 0)]


async def test_members_can_be_asked_for() -> None:
    """Hikari's request for members is answered with a chunk."""
    async with DiscordServer(members_intent=True) as server:
        bot = Bot(server, intents=INTENTS | hikari.Intents.GUILD_MEMBERS)
        chunks = bot.events(hikari.MemberChunkEvent)
        await bot.start()
        await bot.app.request_guild_members(1)

        assert {server.bot_id, server.owner_id} <= set((await chunks.next()).members)
        await bot.close()
