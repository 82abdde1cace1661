"""Tests: webhooks over HTTP as a game server uses them, and what can happen to them."""

import asyncio

import aiohttp
import hikari
import pytest

from devkit.discord import DiscordServer, RefusedError
from tests.devkit.discord.support import Bot, Rest


async def test_post_with_and_without_waiting(server: DiscordServer, rest: Rest) -> None:
    """A post is 204; with wait=true it is the message."""
    webhook = server.add_webhook("local")

    silent, nothing, _ = await rest.raw("POST", webhook.url, json={"content": "1"})
    loud, text, _ = await rest.raw("POST", f"{webhook.url}?wait=true", json={"content": "2", "username": "ET"})

    assert (silent, nothing, loud) == (204, "", 200)
    assert '"username": "ET"' in text
    assert server.webhooks["local"] is webhook
    assert [request.json for request in server.requests] == [{"content": "1"}, {"content": "2", "username": "ET"}]


async def test_form_with_a_file(server: DiscordServer, rest: Rest) -> None:
    """A multipart form, as curl -F sends it, carries text and files."""
    webhook = server.add_webhook("local")
    form = aiohttp.FormData()
    form.add_field("content", "STATS_READY")
    form.add_field("file", b"{}", filename="notice.json")

    status, _, _ = await rest.raw("POST", webhook.url, data=form)
    _, (message,) = await rest("GET", f"/channels/{server.control_channel}/messages")

    assert status == 204
    assert message["content"] == "STATS_READY"
    assert await rest.download(message["attachments"][0]["url"]) == b"{}"


async def test_refusal_carries_discords_body(server: DiscordServer) -> None:
    """post_webhook raises what Discord would answer."""
    server.add_webhook("local")

    with pytest.raises(RefusedError, match=r"embeds\.0\.fields\.0\.value: Must be 1024 or fewer") as caught:
        await server.post_webhook("local", embeds=[{"fields": [{"name": "n", "value": "v" * 1025}]}])

    assert (caught.value.status, caught.value.code) == (400, 50035)
    assert caught.value.body["errors"]["embeds"]["0"]["fields"]["0"]["value"]["_errors"]


@pytest.mark.parametrize("username", ["Discord bot", "clyde", "", "x" * 81])
async def test_sender_name_rules(server: DiscordServer, username: str) -> None:
    """A name has 1 to 80 characters and none of two words."""
    server.add_webhook("local")

    with pytest.raises(RefusedError, match="username"):
        await server.post_webhook("local", content="x", username=username)


async def test_wrong_token_is_an_unknown_webhook(server: DiscordServer, rest: Rest) -> None:
    """Without its secret a webhook does not exist."""
    webhook = server.add_webhook("local")

    status, body = await rest("POST", f"/webhooks/{webhook.id}/wrong", {"content": "x"})

    assert (status, body["code"]) == (404, 10015)


@pytest.mark.parametrize("mode", [400, 429, 500])
async def test_endpoint_that_refuses(server: DiscordServer, rest: Rest, mode: int) -> None:
    """The endpoint answers what the test wants; nothing is posted."""
    webhook = server.add_webhook("local")
    server.webhook_mode = mode

    status, text, headers = await rest.raw("POST", webhook.url, json={"content": "x"})
    _, found = await rest("GET", f"/channels/{server.control_channel}/messages")

    assert status == mode
    assert found == []
    assert ("Retry-After" in headers) == ('"retry_after": 0.2' in text) == (mode == 429)


async def test_endpoint_that_is_down(server: DiscordServer, rest: Rest) -> None:
    """A dropped connection is what the sender sees; then it works again."""
    webhook = server.add_webhook("local")
    server.webhook_mode = "down"

    with pytest.raises(aiohttp.ClientConnectionError):
        await rest.raw("POST", webhook.url, json={"content": "x"})
    with pytest.raises(ConnectionError):
        await server.post_webhook("local", content="x")
    server.webhook_mode = "ok"

    assert (await server.post_webhook("local", content="x")).content == "x"


async def test_slow_endpoint_is_released(server: DiscordServer, rest: Rest) -> None:
    """A slow endpoint holds posts until they are released."""
    webhook = server.add_webhook("local")
    server.webhook_mode = "slow"

    posting = asyncio.create_task(rest.raw("POST", webhook.url, json={"content": "x"}))
    await server.until(lambda: bool(server.requests))
    assert not posting.done()
    server.release_webhooks()

    assert (await posting)[0] == 204


async def test_mistyped_mode_says_what_there_is(server: DiscordServer) -> None:
    """A mode that does not exist is an error with the ones that do."""
    server.add_webhook("local")
    with pytest.raises(ValueError, match="Use 'ok', 'down', 'slow'"):
        server.webhook_mode = "broken"


async def test_bot_makes_and_uses_a_webhook(server: DiscordServer, bot: Bot) -> None:
    """Hikari creates, lists, renames, executes and deletes a webhook, and edits its message."""
    await bot.start()

    made = await bot.rest.create_webhook(server.control_channel, "rounds")
    message = await bot.rest.execute_webhook(made.id, made.token or "", "1", embed=hikari.Embed(title="t"))
    edited = await bot.rest.edit_webhook_message(made.id, made.token or "", message, "2")
    renamed = await bot.rest.edit_webhook(made.id, name="other")
    listed = await bot.rest.fetch_channel_webhooks(server.control_channel)
    guilds = await bot.rest.fetch_guild_webhooks(1)
    await bot.rest.delete_webhook_message(made.id, made.token or "", message)
    await bot.rest.delete_webhook(made.id)

    assert (edited.content, edited.id) == ("2", message.id)
    assert renamed.name == "other"
    assert [webhook.id for webhook in listed] == [webhook.id for webhook in guilds] == [made.id]
    with pytest.raises(hikari.NotFoundError):
        await bot.rest.fetch_webhook(made.id)
