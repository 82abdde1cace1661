"""Routes for webhooks, and for interaction tokens, which are used like webhooks."""

import asyncio

from devkit.discord import render
from devkit.discord.check_messages import check_message, check_uploads
from devkit.discord.checks import Check, Problems, anything, record, text
from devkit.discord.errors import DroppedError, RefusedError, rate_limited, unknown
from devkit.discord.message import Message
from devkit.discord.parts import Parts
from devkit.discord.routes import Route
from devkit.discord.shapes import Answer, Call, Payload
from devkit.discord.world import BOT_ID, Webhook

_TOKEN = "/webhooks/{webhook}/{token}"  # noqa: S105 (a path)
_MESSAGE = f"{_TOKEN}/messages/{{message}}"
_FIELDS: dict[str, Check] = {"name": text(80, 1), "avatar": anything, "channel_id": anything}


class WebhookDoor:
    """How the webhook endpoint behaves: the ``mode`` is set by tests.

    ``"ok"``; ``"down"`` drops the connection; ``"slow"`` holds every post until ``open()``;
    429 answers with ``retry_after``; any other number is answered as that status.
    """

    def __init__(self) -> None:
        self.mode: str | int = "ok"
        self.retry_after = 0.2
        self._opened = asyncio.Event()

    def open(self) -> None:
        """Let through what is held, and go on normally."""
        self.mode = "ok"
        self._opened.set()
        self._opened = asyncio.Event()

    async def enter(self) -> None:
        """Pass, wait, or be refused."""
        if self.mode == "slow":
            await self._opened.wait()
        elif self.mode == "down":
            raise DroppedError("the webhook endpoint is down")
        elif self.mode == 429:
            raise rate_limited(self.retry_after, scope="shared")
        elif isinstance(self.mode, int):
            raise RefusedError(self.mode, 0, f"{self.mode}: ordered by the test")


