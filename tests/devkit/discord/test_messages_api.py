"""Tests: messages over REST: files, nonces, pages, mentions, permissions, what is not there."""

import struct

import hikari
import pytest

from devkit.discord import DiscordServer
from tests.devkit.discord.support import Bot, Rest

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480) + bytes(5)


async def test_nonce_posts_once(server: DiscordServer, rest: Rest) -> None:
    """The same enforced nonce returns the message that is there; without enforcing it is posted again."""
    first = await rest.post(server.stats_channel, content="a", nonce="n", enforce_nonce=True)
    second = await rest.post(server.stats_channel, content="b", nonce="n", enforce_nonce=True)
    other = await rest.post(server.stats_channel, content="c", nonce="n")

    assert first[1]["id"] == second[1]["id"] != other[1]["id"]
    assert [message.content for message in server.messages(server.stats_channel)] == ["a", "c"]


async def test_nonce_is_forgotten_after_minutes() -> None:
    """A nonce counts for a few minutes only."""
    now = 1_800_000_000.0
    async with DiscordServer(now=lambda: now) as server, Rest(server) as rest:
        await rest.post(server.stats_channel, content="a", nonce="n", enforce_nonce=True)
        now += 301
        await rest.post(server.stats_channel, content="b", nonce="n", enforce_nonce=True)

        assert [message.content for message in server.messages(server.stats_channel)] == ["a", "b"]


async def test_lost_answer_with_a_nonce_posts_once(server: DiscordServer, bot: Bot) -> None:
    """Hikari repeats a request whose answer was lost; the nonce keeps it one message, without it there are two."""
    await bot.start()
    server.fail_next("POST", "/channels/*/messages", after_work=True)

    await bot.rest.create_message(server.stats_channel, "round", nonce="match-1")

    assert [message.content for message in server.messages(server.stats_channel)] == ["round"]
    assert [request.status for request in server.requests if request.method == "POST"] == [None, 200]


async def test_embedded_picture_is_uploaded(server: DiscordServer, bot: Bot) -> None:
    """A picture in an embed has an address that works, is not listed beside it, and survives an edit."""
    await bot.start()
    card = hikari.Embed(title="card").set_image(hikari.Bytes(PNG, "card.png"))

    posted = await bot.rest.create_message(server.stats_channel, embed=card, attachment=hikari.Bytes(b"log", "a b.txt"))
    await posted.edit("new text")
    shown = server.messages(server.stats_channel)[0]

    assert shown.files == {"a_b.txt": b"log", "card.png": PNG}
    assert [attachment["filename"] for attachment in shown.attachments] == ["a_b.txt"]
    assert posted.embeds[0].image is not None
    assert await posted.embeds[0].image.read() == PNG
    assert await posted.attachments[0].read() == b"log"
    assert shown.text == "new text\ncard"


async def test_edit_replaces_attachments(server: DiscordServer, bot: Bot) -> None:
    """New files with an edit stand beside the old ones that are kept; a null takes all away."""
    await bot.start()
    message = await bot.rest.create_message(server.stats_channel, "x", attachment=hikari.Bytes(PNG, "1.png"))

    edited = await message.edit(attachments=[message.attachments[0], hikari.Bytes(b"2", "2.txt")])
    assert (message.attachments[0].width, message.attachments[0].media_type) == (640, "image/png")
    assert server.messages(server.stats_channel)[0].files == {"1.png": PNG, "2.txt": b"2"}
    await edited.edit(attachment=None)

    assert server.messages(server.stats_channel)[0].files == {}
    assert server.messages(server.stats_channel)[0].attachments == []


async def test_layout_components(server: DiscordServer, bot: Bot) -> None:
    """A message of layout components is read back by hikari, with its media where it can be fetched."""
    await bot.start()
    container = hikari.impl.ContainerComponentBuilder(accent_color=hikari.Color(0xFF00FF))
    container.add_text_display("# Round")
    container.add_separator()
    container.add_media_gallery(items=[hikari.impl.MediaGalleryItemBuilder(media=hikari.Bytes(PNG, "card.png"))])

    posted = await bot.rest.create_message(server.stats_channel, component=container)
    shown = server.messages(server.stats_channel)[0]

    assert isinstance(posted.components[0], hikari.ContainerComponent)
    assert len(posted.components[0].components) == 3
    assert (shown.text, shown.files) == ("# Round", {"card.png": PNG})


async def test_history_is_paged(server: DiscordServer, rest: Rest) -> None:
    """before, after and around give their side of the history, newest first."""
    ids = [(await server.post_message(str(number))).id for number in range(5)]

    async def contents(query: str) -> str:
        _, found = await rest("GET", f"/channels/{server.stats_channel}/messages?{query}")
        return "".join(message["content"] for message in found)

    assert await contents("limit=2") == "43"
    assert await contents(f"before={ids[2]}") == "10"
    assert await contents(f"after={ids[1]}&limit=2") == "32"
    assert await contents(f"around={ids[2]}&limit=3") == "321"
    assert (await rest("GET", f"/channels/{server.stats_channel}/messages?limit=101"))[0] == 400


