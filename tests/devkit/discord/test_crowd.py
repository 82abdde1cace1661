"""Tests: what users do without asking the bot, as an unchanged hikari bot hears it."""

import hikari
import pytest

from devkit.discord import DiscordServer, RefusedError
from tests.devkit.discord.support import INTENTS, Bot, GatewayClient, Rest

TALK = hikari.Intents.GUILD_VOICE_STATES
MEMBERS = hikari.Intents.GUILD_MEMBERS
REACTIONS = hikari.Intents.GUILD_MESSAGE_REACTIONS
TYPING = hikari.Intents.GUILD_MESSAGE_TYPING


async def test_a_user_edits_and_deletes_a_message(server: DiscordServer, bot: Bot) -> None:
    """The bot hears the new text with its author, then that the message is gone; a moderator deletes the bot's own."""
    edited, deleted = bot.events(hikari.GuildMessageUpdateEvent), bot.events(hikari.GuildMessageDeleteEvent)
    await bot.start()

    message = await server.post_message("gg", user=8)
    changed = await server.edit_message(message, "gg wp")
    heard = await edited.next()
    await server.delete_message(message)
    gone = await deleted.next()
    await bot.rest.create_message(server.stats_channel, "mine")
    mine = server.messages(server.stats_channel)[0]
    with pytest.raises(ValueError, match="Only its author edits"):
        await server.edit_message(mine, "yours")
    await server.delete_message(mine)

    assert (heard.content, heard.author_id, heard.old_message and heard.old_message.content) == ("gg wp", 8, "gg")
    assert changed.edited_timestamp
    assert (gone.message_id, gone.guild_id) == (int(message.id), 1)
    assert (await deleted.next()).message_id == int(mine.id)
    with pytest.raises(RefusedError, match="10008"):
        await server.delete_message(mine)


@pytest.mark.parametrize(("emoji", "name", "number"), [("👍", "👍", None), ("<a:gg:55>", "gg", 55), ("a:55", "a", 55)])
async def test_a_user_reacts(server: DiscordServer, emoji: str, name: str, number: int | None) -> None:
    """A reaction stands at the message with its count, and is heard as it comes and as it goes."""
    bot = Bot(server, intents=INTENTS | REACTIONS)
    added, taken = bot.events(hikari.GuildReactionAddEvent), bot.events(hikari.GuildReactionDeleteEvent)
    await bot.start()

    message = await bot.rest.create_message(server.stats_channel, "gg?")
    mine = server.messages(server.stats_channel)[0]
    for user in (7, 8, 8):
        await server.react(mine, emoji, user=user)
    first, second = await added.next(), await added.next()
    await message.add_reaction(name, number) if number else await message.add_reaction(name)
    fetched = await bot.rest.fetch_message(message.channel_id, message.id)
    named = fetched.reactions[0].emoji
    who = [user.id async for user in bot.rest.fetch_reactions_for_emoji(message.channel_id, message.id, named)]
    await server.unreact(mine, emoji, user=7)
    with pytest.raises(ValueError, match="User 7 has not reacted"):
        await server.unreact(mine, emoji, user=7)
    gone = await taken.next()
    await bot.close()

    assert (first.emoji_name, first.emoji_id, first.user_id, first.member.user.username) == (name, number, 7, "user7")
    assert (second.user_id, gone.user_id, gone.guild_id) == (8, 7, 1)
    assert [(one.count, one.is_me) for one in fetched.reactions] == [(3, True)]
    assert who == [7, 8, server.bot_id]


async def test_the_bot_takes_reactions_away(server: DiscordServer) -> None:
    """Another's reaction, all of one emoji, all: each is an event of its own, and needs MANAGE_MESSAGES."""
    bot = Bot(server, intents=INTENTS | REACTIONS)
    taken = bot.events(hikari.GuildReactionDeleteEvent)
    cleared = bot.events(hikari.GuildReactionDeleteEmojiEvent)
    emptied = bot.events(hikari.GuildReactionDeleteAllEvent)
    await bot.start()
    message = await bot.rest.create_message(server.stats_channel, "gg?")
    mine = server.messages(server.stats_channel)[0]
    for user, emoji in ((7, "👍"), (8, "👍"), (7, "👎"), (7, "🎉")):
        await server.react(mine, emoji, user=user)

    await message.remove_reaction("👍", user=8)
    await message.remove_all_reactions("👍")
    left = server.messages(server.stats_channel)[0].reactions
    await message.remove_all_reactions()
    server.deny(server.stats_channel, "MANAGE_MESSAGES")
    with pytest.raises(hikari.ForbiddenError):
        await message.remove_all_reactions()

    assert [one["emoji"]["name"] for one in left] == ["👎", "🎉"]
    assert ((await taken.next()).user_id, (await cleared.next()).emoji_name) == (8, "👍")
    assert (await emptied.next()).message_id == message.id
    assert server.messages(server.stats_channel)[0].reactions == []
    await bot.close()


async def test_no_emoji_is_refused(server: DiscordServer, rest: Rest) -> None:
    """A word is no emoji, for a user and for the bot."""
    message = await server.post_message("gg")

    with pytest.raises(RefusedError, match="10014"):
        await server.react(message, "thumbsup")
    status, body = await rest("PUT", f"/channels/{message.channel_id}/messages/{message.id}/reactions/thumbsup/@me")

    assert (status, body["code"]) == (400, 10014)