class WebhooksApi:
    """/webhooks, /channels/{channel}/webhooks and /guilds/{guild}/webhooks."""

    def __init__(self, parts: Parts, door: WebhookDoor) -> None:
        self._parts = parts
        self._world = parts.world
        self._posts = parts.posts
        self._door = door

    def routes(self) -> list[Route]:
        """Return the routes of this part."""
        return [
            Route("POST", "/channels/{channel}/webhooks", self._create),
            Route("GET", "/channels/{channel}/webhooks", self._of_channel),
            Route("GET", "/guilds/{guild}/webhooks", self._of_guild),
            Route("GET", "/webhooks/{webhook}", self._get),
            Route("PATCH", "/webhooks/{webhook}", self._edit),
            Route("DELETE", "/webhooks/{webhook}", self._delete),
            Route("GET", _TOKEN, self._get, public=True),
            Route("PATCH", _TOKEN, self._edit, public=True),
            Route("DELETE", _TOKEN, self._delete, public=True),
            Route("POST", _TOKEN, self.execute, public=True),
            Route("GET", _MESSAGE, self._get_message, public=True),
            Route("PATCH", _MESSAGE, self._edit_message, public=True),
            Route("DELETE", _MESSAGE, self._delete_message, public=True),
        ]

    async def execute(self, call: Call) -> Answer:
        """Post through a webhook, or add a followup to an interaction."""
        if call.number("webhook") == BOT_ID:
            check_uploads(call.uploads)
            interaction = self._parts.interactions.by_token(call.params["token"])
            return Answer(self._parts.interactions.follow_up(interaction, call.payload, call.uploads))
        await self._door.enter()
        webhook = self._named(call)
        check_uploads(call.uploads)
        check_message(call.payload, "webhook", strict=self._parts.strict)
        author = _author(webhook, call.payload)
        if not webhook.by_bot:
            call.payload.pop("components", None)
        message = self._posts.create(webhook.channel_id, author, call.payload, call.uploads, webhook_id=str(webhook.id))
        return Answer(message) if call.asks("wait") else Answer(status=204)

    async def _create(self, call: Call) -> Answer:
        channel = self._world.channel(call.number("channel"))
        self._world.require(channel, "MANAGE_WEBHOOKS")
        name = self._checked(call.payload, required=["name"])["name"]
        if sum(webhook.channel_id == channel.id for webhook in self._world.webhooks.values()) >= 15:
            raise RefusedError(400, 30007, "Maximum number of webhooks reached (15)")
        webhook = self._world.add_webhook(name, channel, by_bot=True)
        self._announce(webhook)
        return Answer(render.webhook_json(self._world, webhook, with_user=True))

    async def _of_channel(self, call: Call) -> Answer:
        channel = self._world.channel(call.number("channel"))
        self._world.require(channel, "MANAGE_WEBHOOKS")
        return Answer(self._listed("channel_id", channel.id))

    async def _of_guild(self, call: Call) -> Answer:
        return Answer(self._listed("guild_id", self._world.guild(call.number("guild")).id))

    async def _get(self, call: Call) -> Answer:
        webhook = self._named(call)
        return Answer(render.webhook_json(self._world, webhook, with_user="token" not in call.params))

    async def _edit(self, call: Call) -> Answer:
        webhook, body = self._named(call), self._checked(call.payload)
        webhook.name = body.get("name") or webhook.name
        if body.get("channel_id") and "token" not in call.params:
            webhook.channel_id = self._world.channel(int(body["channel_id"])).id
        self._announce(webhook)
        return Answer(render.webhook_json(self._world, webhook, with_user="token" not in call.params))

    async def _delete(self, call: Call) -> Answer:
        webhook = self._named(call)
        del self._world.webhooks[webhook.id]
        self._announce(webhook)
        return Answer(status=204)

    async def _get_message(self, call: Call) -> Answer:
        if call.number("webhook") == BOT_ID:
            interaction = self._parts.interactions.by_token(call.params["token"])
            return Answer(self._parts.interactions.message(interaction, call.params["message"]))
        return Answer(self._own_message(call))

    async def _edit_message(self, call: Call) -> Answer:
        check_uploads(call.uploads)
        if call.number("webhook") == BOT_ID:
            interaction = self._parts.interactions.by_token(call.params["token"])
            edit = self._parts.interactions.edit
            return Answer(edit(interaction, call.params["message"], call.payload, call.uploads))
        check_message(call.payload, "interaction", strict=self._parts.strict)
        return Answer(self._posts.edit(self._own_message(call), call.payload, call.uploads))

    async def _delete_message(self, call: Call) -> Answer:
        if call.number("webhook") == BOT_ID:
            interaction = self._parts.interactions.by_token(call.params["token"])
            self._parts.interactions.delete(interaction, call.params["message"])
        else:
            self._posts.delete(self._own_message(call))
        return Answer(status=204)

    def _named(self, call: Call) -> Webhook:
        webhook = self._world.webhook(call.number("webhook"), call.params.get("token"))
        if "token" not in call.params:
            self._world.require(self._world.channel(webhook.channel_id), "MANAGE_WEBHOOKS")
        return webhook

    def _own_message(self, call: Call) -> Message:
        webhook = self._named(call)
        message = self._posts.find(webhook.channel_id, call.number("message"))
        if message.get("webhook_id") != str(webhook.id):
            raise unknown("Message")
        return message

    def _listed(self, attribute: str, wanted: int) -> list[Payload]:
        found = [hook for hook in self._world.webhooks.values() if getattr(hook, attribute) == wanted]
        return [render.webhook_json(self._world, webhook, with_user=True) for webhook in found]

    def _checked(self, body: Payload, required: list[str] | None = None) -> Payload:
        problems = Problems(strict=self._parts.strict)
        record(_FIELDS, required=required or [])(body, (), problems)
        problems.refuse()
        return body

    def _announce(self, webhook: Webhook) -> None:
        place = {"guild_id": str(webhook.guild_id), "channel_id": str(webhook.channel_id)}
        self._parts.gateway.dispatch("WEBHOOKS_UPDATE", place)


def _author(webhook: Webhook, body: Payload) -> Payload:
    return {
        "id": str(webhook.id),
        "username": body.get("username") or webhook.name,
        "global_name": None,
        "discriminator": "0000",
        "avatar": None,
        "bot": True,
        "public_flags": 0,
    }
