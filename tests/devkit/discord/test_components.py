"""Tests: buttons, selects and modals, answered by a plain hikari listener."""

import hikari
import pytest

from devkit.discord import DiscordServer, Message
from tests.devkit.discord.support import Bot


def board(app: hikari.GatewayBot) -> list[hikari.api.ComponentBuilder]:
    """Three buttons and a select."""
    buttons = app.rest.build_message_action_row()
    for name in ("update", "reply", "later", "modal", "off"):
        buttons.add_interactive_button(hikari.ButtonStyle.PRIMARY, name, label=name, is_disabled=name == "off")
    row = app.rest.build_message_action_row()
    menu = row.add_text_menu("choose", min_values=1, max_values=2)
    menu.add_option("A", "a").add_option("B", "b").add_option("C", "c")
    return [buttons, row]


async def respond(event: hikari.ComponentInteractionCreateEvent) -> None:
    """Answer each button in its own way."""
    acted, name = event.interaction, event.interaction.custom_id
    if name == "update":
        await acted.create_initial_response(hikari.ResponseType.MESSAGE_UPDATE, "updated")
    elif name == "later":
        await acted.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_UPDATE)
        await acted.edit_initial_response("edited later")
    elif name == "modal":
        row = hikari.impl.ModalActionRowBuilder()
        row.add_text_input("why", "Why", max_length=20)
        await acted.create_modal_response("Reason", "reason", row)
    else:
        said = f"{name} {','.join(acted.values)} by {acted.user.id}"
        await acted.create_initial_response(
            hikari.ResponseType.MESSAGE_CREATE, said, flags=hikari.MessageFlag.EPHEMERAL
        )


async def submitted(event: hikari.ModalInteractionCreateEvent) -> None:
    """Answer the modal with what was written."""
    text = event.interaction.components[0].components[0].value
    await event.interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, f"because {text}")


@pytest.fixture
async def posted(server: DiscordServer, bot: Bot) -> Message:
    """A message with components, of a running bot that answers them."""
    bot.app.subscribe(hikari.ComponentInteractionCreateEvent, respond)
    bot.app.subscribe(hikari.ModalInteractionCreateEvent, submitted)
    await bot.start()
    await bot.rest.create_message(server.stats_channel, "board", components=board(bot.app))
    return await server.wait_for_message(server.stats_channel)


async def test_button_updates_its_message(server: DiscordServer, posted: Message) -> None:
    """An update answer changes the message that carries the button; its buttons stay."""
    changed = await server.click(posted, "update")

    assert (changed.id, changed.content) == (posted.id, "updated")
    assert len(changed.components) == 2


async def test_button_updates_its_message_later(server: DiscordServer, posted: Message) -> None:
    """A deferred update returns the message once it is edited."""
    changed = await server.click(posted, "later")

    assert (changed.id, changed.content) == (posted.id, "edited later")


async def test_button_is_answered_for_one(server: DiscordServer, posted: Message) -> None:
    """A reply to a button is its own message; an ephemeral one is not in the channel."""
    reply = await server.click(posted, "reply", user=8)

    assert (reply.content, reply.ephemeral) == ("reply  by 8", True)
    assert [message.content for message in server.messages(server.stats_channel)] == ["board"]


async def test_select_takes_its_values(server: DiscordServer, posted: Message) -> None:
    """Chosen values reach the bot; values that are not offered, or too many, do not."""
    assert (await server.click(posted, "choose", values=["a", "c"])).content == "choose a,c by 7"
    with pytest.raises(ValueError, match="1 to 2 values"):
        await server.click(posted, "choose", values=["a", "b", "c"])
    with pytest.raises(ValueError, match="offers a, b, c"):
        await server.click(posted, "choose", values=["z"])


async def test_modal_is_filled_in(server: DiscordServer, posted: Message) -> None:
    """A modal comes back as a reply with its inputs, and is answered when submitted."""
    form = await server.click(posted, "modal")
    reply = await server.submit_modal(form, {"why": "lag"})

    assert form.modal["title"] == "Reason"
    assert reply.content == "because lag"
    with pytest.raises(LookupError, match="no input what"):
        await server.submit_modal(form, {"what": "x"})
    with pytest.raises(ValueError, match="21 characters"):
        await server.submit_modal(form, {"why": "x" * 21})
    with pytest.raises(ValueError, match="not a modal"):
        await server.submit_modal(reply, {})


async def test_what_cannot_be_pressed(server: DiscordServer, posted: Message) -> None:
    """A component that is not there or is disabled says so."""
    with pytest.raises(LookupError, match="update, reply"):
        await server.click(posted, "nope")
    with pytest.raises(ValueError, match="disabled"):
        await server.click(posted, "off")
