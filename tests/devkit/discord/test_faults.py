"""Tests: rate limits, failures on order, and interactions whose time is over."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from devkit.discord import DiscordServer
from tests.devkit.discord.support import Bot, GatewayClient, Rest


async def test_sixth_message_is_limited(server: DiscordServer, rest: Rest) -> None:
    """Five messages in five seconds; the sixth is 429 with what a client needs to know; other channels go on."""
    for number in range(5):
        assert (await rest.post(server.stats_channel, content=str(number)))[0] == 200

    status, body = await rest.post(server.stats_channel, content="6")
    other, _ = await rest.post(server.admin_channel, content="1")

    assert (status, other) == (429, 200)
    assert 0 < body["retry_after"] <= 5
    assert body["global"] is False


async def test_limit_is_told_in_headers(server: DiscordServer, rest: Rest) -> None:
    """Every answer says how many requests are left and when the window ends."""
    webhook = server.add_webhook("local")

    _, _, headers = await rest.raw("POST", webhook.url, json={"content": "x"})

    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("5", "4")
    assert 1.9 < float(headers["X-RateLimit-Reset-After"]) <= 2
    assert headers["X-RateLimit-Bucket"]


async def test_hikari_waits_by_itself(server: DiscordServer, bot: Bot) -> None:
    """An obedient client never sees a 429: it is slowed down by the headers."""
    await bot.start()
    messages = [await server.post_message(str(number)) for number in range(6)]

    for message in messages:
        await bot.rest.delete_message(server.stats_channel, int(message.id))

    deletions = [request.status for request in server.requests if request.method == "DELETE"]
    assert deletions == [204] * 6


async def test_limits_can_be_switched_off(server: DiscordServer, rest: Rest) -> None:
    """Without enforcement a client may post as fast as it can."""
    server.enforce_rate_limits = False

    statuses = {(await rest.post(server.stats_channel, content=str(number)))[0] for number in range(20)}

    assert statuses == {200}


async def test_limited_on_order(server: DiscordServer, bot: Bot) -> None:
    """A 429 on order is waited for by hikari; then the request goes through."""
    await bot.start()
    server.rate_limit_next("POST", "/channels/*/messages", retry_after=0.02)

    await bot.rest.create_message(server.stats_channel, "x")

    assert [request.status for request in server.requests if request.method == "POST"] == [429, 200]


async def test_failures_on_order(server: DiscordServer, rest: Rest) -> None:
    """As many matching requests fail as were ordered, in order; others are left alone."""
    server.fail_next("GET", "/users/*", 503, count=2)
    server.fail_next("*", "/users/@me", 404)

    statuses = [
        (await rest("GET", path))[0] for path in ("/users/@me", "/guilds/1", "/users/@me", "/users/@me", "/users/@me")
    ]

    assert statuses == [503, 200, 503, 404, 200]


async def test_away_and_back(server: DiscordServer, rest: Rest) -> None:
    """While the server is down nothing gets through and the gateway is gone; sessions survive."""
    async with GatewayClient(server) as gateway:
        line = await gateway.connect()
        session = (await gateway.identify(line))["d"]["session_id"]
        await server.go_down()
        with pytest.raises(aiohttp.ClientConnectionError):
            await rest("GET", "/users/@me")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await gateway.connect()
        server.come_back()
        again = await gateway.connect()
        await gateway.resume(again, session, 3)

        assert (await again.receive())["t"] == "RESUMED"
        assert (await rest("GET", "/users/@me"))[0] == 200


async def test_dropped_on_order(server: DiscordServer, rest: Rest) -> None:
    """A connection dropped before the work leaves nothing done."""
    server.fail_next("POST", "/channels/*/messages", None)

    with pytest.raises(aiohttp.ClientConnectionError):
        await rest.post(server.stats_channel, content="x")

    assert server.messages(server.stats_channel) == []
    assert [request.status for request in server.requests] == [None]


async def test_wrong_token_on_a_single_request(server: DiscordServer, rest: Rest) -> None:
    """Each request is checked for the bot's token."""
    assert await rest("GET", "/users/@me", token="no") == (401, {"message": "401: Unauthorized", "code": 0})