async def test_users_talk(server: DiscordServer) -> None:
    """Who talks when the bot comes is in its cache; coming, changing over and going are events with the old state."""
    talk, other = server.add_channel("talk", kind=2), server.add_channel("other", kind=2)
    await server.join_voice(talk, user=7)
    bot = Bot(server, intents=INTENTS | TALK)
    heard = bot.events(hikari.VoiceStateUpdateEvent)
    await bot.start()
    there = bot.app.cache.get_voice_state(1, 7)

    await server.join_voice(other, user=7, muted=True)
    changed = await heard.next()
    await server.member_leaves(7)
    gone = await heard.next()
    channel = await bot.rest.fetch_channel(talk)
    await bot.close()

    assert there is not None
    assert there.channel_id == talk
    assert (changed.state.channel_id, changed.state.is_self_muted) == (other, True)
    assert changed.old_state is not None
    assert changed.old_state.channel_id == talk
    assert changed.state.member is not None
    assert (gone.state.channel_id, gone.state.user_id) == (None, 7)
    assert isinstance(channel, hikari.GuildVoiceChannel)
    with pytest.raises(ValueError, match="is no voice channel"):
        await server.join_voice(server.stats_channel)
    with pytest.raises(ValueError, match="Join one first"):
        await server.leave_voice(user=7)


async def test_members_come_change_and_go(server: DiscordServer) -> None:
    """Joining, another nickname and leaving are events; whoever has done something is a member already."""
    server._parts.gateway.granted |= MEMBERS
    bot = Bot(server, intents=INTENTS | MEMBERS)
    came, changed = bot.events(hikari.MemberCreateEvent), bot.events(hikari.MemberUpdateEvent)
    went = bot.events(hikari.MemberDeleteEvent)
    await bot.start()

    await server.member_joins(9, guild=2)
    await server.member_changes(9, guild=2, nick="olz", roles=[31])
    await server.member_leaves(9, guild=2)
    joined, other, left = await came.next(), await changed.next(), await went.next()
    await server.post_message("gg", user=7)
    with pytest.raises(ValueError, match="User 7 is a member of guild 1 already"):
        await server.member_joins(7)
    with pytest.raises(hikari.NotFoundError):
        await bot.rest.fetch_member(2, 9)
    await bot.close()

    assert (joined.guild_id, joined.user_id, joined.member.nickname) == (2, 9, None)
    assert (other.member.nickname, 31 in other.member.role_ids) == ("olz", True)
    assert (left.guild_id, left.user_id) == (2, 9)


async def test_a_user_types(server: DiscordServer) -> None:
    """The bot hears who types, and where."""
    bot = Bot(server, intents=INTENTS | TYPING)
    heard = bot.events(hikari.GuildTypingEvent)
    await bot.start()

    await server.type_in(server.admin_channel, user=8)
    event = await heard.next()
    await bot.close()

    assert (event.channel_id, event.guild_id, event.user_id) == (server.admin_channel, 1, 8)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (hikari.Intents.GUILDS, ["CHANNEL_CREATE"]),
        (hikari.Intents.GUILDS | MEMBERS, ["CHANNEL_CREATE", "GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE"]),
        (hikari.Intents.GUILDS | TALK, ["CHANNEL_CREATE", "VOICE_STATE_UPDATE", "VOICE_STATE_UPDATE"]),
        (hikari.Intents.GUILDS | TYPING, ["CHANNEL_CREATE", "TYPING_START"]),
        (hikari.Intents.GUILDS | REACTIONS, ["CHANNEL_CREATE", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"]),
        (
            hikari.Intents.GUILDS | hikari.Intents.GUILD_MESSAGES,
            ["CHANNEL_CREATE", "MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"],
        ),
    ],
)
async def test_each_is_heard_with_its_intent_alone(asked: hikari.Intents, names: list[str]) -> None:
    """A session gets what it has asked for and nothing else."""
    async with DiscordServer(members_intent=True) as server, GatewayClient(server) as gateway:
        line = await gateway.connect()
        await gateway.identify(line, int(asked))
        await line.until("GUILD_CREATE")
        talk = server.add_channel("talk", kind=2)
        await server.member_joins(7)
        await server.join_voice(talk, user=7)
        await server.type_in(user=7)
        message = await server.post_message("g", user=7)
        await server.edit_message(message, "gg")
        await server.react(message, "👍", user=7)
        await server.unreact(message, "👍", user=7)
        await server.delete_message(message)
        await server.member_leaves(7)
        server._parts.gateway.dispatch("READY", {})

        heard: list[str] = []
        while (payload := await line.receive())["t"] != "READY":
            heard.append(payload["t"])

    assert heard == names


async def test_a_guild_lists_whom_the_intents_allow(server: DiscordServer) -> None:
    """Without presences a guild comes with the bot and who talks; without voice states with nobody's."""
    await server.post_message("gg", user=8)
    await server.join_voice(server.add_channel("talk", kind=2), user=7)
    seen = []
    async with GatewayClient(server) as gateway:
        for asked in (hikari.Intents.GUILDS, hikari.Intents.GUILDS | TALK):
            line = await gateway.connect()
            await gateway.identify(line, int(asked))
            guild = (await line.until("GUILD_CREATE"))["d"]
            members = {int(one["user"]["id"]) for one in guild["members"]}
            seen.append((members, [state["user_id"] for state in guild["voice_states"]]))

    assert seen == [({server.bot_id, 7}, []), ({server.bot_id, 7}, ["7"])]
