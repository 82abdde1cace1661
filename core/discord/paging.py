"""Answers of many pages: one message whose buttons turn them, also after a reload and a restart.

What is shown is kept in the database under a random token (see ``confirmations``); a button holds that and a number.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import hikari
import lightbulb

from core.discord.answer import answer
from core.discord.confirmations import Confirmations, Question, holder_of, plain
from core.discord.messages import CONTENT, Message, as_message, component_id, split_text
from core.discord.permissions import needed_for
from core.errors import PluginError, UserFacingError
from core.kernel.declarations import check_method

TURN = "+"
"""In custom ids; no plugin's own action can be called that."""
GOOD_FOR = timedelta(days=30)
_WHOSE = "Somebody else has asked for that. Use the command yourself."
MOST = 256 * 1024
"""Bytes of texts that are kept with an answer."""
Page = Callable[[Any, int], Awaitable[str | Message | None]]
"""Gets the kept data and a page's number, from 0; None: there is no such page."""


async def pages(
    context: lightbulb.Context, source: Page | str | Sequence[str], data: Any = None, *, ephemeral: bool = False,
    anyone: bool = False, empty: str = "There is nothing to show.",
) -> None:  # fmt: skip
    """Answer a command with the first page of *source*, and with buttons that turn the pages in place.

    *source* is a method of the command's plugin (``async def page(self, data, number)``), or texts: one for each page,
    or a long one that is cut into pages. The method gets *data* (plain JSON) and the page's number, from 0, and returns
    a text or a ``Message`` that fits into one message, or None where there is no such page; it is also asked for the
    page after the one that is shown. It is found again by its name, so the buttons work after a reload and a restart,
    for 30 days. They are for whoever asked, with *anyone* for all who may use the command; with *ephemeral* only he
    sees the answer. Nobody is pinged. If there is no page, *empty* is the answer.

    Raises:
        PluginError: *source* is neither texts nor a coroutine method of the command's plugin that takes two arguments,
            a page is too long, or *data* is no plain JSON of at most 64 KiB.
    """
    plugin, holder = holder_of(context)
    call = f"{plugin or 'roundhook'}: pages()"
    name = check_method(call, holder, source, 2) if callable(source) else ""
    texts = [] if callable(source) else _texts(call, [source] if isinstance(source, str) else source)
    needed, user = needed_for(context.command._command_data.hooks), 0 if anyone else int(context.user.id)
    kept = {"data": plain(call, data), "texts": texts}
    question = Question(plugin, f"{TURN}{name}", kept, needed, user, int(context.guild_id or 0))
    first, more = await _page(question, holder, 0), await _page(question, holder, 1)
    if first is not None and more is not None:
        token = await context.client.confirmations.keep(question, GOOD_FOR)  # type: ignore[attr-defined]
        first = _with_buttons(question, token, first, 0, more=True)
    await answer(context, first or empty, ephemeral=ephemeral)


async def turn(interaction: Any, plugin: str, args: str, holder: Any, kept: Confirmations) -> None:
    """Show another page in the place of the one that is there; the interaction is deferred already.

    Raises:
        UserFacingError: they are another's or too old, there is no such page any more, or *holder* (the plugin as it
            runs now) does not show them.
    """
    token, _, target = args.partition(":")
    question, number = await kept.found(plugin, token, interaction, until="30 days", whose=_WHOSE), int(target)
    if not question.method.startswith(TURN):
        raise UserFacingError("That is no answer of several pages.")
    page, more = await _page(question, holder, number), await _page(question, holder, number + 1)
    if page is None:
        raise UserFacingError("There is no such page any more. Use the command again.")
    shown = _with_buttons(question, token, page, number, more=more is not None)
    await interaction.edit_initial_response(**shown.options(empty=None))


async def _page(question: Question, holder: Any, number: int) -> Message | None:
    """Return one page, which fits into one message, or None."""
    name, texts = question.method.removeprefix(TURN), question.data["texts"]
    if not name:
        return Message(content=texts[number]) if number < len(texts) else None
    method: Page | None = getattr(holder, name, None)
    if method is None:
        raise UserFacingError("The plugin has changed meanwhile and does not show that any more.")
    page = await method(question.data["data"], number)
    if page is None:
        return None
    first, *rest = as_message(page).parts()
    if rest:
        problem = f"page {number} of {name}() does not fit into one message. Put less on it."
        raise PluginError(f"{question.plugin}: {problem}")
    return first


def _with_buttons(question: Question, token: str, page: Message, number: int, *, more: bool) -> Message:
    row, last = hikari.impl.MessageActionRowBuilder(), len(question.data["texts"])
    label = f"{number + 1} / {last}" if last else str(number + 1)
    for target, text, enabled in ((number - 1, "◀", number > 0), (number, label, False), (number + 1, "▶", more)):
        custom_id = component_id(question.plugin, TURN, f"{token}:{target}")
        row.add_interactive_button(hikari.ButtonStyle.SECONDARY, custom_id, label=text, is_disabled=not enabled)
    return replace(page, components=(*page.components, row))


def _texts(call: str, texts: Any) -> list[str]:
    if not isinstance(texts, Sequence) or not all(isinstance(one, str) for one in texts):
        raise PluginError(f"{call} takes a method of the plugin, as in self.page, or texts, not {texts!r:.80}.")
    pieces = [piece for text in texts for piece in split_text(text, CONTENT)]
    if sum(len(piece.encode()) for piece in pieces) > MOST:
        remedy = "Name a method that makes one page at a time."
        raise PluginError(f"{call}: texts of more than {MOST // 1024} KiB are not kept. {remedy}")
    return pieces