@pytest.mark.parametrize(
    ("answers", "codes"),
    [
        ([{"type": 5}, {"type": 4, "data": {"content": "x"}}], [None, 40060]),
        ([{"type": 4, "data": {"content": "x" * 2001}}, {"type": 4, "data": {"content": "x"}}], [50035, None]),
        ([{"type": 4, "data": {}}], [50006]),
        ([{"type": 6}], [50035]),
        ([{"type": 8, "data": {"choices": []}}], [50035]),
        ([{"type": 9, "data": {"title": "t" * 46, "custom_id": "c", "components": []}}], [50035]),
    ],
)
async def test_answers_to_an_interaction(
    rest: Rest, asked: dict[str, str], answers: list[dict[str, object]], codes: list[int | None]
) -> None:
    """One first answer of a fitting type and content; a refused one leaves the interaction open."""
    url = f"/interactions/{asked['id']}/{asked['token']}/callback"

    found = [await rest("POST", url, body) for body in answers]

    assert [body["code"] if body else None for _, body in found] == codes


async def test_followups_live_for_fifteen_minutes() -> None:
    """Before the first answer a followup is 10015; after 15 minutes the token is 50027."""
    now = 1_800_000_000.0
    async with DiscordServer(now=lambda: now) as server, Rest(server) as rest, asking(server, rest) as asked:
        url = f"/webhooks/{server.application_id}/{asked['token']}"

        early = await rest("POST", url, {"content": "x"})
        await rest("POST", f"/interactions/{asked['id']}/{asked['token']}/callback", {"type": 5})
        now += 14 * 60
        filled = await rest("POST", url, {"content": "y"})
        original = await rest("GET", f"{url}/messages/@original")
        deleted = await rest("DELETE", f"{url}/messages/@original")
        now += 61
        late = await rest("POST", url, {"content": "z"})

    assert (early[0], early[1]["code"]) == (404, 10015)
    assert filled[1]["id"] == original[1]["id"]
    assert (original[1]["content"], deleted[0]) == ("y", 204)
    assert (late[0], late[1]["code"]) == (401, 50027)


async def test_lost_answer_to_an_interaction(server: DiscordServer, rest: Rest, asked: dict[str, str]) -> None:
    """The work is done although the answer is lost: the second try is 40060."""
    url = f"/interactions/{asked['id']}/{asked['token']}/callback"
    server.fail_next("POST", "/interactions/*", after_work=True)

    with pytest.raises(aiohttp.ClientConnectionError):
        await rest("POST", url, {"type": 4, "data": {"content": "x"}})
    again = await rest("POST", url, {"type": 4, "data": {"content": "x"}})

    assert again[1]["code"] == 40060
    assert [message.content for message in server.messages(server.stats_channel)] == ["x"]


@pytest.fixture
async def asked(server: DiscordServer, rest: Rest) -> AsyncIterator[dict[str, str]]:
    """An interaction that waits for its answer."""
    async with asking(server, rest) as interaction:
        yield interaction


@contextlib.asynccontextmanager
async def asking(server: DiscordServer, rest: Rest) -> AsyncIterator[dict[str, str]]:
    """Let a user call a command on a plain gateway connection; gives the interaction as it arrives there."""
    definition = {"name": "stats", "description": "d"}
    await rest("POST", f"/applications/{server.application_id}/commands", definition)
    async with GatewayClient(server) as gateway:
        line = await gateway.connect()
        await gateway.identify(line)
        call = asyncio.create_task(server.invoke("stats"))
        yield (await line.until("INTERACTION_CREATE"))["d"]
        call.cancel()
        await asyncio.wait([call])
