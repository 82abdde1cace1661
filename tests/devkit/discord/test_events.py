"""Tests: what the bot hears of messages, through a real gateway and hikari's own parsing."""

import hikari
import pytest

from devkit.discord import DiscordServer
from tests.devkit.discord.support import INTENTS, Bot, GatewayClient

EMBED = {
    "title": "Round Complete",
    "color": 3447003,
    "fields": [{"name": "Map", "value": "supply", "inline": True}, {"name": "Caller", "value": ""}],
    "footer": {"text": "v1"},
    "timestamp": "2026-11-22T10:00:00Z",
}


async def test_webhook_message_arrives_as_one(server: DiscordServer, bot: Bot) -> None:
    """A webhook message is a bot's, not a human's, has no member, and its files can be downloaded."""
    webhook = server.add_webhook("local")
    heard = bot.events(hikari.GuildMessageCreateEvent)
    await bot.start()

    sent = await server.post_webhook("local", content="STATS_READY", embeds=[EMBED], files={"notice.json": b"{}"})
    event = await heard.next()

    assert (event.is_webhook, event.is_bot, event.is_human, event.member) == (True, True, False, None)
    assert event.message.webhook_id == webhook.id
    assert event.channel_id == server.control_channel
    assert event.content == sent.content == "STATS_READY"
    assert event.message.embeds[0].fields[0].value == "supply"
    assert await event.message.attachments[0].read() == b"{}"
    assert sent.files == {"notice.json": b"{}"}
    assert sent.text.splitlines() == ["STATS_READY", "Round Complete", "Map", "supply", "Caller", "v1"]


async def test_human_message_arrives_with_its_member(server: DiscordServer, bot: Bot) -> None:
    """What a user writes arrives with the member who wrote it."""
    server.add_user(7, "olz")
    heard = bot.events(hikari.GuildMessageCreateEvent)
    await bot.start()

    await server.post_message("gg <@7>", user=7)
    event = await heard.next()

    assert event.is_human
    assert event.author.username == "olz"
    assert event.member is not None
    assert list(event.message.user_mentions_ids or ()) == [7]
    assert event.channel_id == server.stats_channel


async def test_without_message_content_it_is_empty(server: DiscordServer) -> None:
    """Without the intent a webhook message still arrives, but with nothing in it; the bot's own stay whole."""
    server.add_webhook("local")
    bot = Bot(server, intents=INTENTS & ~hikari.Intents.MESSAGE_CONTENT)
    heard = bot.events(hikari.GuildMessageCreateEvent)
    await bot.start()

    await server.post_webhook("local", content="STATS_READY", embeds=[EMBED])
    await bot.rest.create_message(server.stats_channel, "mine")
    foreign, own = await heard.next(), await heard.next()
    await bot.close()

    assert (foreign.content, list(foreign.message.embeds)) == (None, [])
    assert own.content == "mine"


async def test_own_message_is_heard_edited_and_deleted(server: DiscordServer, bot: Bot) -> None:
    """Creation, edit and deletion of a message are three events; the list shows what stands now."""
    created = bot.events(hikari.GuildMessageCreateEvent)
    edited = bot.events(hikari.GuildMessageUpdateEvent)
    deleted = bot.events(hikari.GuildMessageDeleteEvent)
    await bot.start()

    message = await bot.rest.create_message(server.stats_channel, "1")
    assert (await created.next()).is_bot
    await message.edit("2", embed=hikari.Embed(title="t"))
    assert (await edited.next()).content == "2"
    assert [known.text for known in server.messages(server.stats_channel)] == ["2\nt"]
    await message.delete()

    assert (await deleted.next()).message_id == message.id
    assert server.messages(server.stats_channel) == []


async def test_events_need_their_intent(server: DiscordServer) -> None:
    """Without GUILD_MESSAGES no message event arrives; a change of a channel does, with GUILDS."""
    async with GatewayClient(server) as gateway:
        line = await gateway.connect()
        await gateway.identify(line, int(hikari.Intents.GUILDS))
        await server.post_message("unheard")
        server.deny(server.stats_channel, "SEND_MESSAGES")

        names = [(await line.receive())["t"] for _ in range(3)]

    assert names == ["GUILD_CREATE", "GUILD_CREATE", "CHANNEL_UPDATE"]


async def test_hidden_channel_is_silent(server: DiscordServer, bot: Bot) -> None:
    """Without VIEW_CHANNEL the bot hears nothing from a channel and may not read it."""
    heard = bot.events(hikari.GuildMessageCreateEvent)
    await bot.start()

    server.deny(server.stats_channel, "VIEW_CHANNEL")
    await server.post_message("unheard")
    with pytest.raises(hikari.ForbiddenError):
        await bot.rest.fetch_channel(server.stats_channel)
    server.allow(server.stats_channel, "VIEW_CHANNEL")
    await server.post_message("heard")

    assert (await heard.next()).content == "heard"


async def test_reaction_is_added_and_heard(server: DiscordServer) -> None:
    """A reaction of the bot comes back as an event and stands at the message."""
    bot = Bot(server, intents=INTENTS | hikari.Intents.GUILD_MESSAGE_REACTIONS)
    heard = bot.events(hikari.GuildReactionAddEvent)
    await bot.start()

    message = await bot.rest.create_message(server.stats_channel, "gg")
    await message.add_reaction("👍")
    event = await heard.next()
    fetched = await bot.rest.fetch_message(server.stats_channel, message.id)
    await message.remove_reaction("👍")
    await bot.close()

    assert event.emoji_name == "👍"
    assert [(reaction.emoji, reaction.count) for reaction in fetched.reactions] == [("👍", 1)]
    assert server.messages(server.stats_channel)[0].reactions == []


async def test_waiting_for_a_message_sees_edits(server: DiscordServer, bot: Bot) -> None:
    """wait_for_message returns when an edit makes a message fit, and says what is there when none does."""
    await bot.start()
    message = await bot.rest.create_message(server.stats_channel, "working")

    with pytest.raises(TimeoutError, match="'working'"):
        await server.wait_for_message(server.stats_channel, lambda known: known.text == "done", timeout=0.01)
    await message.edit("done")
    found = await server.wait_for_message(server.stats_channel, lambda known: known.text == "done")

    assert found.id == str(message.id)
    assert found.edited_timestamp
