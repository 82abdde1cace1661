"""Interactions: what the user did, how the bot has answered, and until when it may."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from devkit.discord.bell import Bell
from devkit.discord.check_messages import check_choices, check_message, check_modal_body
from devkit.discord.errors import RefusedError, unknown
from devkit.discord.message import EPHEMERAL, LOADING, Message
from devkit.discord.posts import Posts
from devkit.discord.shapes import Json, Payload, Upload
from devkit.discord.world import BOT_ID, World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
PONG, REPLY, DEFERRED_REPLY, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 1, 4, 5, 6, 7, 8, 9
TOKEN_SECONDS = 15 * 60.0
_ALLOWED = {
    COMMAND: (REPLY, DEFERRED_REPLY, MODAL),
    COMPONENT: (REPLY, DEFERRED_REPLY, DEFERRED_UPDATE, UPDATE, MODAL),
    AUTOCOMPLETE: (CHOICES,),
    MODAL_SUBMIT: (REPLY, DEFERRED_REPLY, DEFERRED_UPDATE, UPDATE),
}


@dataclass(slots=True, eq=False)
class Interaction:
    """One thing that a user did with the bot, and what came of it."""

    id: int
    kind: int
    label: str
    """What to call it in an error: ``/stats``."""
    token: str
    user_id: int
    channel_id: int
    opened_at: float
    source: Message | None = None
    """The message whose component was used."""
    answered: int | None = None
    """The type of the first answer."""
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[Payload] | None = None
    modal: Payload | None = None
    updated: bool = False
    refused: RefusedError | None = None
    """Why the bot's answer was refused, if it was."""

    @property
    def outcome(self) -> Message | None:
        """The reply that the user has got by now; None while there is nothing to see."""
        if self.answered == MODAL and self.modal is not None:
            reply = Message(id=str(self.id), channel_id=str(self.channel_id), modal=self.modal)
            reply.source = self.source
            return reply
        if self.answered in (DEFERRED_UPDATE, UPDATE):
            return self.original if self.updated else next(iter(self.followups), None)
        if self.original is not None and not self.original.loading:
            return self.original
        return next(iter(self.followups), None)


