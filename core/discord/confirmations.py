"""Asks before something is lost or stopped: the answer has a button *Yes*, good once, for who asked, for 15 minutes.

What is asked is kept in the database under a random token: nothing that stands in the button has to be believed, and
the answer works after a reload and a restart.
"""

import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import hikari
import lightbulb

from core.clock import Clock
from core.db import Database
from core.db.database import utc
from core.discord.answer import answer
from core.discord.messages import Message, as_message, component_id
from core.discord.permissions import Action, Gatekeeper, needed_for
from core.errors import UserFacingError
from core.kernel.declarations import check_method
from core.kernel.store import bounded_json

ACTION = "?"
"""In custom ids; no plugin's own action can be called that."""
GOOD_FOR = timedelta(minutes=15)
_WHOSE = "Somebody else was asked that. Use the command yourself."
Then = Callable[[Any, Any], Awaitable[str | Message | None]]
"""What is done after a *Yes*: gets the button's interaction and the kept data; what it returns is shown instead."""

_KEEP = """
    INSERT INTO confirmations (token, plugin, method, data, needed, user_id, guild_id, good_until)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody was asked: *method* of *plugin* ("": the core) is called with *data* if he says yes."""

    plugin: str
    method: str
    data: Any
    needed: Action | None
    """What the asker must still be allowed to do when he presses."""
    user: int
    """Who may answer; 0: all who may do what is needed."""
    guild: int


class Confirmations:
    """The questions that are open."""

    def __init__(self, database: Database, clock: Clock, gatekeeper: Gatekeeper) -> None:
        self._database, self._clock, self._gatekeeper = database, clock, gatekeeper

    async def keep(self, question: Question, good_for: timedelta = GOOD_FOR) -> str:
        """Keep a question; return its token."""
        token, now = secrets.token_urlsafe(16), self._clock.now()
        values = (
            token, question.plugin, question.method, json.dumps(question.data), question.needed or "", question.user,
            question.guild, now + good_for,
        )  # fmt: skip
        async with self._database.transaction() as transaction:
            await transaction.execute("DELETE FROM confirmations WHERE good_until < ?", (now,))
            await transaction.execute(_KEEP, values)
        return token

    async def taken(self, plugin: str, token: str, interaction: Any) -> Question:
        """Return the question that *interaction* says yes to; it is answered with that (errors as in ``found``)."""
        question = await self.found(plugin, token, interaction)
        async with self._database.transaction() as transaction:
            if not await transaction.fetch("DELETE FROM confirmations WHERE token = ? RETURNING token", (token,)):
                raise UserFacingError("That was answered already.")
        return question

    async def found(
        self, plugin: str, token: str, interaction: Any, *, until: str = "15 minutes", whose: str = _WHOSE
    ) -> Question:
        """Return the question that *interaction* is about.

        Raises:
            UserFacingError: it is too old, answered already, another's, or its asker may not do that any more.
        """
        rows = await self._database.fetch("SELECT * FROM confirmations WHERE token = ?", (token,))
        good_until = utc(rows[0]["good_until"]) if rows else None
        if good_until is None or good_until < self._clock.now() or rows[0]["plugin"] != plugin:
            raise UserFacingError(f"That was answered already, or is older than {until}. Use the command again.")
        row = rows[0]
        question = Question(
            plugin, row["method"], json.loads(row["data"]), row["needed"] or None, row["user_id"], row["guild_id"]
        )
        self._check(question, interaction, whose)
        return question

    def _check(self, question: Question, interaction: Any, whose: str) -> None:
        asker = question.user or int(interaction.user.id)
        if (asker, question.guild) != (int(interaction.user.id), int(interaction.guild_id or 0)):
            raise UserFacingError(whose)
        if question.needed and not self._gatekeeper.may(interaction, question.needed):
            raise UserFacingError("You may not do that any more.")


async def confirm(
    context: lightbulb.Context, question: str | Message, then: Then, data: Any = None, *, label: str = "Yes"
) -> None:
    """Answer a command with *question* and a button; pressed by whoever asked, within 15 minutes, it calls *then*.

    *then* is a method of the command's plugin, found again by its name after a reload or a restart; it gets the
    button's interaction, which is answered already, and *data* (plain JSON). What it returns takes the question's
    place. Who presses must still be allowed to use the command; what else it takes (``ctx.may``) *then* asks itself.

    Raises:
        PluginError: *then* is no coroutine method of the command's plugin that takes two arguments, or *data* is no
            plain JSON of at most 64 KiB.
    """
    plugin, holder = holder_of(context)
    call = f"{plugin or 'roundhook'}: confirm()"
    name = check_method(call, holder, then, 2)
    needed = needed_for(context.command._command_data.hooks)
    asked = Question(plugin, name, plain(call, data), needed, int(context.user.id), int(context.guild_id or 0))
    row = hikari.impl.MessageActionRowBuilder()
    token = await context.client.confirmations.keep(asked)  # type: ignore[attr-defined]
    row.add_interactive_button(hikari.ButtonStyle.DANGER, component_id(plugin, ACTION, token), label=label)
    message = as_message(question)
    await answer(context, replace(message, components=(*message.components, row)), ephemeral=True)


async def do_confirmed(interaction: Any, question: Question, holder: Any) -> None:
    """Do what was asked, and show what came of it in the question's place; the interaction is deferred already.

    Raises:
        UserFacingError: *holder* (the plugin as it runs now) has no such method any more.
    """
    then: Then | None = getattr(holder, question.method, None)
    if then is None:
        raise UserFacingError("The plugin has changed meanwhile and does not do that any more.")
    first, *rest = as_message(await then(interaction, question.data) or "Done.").parts()
    await interaction.edit_initial_response(**first.options(empty=None))
    for part in rest:
        await interaction.execute(flags=hikari.MessageFlag.EPHEMERAL, **part.options())


def holder_of(context: lightbulb.Context) -> tuple[str, Any]:
    """Return the name and the object of the plugin that a command belongs to; "" and the core's for one of its own."""
    client: Any = context.client
    generation = client.owners.get(type(context.command))
    return (generation.manifest.name, generation.plugin) if generation else ("", client.core)


def plain(call: str, data: Any) -> Any:
    """Return what is kept of *data*, plain JSON; else *call* is a ``PluginError``."""
    return json.loads(bounded_json(f"{call}, data", data))
