"""Sees to it that whoever uses a plugin gets an answer: a late one is deferred, a missing one made, and both are named.

Discord waits 3 s for the first answer, and tells the user after that that the bot does not respond.
"""

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import Iterator
from typing import Any

import hikari

from core.clock import Clock
from core.discord.rest import OPEN, Answer
from core.errors import RoundhookError
from core.kernel.bounded import keep
from core.kernel.generation import Generation

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.5
"""After that we answer: what is left of Discord's 3 s is for the way there."""
_COMMAND, _COMPONENT, _CHOICES = range(3)
_LATE = {
    _COMMAND: "Begin with `await context.defer()`; without it a late answer is shown to its user alone.",
    _COMPONENT: "Begin with `await interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_UPDATE)` "
    "and then say it with `interaction.execute(…)` or `interaction.edit_initial_response(…)`.",
    _CHOICES: "Suggest from what is at hand: choices cannot be deferred.",
}
_NEVER = {
    _COMMAND: "Write `await context.respond(…)`, and see that no await is missing.",
    _COMPONENT: "Write `await interaction.create_initial_response(…)`, and see that no await is missing; where nothing "
    "is to be said, with hikari.ResponseType.DEFERRED_MESSAGE_UPDATE.",
    _CHOICES: "Write `await context.respond([…])`, and see that no await is missing.",
}
_KINDS: dict[type, int] = {hikari.CommandInteraction: _COMMAND, hikari.AutocompleteInteraction: _CHOICES}


class Answers:
    """The answers that are being waited for. ``clock`` is set once it is known."""

    clock: Clock

    def __init__(self, rest: Any) -> None:
        self._rest = rest
        self._watching: set[asyncio.Task[None]] = set()

    @contextlib.contextmanager
    def watched(self, interaction: Any, generation: Generation, what: str) -> Iterator[None]:
        """See to the answer of *what* (a command, an action), which is worked on within the block."""
        answer, ended = Answer(interaction), asyncio.Event()
        OPEN[interaction.token] = answer
        due = self.clock.monotonic() + PATIENCE_SECONDS  # from now on, also if the loop is blocked meanwhile
        keep(self._watching, self._watch(answer, ended, due, generation, what), contextvars.Context())
        try:
            yield
        finally:
            ended.set()

    def close(self) -> None:
        """Wait for no answer any more."""
        for task in self._watching:
            task.cancel()

    async def _watch(self, answer: Answer, ended: asyncio.Event, due: float, generation: Generation, what: str) -> None:
        kind = _KINDS.get(type(answer.interaction), _COMPONENT)
        try:
            if await self.clock.wait(answer.given, max(due - self.clock.monotonic(), 0.0)):
                return
            if not ended.is_set():
                late = f"{what} has not answered after {PATIENCE_SECONDS:g} s, and Discord waits for 3 s. {_LATE[kind]}"
                generation.name_once(late)
                await self._defer(answer, generation)
                await ended.wait()
                answer.filled = answer.filled or kind == _CHOICES
            if not (answer.filled if answer.deferred else answer.given.is_set()):
                await self._answer(answer, generation, f"{what} has ended without an answer. {_NEVER[kind]}", kind)
        finally:
            OPEN.pop(answer.interaction.token, None)

    async def _answer(self, answer: Answer, generation: Generation, problem: str, kind: int) -> None:
        """Answer in place of a plugin that has not; choices are at most missed."""
        generation.name_once(problem)
        if kind == _CHOICES:
            await self._defer(answer, generation)
        else:
            name = generation.manifest.name
            await say(answer.interaction, f"The plugin {name} has given no answer. Why is in its log.", generation.log)

    async def _defer(self, answer: Answer, generation: Generation) -> None:
        try:
            await self._rest.defer(answer)
        except (hikari.HikariError, RoundhookError) as error:
            generation.log.warning("an interaction could not be answered: %s", error)


async def say(interaction: Any, text: str, log: logging.Logger = log) -> None:
    """Answer an interaction for its user alone, whether or not it was answered before."""
    alone = hikari.MessageFlag.EPHEMERAL
    try:
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, text, flags=alone)
    except (hikari.HikariError, RoundhookError) as error:
        if isinstance(error, hikari.BadRequestError):
            with contextlib.suppress(hikari.HikariError):
                await interaction.execute(text, flags=alone)
                return
        log.warning("an interaction could not be answered: %s", error)
