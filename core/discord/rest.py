"""hikari's REST client with what it lacks: descriptions of files, and what has become of an interaction's answer."""

import asyncio
from collections.abc import Mapping
from typing import Any

import hikari
from hikari.impl.rest import RESTClientImpl

from core.discord.buckets import keep_apart

OPEN: dict[str, "Answer"] = {}
"""The interactions whose answers are watched, by their tokens, which are never the same."""
_NOT_IN_EDITS = ("flags", "tts", "poll")


class Answer:
    """What has become of one interaction's answer."""

    def __init__(self, interaction: Any) -> None:
        self.interaction = interaction
        self.given = asyncio.Event()
        """Discord has taken the first answer, a deferral too."""
        self.deferred = False
        """That was a deferral of ours."""
        self.filled = False
        """Something was said after it."""
        self.lock = asyncio.Lock()
        """Held while a first answer is on its way."""


class Rest(RESTClientImpl):
    """Tells Discord the descriptions, and fills our own deferral with what a plugin takes for its first answer."""

    __slots__ = ()

    def _build_message_payload(self, **options: Any) -> Any:
        body, form = super()._build_message_payload(**options)
        entries: Any = body.get("attachments") or ()
        by_name = {f"files[{entry['id']}]": entry for entry in entries}
        for name, resource in form._resources if form else ():
            if description := getattr(resource, "description", ""):
                by_name[name]["description"] = description
        return body, form

    async def _request(self, compiled_route: Any, **options: Any) -> Any:  # type: ignore[misc]  # all go through it
        found = await super()._request(compiled_route, **options)
        kind, _, token = (*compiled_route.compiled_path.split("/")[1:], "", "", "")[:3]
        if (answer := OPEN.get(token)) is not None:  # …/interactions/<id>/<token> and …/webhooks/<id>/<token>
            answer.given.set()
            answer.filled = answer.filled or kind == "webhooks"
        return found

    async def create_interaction_response(
        self, interaction: Any, token: str, response_type: Any, content: Any = hikari.UNDEFINED, **options: Any
    ) -> Any:
        if (answer := OPEN.get(token)) is None:
            return await super().create_interaction_response(interaction, token, response_type, content, **options)
        async with answer.lock:
            if answer.deferred:
                return await self._fill(answer, response_type, content, options)
            return await super().create_interaction_response(interaction, token, response_type, content, **options)

    async def create_autocomplete_response(self, interaction: Any, token: str, choices: Any) -> Any:
        if (answer := OPEN.get(token)) is None:
            return await super().create_autocomplete_response(interaction, token, choices)
        async with answer.lock:  # what comes after ours is too late for Discord
            return None if answer.deferred else await super().create_autocomplete_response(interaction, token, choices)

    async def defer(self, answer: Answer) -> None:
        """Answer for a plugin that takes its time, unless it has just done so: nothing is shown but to the user."""
        one, update = answer.interaction, hikari.ResponseType.DEFERRED_MESSAGE_UPDATE
        async with answer.lock:
            if answer.given.is_set():
                return
            if isinstance(one, hikari.AutocompleteInteraction):
                await super().create_autocomplete_response(one.id, one.token, [])
            elif getattr(one, "message", None) is not None:
                await super().create_interaction_response(one.id, one.token, update)
            else:
                deferral, alone = hikari.ResponseType.DEFERRED_MESSAGE_CREATE, hikari.MessageFlag.EPHEMERAL
                await super().create_interaction_response(one.id, one.token, deferral, flags=alone)
            answer.deferred = True

    async def _fill(self, answer: Answer, response_type: Any, content: Any, options: Mapping[str, Any]) -> None:
        application, token = int(answer.interaction.application_id), answer.interaction.token
        if response_type == hikari.ResponseType.MESSAGE_CREATE:
            await self.execute_webhook(application, token, content, **options)
        elif response_type == hikari.ResponseType.MESSAGE_UPDATE:
            kept = {name: value for name, value in options.items() if name not in _NOT_IN_EDITS}
            await self.edit_interaction_response(application, token, content, **kept)


def use_ours(rest: Any) -> None:
    """Let *rest* be one of ours: hikari makes its clients itself, of one class."""
    keep_apart()
    rest.__class__ = Rest