class Interactions:
    """All interactions, and the rules for answering them."""

    def __init__(self, world: World, posts: Posts, bell: Bell, *, seconds: float, strict: bool) -> None:
        self._world = world
        self._posts = posts
        self._bell = bell
        self._seconds = seconds
        self._strict = strict
        self._by_token: dict[str, Interaction] = {}

    def open(self, kind: int, label: str, *, user_id: int, channel_id: int, source: Message | None) -> Interaction:
        """Make a new interaction."""
        token = secrets.token_urlsafe(40)
        opened = Interaction(
            self._world.snowflake(), kind, label, token, user_id, channel_id, self._world.now(), source
        )
        self._by_token[token] = opened
        return opened

    def answer(self, interaction_id: int, token: str, body: Payload, uploads: Mapping[int, Upload]) -> Interaction:
        """Take the first answer: once (40060), in time (10062), of a fitting type (50035)."""
        found = self._by_token.get(token)
        if found is None or found.id != interaction_id:
            raise unknown("interaction")
        try:
            self._accept(found, body, uploads)
        except RefusedError as refused:
            found.refused = refused
            raise
        finally:
            self._bell.ring()
        return found

    def by_token(self, token: str) -> Interaction:
        """Return the answered interaction of a token; 50027 once it expired, 10015 before the first answer."""
        found = self._by_token.get(token)
        if found is None or self._world.now() - found.opened_at > TOKEN_SECONDS:
            raise RefusedError(401, 50027, "Invalid Webhook Token")
        if found.answered is None:
            raise unknown("Webhook")
        return found

    def follow_up(self, interaction: Interaction, body: Payload, uploads: Mapping[int, Upload]) -> Message:
        """Add a message; the first one after a deferral fills that instead."""
        check_message(body, "interaction", strict=self._strict)
        if interaction.original is not None and interaction.original.loading:
            return self._posts.edit(interaction.original, body, uploads)
        message = self._post(interaction, body, uploads, flags=int(body.get("flags") or 0) & EPHEMERAL)
        interaction.followups.append(message)
        self._bell.ring()
        return message

    def message(self, interaction: Interaction, message_id: str) -> Message:
        """Return the original answer (``@original``) or a followup."""
        own = [interaction.original, *interaction.followups]
        for message in own if message_id != "@original" else own[:1]:
            if message is not None and message_id in ("@original", message["id"]):
                return message
        raise unknown("Message")

    def edit(self, interaction: Interaction, message_id: str, body: Payload, uploads: Mapping[int, Upload]) -> Message:
        """Edit the original answer or a followup."""
        message = self.message(interaction, message_id)
        check_message(body, "interaction", strict=self._strict)
        edited = self._posts.edit(message, body, uploads)
        interaction.updated = interaction.updated or message is interaction.original
        self._bell.ring()
        return edited

    def delete(self, interaction: Interaction, message_id: str) -> None:
        """Delete the original answer or a followup."""
        message = self.message(interaction, message_id)
        if message is interaction.original:
            interaction.original = None
        else:
            interaction.followups.remove(message)
        self._posts.delete(message)

    def _accept(self, interaction: Interaction, body: Payload, uploads: Mapping[int, Upload]) -> None:
        if interaction.answered is not None:
            raise RefusedError(400, 40060, "Interaction has already been acknowledged.")
        if self._world.now() - interaction.opened_at > self._seconds:
            raise unknown("interaction")
        kind, data = body.get("type"), body.get("data") or {}
        if kind not in _ALLOWED[interaction.kind]:
            errors = {"type": {"_errors": [{"code": "BASE_TYPE_CHOICES", "message": f"Type {kind} is not allowed."}]}}
            raise RefusedError(400, 50035, "Invalid Form Body", errors=errors)
        self._apply(interaction, kind, data, uploads)
        interaction.answered = kind

    def _apply(self, interaction: Interaction, kind: int, data: Payload, uploads: Mapping[int, Upload]) -> None:
        if kind == CHOICES:
            check_choices(data, strict=self._strict)
            interaction.choices = list(data.get("choices") or ())
        elif kind == MODAL:
            check_modal_body(data, strict=self._strict)
            interaction.modal = data
        elif kind == DEFERRED_REPLY:
            flags = int(data.get("flags") or 0) & EPHEMERAL | LOADING
            interaction.original = self._post(interaction, {}, {}, flags=flags)
        else:
            self._apply_message(interaction, kind, data, uploads)

    def _apply_message(self, interaction: Interaction, kind: int, data: Payload, uploads: Mapping[int, Upload]) -> None:
        check_message(data, "interaction", strict=self._strict, path=("data",))
        if kind == REPLY:
            flags = int(data.get("flags") or 0) & EPHEMERAL
            interaction.original = self._post(interaction, data, uploads, flags=flags)
            return
        if interaction.source is None:
            raise unknown("Message")
        interaction.original = interaction.source
        if kind == UPDATE:
            self._posts.edit(interaction.source, data, uploads)
            interaction.updated = True

    def _post(self, interaction: Interaction, body: Payload, uploads: Mapping[int, Upload], *, flags: int) -> Message:
        more: Payload = {
            "flags": flags,
            "type": 20 if interaction.kind == COMMAND else 0,
            "webhook_id": str(BOT_ID),
            "application_id": str(BOT_ID),
            "interaction_metadata": self._metadata(interaction),
        }
        return self._posts.create(interaction.channel_id, self._world.users[BOT_ID], body, uploads, **more)

    def _metadata(self, interaction: Interaction) -> Json:
        shown: Payload = {
            "id": str(interaction.id),
            "type": interaction.kind,
            "user": self._world.user(interaction.user_id),
            "authorizing_integration_owners": {},
        }
        if interaction.kind == COMPONENT and interaction.source is not None:
            shown["interacted_message_id"] = interaction.source["id"]
        if interaction.kind == MODAL_SUBMIT:
            triggering = dict(shown, type=COMMAND)
            shown["triggering_interaction_metadata"] = triggering
        return shown