async def test_history_reads_what_the_bot_missed(server: DiscordServer, bot: Bot) -> None:
    """Hikari's history iterator reads webhook messages that came before the bot."""
    server.add_webhook("local")
    first = await server.post_webhook("local", content="1")
    await server.post_webhook("local", content="2")
    await bot.start()

    missed = await bot.rest.fetch_messages(server.control_channel, after=int(first.id))

    assert [message.content for message in missed] == ["2"]


@pytest.mark.parametrize(
    ("allowed", "everyone", "users", "roles"),
    [
        (None, True, ["7"], ["55"]),
        ({"parse": []}, False, [], []),
        ({"parse": ["users"]}, False, ["7"], []),
        ({"parse": [], "roles": ["55"]}, False, [], ["55"]),
    ],
)
async def test_mentions_obey_what_is_allowed(
    server: DiscordServer, rest: Rest, allowed: object, everyone: bool, users: list[str], roles: list[str]
) -> None:
    """allowed_mentions decides who is pinged by what the text says."""
    _, message = await rest.post(server.stats_channel, content="@everyone <@7> <@&55>", allowed_mentions=allowed)

    assert message["mention_everyone"] is everyone
    assert [user["id"] for user in message["mentions"]] == users
    assert message["mention_roles"] == roles


@pytest.mark.parametrize(
    ("permission", "method", "path", "body", "files"),
    [
        ("SEND_MESSAGES", "POST", "/messages", {"content": "x"}, None),
        ("EMBED_LINKS", "POST", "/messages", {"embeds": [{"title": "t"}]}, None),
        ("ATTACH_FILES", "POST", "/messages", {"content": "x"}, {"a": b"a"}),
        ("READ_MESSAGE_HISTORY", "GET", "/messages/{other}", None, None),
        ("MANAGE_MESSAGES", "DELETE", "/messages/{other}", None, None),
        ("ADD_REACTIONS", "PUT", "/messages/{other}/reactions/%F0%9F%91%8D/@me", None, None),
        ("MANAGE_WEBHOOKS", "GET", "/webhooks", None, None),
    ],
)
async def test_missing_permission(
    server: DiscordServer,
    rest: Rest,
    permission: str,
    method: str,
    path: str,
    body: object,
    files: dict[str, bytes] | None,
) -> None:
    """Without the permission it is 403 / 50013; given back, it works."""
    other = await server.post_message("hello")
    path = f"/channels/{server.stats_channel}{path.format(other=other.id)}"
    server.deny(server.stats_channel, permission)

    refused = await rest(method, path, body, files=files)
    server.allow(server.stats_channel, permission)
    accepted = await rest(method, path, body, files=files)

    assert (refused[0], refused[1]["code"]) == (403, 50013)
    assert accepted[0] in (200, 204)


async def test_others_messages_cannot_be_edited(server: DiscordServer, rest: Rest) -> None:
    """A human's message is the human's: 50005."""
    other = await server.post_message("hello")

    status, body = await rest("PATCH", f"/channels/{server.stats_channel}/messages/{other.id}", {"content": "x"})

    assert (status, body["code"]) == (403, 50005)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/channels/5", 10003),
        ("/channels/{stats}/messages/5", 10008),
        ("/guilds/99", 10004),
        ("/guilds/1/members/99", 10007),
        ("/users/99", 10013),
        ("/webhooks/5", 10015),
        ("/webhooks/5/token", 10015),
        ("/applications/5/commands", 10002),
        ("/applications/{app}/commands/5", 10063),
    ],
)
async def test_what_does_not_exist(server: DiscordServer, rest: Rest, path: str, code: int) -> None:
    """Every kind of object has its own code for not being there."""
    status, body = await rest("GET", path.format(stats=server.stats_channel, app=server.application_id))

    assert (status, body["code"]) == (404, code)


async def test_reply_points_to_its_message(server: DiscordServer, bot: Bot) -> None:
    """A reply carries the message it answers; to one that is gone it is refused."""
    await bot.start()
    asked = await server.post_message("when?")

    reply = await bot.rest.create_message(server.stats_channel, "now", reply=int(asked.id))

    assert reply.type == hikari.MessageType.REPLY
    assert reply.referenced_message is not None
    assert reply.referenced_message.content == "when?"
    with pytest.raises(hikari.BadRequestError):
        await bot.rest.create_message(server.stats_channel, "now", reply=5)


async def test_message_reads_by_attribute(server: DiscordServer) -> None:
    """A message's keys are its attributes; a wrong one lists those there are."""
    message = await server.post_message("hello")

    assert message.content == message["content"] == message.text == "hello"
    with pytest.raises(AttributeError, match="it has id, channel_id"):
        _ = message.contents
