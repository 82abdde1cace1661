"""Routes for channels and the messages in them."""

from collections.abc import Mapping

from devkit.discord import intents, render
from devkit.discord.check_messages import check_message, check_uploads
from devkit.discord.errors import RefusedError
from devkit.discord.message import Message
from devkit.discord.parts import Parts
from devkit.discord.routes import Route
from devkit.discord.shapes import Answer, Call, Json, Payload, Upload
from devkit.discord.world import BOT_ID, Channel

_MESSAGE = "/channels/{channel}/messages/{message}"
_REACTIONS = f"{_MESSAGE}/reactions"


class ChannelsApi:
    """/channels and what is below."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._world = parts.world
        self._posts = parts.posts

    def routes(self) -> list[Route]:
        """Return the routes of this part."""
        return [
            Route("POST", "/users/@me/channels", self._direct),
            Route("GET", "/channels/{channel}", self._channel),
            Route("POST", "/channels/{channel}/typing", self._typing),
            Route("GET", "/channels/{channel}/messages", self._list),
            Route("POST", "/channels/{channel}/messages", self._create),
            Route("GET", _MESSAGE, self._get),
            Route("PATCH", _MESSAGE, self._edit),
            Route("DELETE", _MESSAGE, self._delete),
            Route("PUT", f"{_REACTIONS}/{{emoji}}/@me", self._react),
            Route("DELETE", f"{_REACTIONS}/{{emoji}}/@me", self._unreact),
            Route("DELETE", f"{_REACTIONS}/{{emoji}}/{{user}}", self._unreact),
            Route("GET", f"{_REACTIONS}/{{emoji}}", self._reactors),
            Route("DELETE", f"{_REACTIONS}/{{emoji}}", self._clear_emoji),
            Route("DELETE", _REACTIONS, self._clear),
        ]

    async def _channel(self, call: Call) -> Answer:
        return Answer(render.channel_json(self._open(call)))

    async def _direct(self, call: Call) -> Answer:
        return Answer(render.channel_json(self._world.direct_channel(int(call.payload["recipient_id"]))))

    async def _typing(self, call: Call) -> Answer:
        self._open(call, "SEND_MESSAGES")
        return Answer(status=204)

    async def _list(self, call: Call) -> Answer:
        channel = self._open(call)
        if not self._may(channel, "READ_MESSAGE_HISTORY"):
            return Answer([])
        messages = sorted(self._posts.visible(channel.id), key=lambda message: int(message["id"]), reverse=True)
        return Answer([self._shown(message) for message in _page(messages, call.query)])

    async def _get(self, call: Call) -> Answer:
        channel = self._open(call, "READ_MESSAGE_HISTORY")
        return Answer(self._shown(self._posts.find(channel.id, call.number("message"))))

    async def _create(self, call: Call) -> Answer:
        channel = self._open(call, "SEND_MESSAGES")
        if not channel.takes_messages:
            if channel.locked:
                raise RefusedError(400, 160005, "Thread is locked")
            raise RefusedError(400, 50008, "Cannot send messages in a non-text channel")
        self._check(channel, call.payload, call.uploads, "channel")
        author, more = self._world.users[BOT_ID], self._reply_to(channel, call.payload.get("message_reference"))
        message = self._posts.create_once(channel.id, author, call.payload, call.uploads, **more)
        nonce = call.payload.get("nonce")
        return Answer(message if nonce is None else {**message, "nonce": nonce})

    async def _edit(self, call: Call) -> Answer:
        channel = self._open(call)
        message = self._posts.find(channel.id, call.number("message"))
        if message["author"]["id"] != str(BOT_ID):
            raise RefusedError(403, 50005, "Cannot edit a message authored by another user")
        self._check(channel, call.payload, call.uploads, "interaction")
        return Answer(self._posts.edit(message, call.payload, call.uploads))

    async def _delete(self, call: Call) -> Answer:
        channel = self._open(call)
        message = self._posts.find(channel.id, call.number("message"))
        if message["author"]["id"] != str(BOT_ID):
            self._world.require(channel, "MANAGE_MESSAGES")
        self._posts.delete(message)
        return Answer(status=204)

    async def _react(self, call: Call) -> Answer:
        channel = self._open(call, "READ_MESSAGE_HISTORY", "ADD_REACTIONS")
        message = self._posts.find(channel.id, call.number("message"))
        self._parts.reactions.add(message, BOT_ID, call.params["emoji"])
        return Answer(status=204)

    async def _unreact(self, call: Call) -> Answer:
        user = call.number("user") if "user" in call.params else BOT_ID
        channel = self._open(call, *([] if user == BOT_ID else ["MANAGE_MESSAGES"]))
        self._parts.reactions.remove(self._posts.find(channel.id, call.number("message")), user, call.params["emoji"])
        return Answer(status=204)

    async def _reactors(self, call: Call) -> Answer:
        message = self._posts.find(self._open(call, "READ_MESSAGE_HISTORY").id, call.number("message"))
        users = self._parts.reactions.users(message, call.params["emoji"])
        later = [user for user in users if user > int(call.query.get("after", 0))]
        return Answer([self._world.user(user) for user in later[: _limit(call.query, 25)]])

    async def _clear_emoji(self, call: Call) -> Answer:
        message = self._posts.find(self._open(call, "MANAGE_MESSAGES").id, call.number("message"))
        self._parts.reactions.clear_emoji(message, call.params["emoji"])
        return Answer(status=204)

    async def _clear(self, call: Call) -> Answer:
        message = self._posts.find(self._open(call, "MANAGE_MESSAGES").id, call.number("message"))
        self._parts.reactions.clear(message)
        return Answer(status=204)

    def _open(self, call: Call, *permissions: str) -> Channel:
        channel = self._world.channel(call.number("channel"))
        self._world.require(channel, *permissions)
        return channel

    def _may(self, channel: Channel, permission: str) -> bool:
        try:
            self._world.require(channel, permission)
        except RefusedError:
            return False
        return True

    def _check(self, channel: Channel, body: Payload, uploads: Mapping[int, Upload], rules: str) -> None:
        check_uploads(uploads)
        check_message(body, rules, strict=self._parts.strict)
        if body.get("embeds"):
            self._world.require(channel, "EMBED_LINKS")
        if uploads:
            self._world.require(channel, "ATTACH_FILES")

    def _reply_to(self, channel: Channel, reference: Json) -> Payload:
        if not reference:
            return {}
        self._world.require(channel, "READ_MESSAGE_HISTORY")
        try:
            replied = self._posts.find(channel.id, int(reference["message_id"]))
        except RefusedError:
            if reference.get("fail_if_not_exists") is False:
                return {}
            errors = {"message_reference": {"_errors": [_UNKNOWN_REPLIED]}}
            raise RefusedError(400, 50035, "Invalid Form Body", errors=errors) from None
        place = {"message_id": replied["id"], "channel_id": str(channel.id), "guild_id": str(channel.guild_id)}
        return {"type": 19, "message_reference": {"type": 0, **place}, "referenced_message": dict(replied)}

    def _shown(self, message: Message) -> Payload:
        whole = self._parts.gateway.granted & intents.MESSAGE_CONTENT
        return message if whole else intents.without_content(message)


_UNKNOWN_REPLIED = {"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}


def _page(newest_first: list[Message], query: Mapping[str, str]) -> list[Message]:
    most = _limit(query)
    ids = {key: int(query[key]) for key in ("before", "after", "around") if key in query}
    if "after" in ids:
        later = [message for message in newest_first if int(message["id"]) > ids["after"]]
        return later[-most:]
    if "around" in ids:
        later = [message for message in newest_first if int(message["id"]) > ids["around"]][-(most // 2) :]
        rest = [message for message in newest_first if int(message["id"]) <= ids["around"]]
        return (later + rest)[:most]
    if "before" in ids:
        newest_first = [message for message in newest_first if int(message["id"]) < ids["before"]]
    return newest_first[:most]


def _limit(query: Mapping[str, str], otherwise: int = 50) -> int:
    most = int(query.get("limit", otherwise))
    if not 1 <= most <= 100:
        error = {"code": "NUMBER_TYPE_MAX", "message": "int value should be between 1 and 100."}
        raise RefusedError(400, 50035, "Invalid Form Body", errors={"limit": {"_errors": [error]}})
    return most
