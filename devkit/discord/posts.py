"""Every message in every channel: posted, edited, deleted, listed, with its files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from devkit.discord import compose, render
from devkit.discord.bell import Bell
from devkit.discord.check_messages import LAYOUT_FLAG, check_references
from devkit.discord.errors import empty_message, unknown
from devkit.discord.message import LOADING, Message
from devkit.discord.shapes import Json, Payload, Upload
from devkit.discord.world import BOT_ID, World

NONCE_SECONDS = 300.0
"""How long a nonce is known. Discord does not give it back when a channel is read."""
_KEPT_FLAGS = 1 << 2 | 1 << 12 | LAYOUT_FLAG


class Announcer(Protocol):
    """Tells the gateway what happened."""

    def dispatch(self, name: str, data: Payload) -> None:
        """Send an event to every session that may see it."""


class Posts:
    """The messages of all channels."""

    def __init__(self, world: World, gateway: Announcer, bell: Bell) -> None:
        self._world = world
        self._gateway = gateway
        self._bell = bell
        self._by_channel: dict[int, dict[int, Message]] = {}
        self._nonces: dict[tuple[str, int, str], tuple[Message, float]] = {}
        self.nonce_seconds = NONCE_SECONDS
        self.uploads: dict[int, Upload] = {}
        """What can be downloaded, by attachment id."""

    def create(
        self,
        channel_id: int,
        author: Payload,
        body: Payload,
        uploads: Mapping[int, Upload] | None = None,
        **more: Json,
    ) -> Message:
        """Post a message; *more* are further fields of the message, ``flags`` are added to those of the body.

        Refused with 50006 when there is nothing in it.
        """
        message = Message(_blank(self._world, channel_id, author))
        message["flags"] = int(body.get("flags") or 0) & _KEPT_FLAGS | more.pop("flags", 0)
        message.update(more)
        self._fill(message, body, uploads or {})
        if not message.loading and _says_nothing(message):
            raise empty_message()
        self._by_channel.setdefault(channel_id, {})[int(message["id"])] = message
        self._world.channels[channel_id].last_message_id = int(message["id"])
        self._announce("MESSAGE_CREATE", message)
        return message

    def create_once(
        self, channel_id: int, author: Payload, body: Payload, uploads: Mapping[int, Upload], **more: Json
    ) -> Message:
        """Post a message unless its enforced nonce was seen in the last minutes; then return that one."""
        nonce, key = body.get("nonce"), (author["id"], channel_id, str(body.get("nonce")))
        seen = self._nonces.get(key)
        fresh = seen and self._world.now() - seen[1] < self.nonce_seconds
        if nonce is not None and body.get("enforce_nonce") and seen and fresh:
            return seen[0]
        message = self.create(channel_id, author, body, uploads, **more)
        if nonce is not None:
            self._nonces[key] = (message, self._world.now())
        return message

    def edit(self, message: Message, body: Payload, uploads: Mapping[int, Upload] | None = None) -> Message:
        """Change what *body* names and leave the rest; refused with 50006 when nothing would be left."""
        draft = message.snapshot()
        if "flags" in body:
            draft["flags"] = draft["flags"] & ~_KEPT_FLAGS | int(body["flags"] or 0) & _KEPT_FLAGS
        self._fill(draft, body, uploads or {})
        draft["flags"] &= ~LOADING
        if _says_nothing(draft):
            raise empty_message()
        draft["edited_timestamp"] = self._world.timestamp()
        message.clear()
        message.update(draft)
        message.files = draft.files
        self._announce("MESSAGE_UPDATE", message)
        return message

    def delete(self, message: Message) -> None:
        """Take a message away."""
        channel_id = int(message["channel_id"])
        del self._by_channel[channel_id][int(message["id"])]
        if not message.ephemeral:
            data = {"id": message["id"], "channel_id": message["channel_id"]}
            self._gateway.dispatch("MESSAGE_DELETE", data | self._place(channel_id))
        self._bell.ring()

    def find(self, channel_id: int, message_id: int, *, hidden: bool = False) -> Message:
        """Return a message; refused with 10008 when there is none (``hidden``: ephemeral ones are found too)."""
        message = self._by_channel.get(channel_id, {}).get(message_id)
        if message is None or (message.ephemeral and not hidden):
            raise unknown("Message")
        return message

    def visible(self, channel_id: int) -> list[Message]:
        """Return what stands in a channel for everybody, oldest first."""
        return [message for message in self._by_channel.get(channel_id, {}).values() if not message.ephemeral]

    def everything(self) -> list[Message]:
        """Return what stands in all channels, oldest first: ephemeral messages too, but not what says "thinking"."""
        found = (message for channel in self._by_channel.values() for message in channel.values())
        return sorted((one for one in found if not one.loading), key=lambda message: int(message["id"]))

    def by_bot(self, channel_id: int) -> list[Message]:
        """Return what the bot has said in a channel, oldest first, without what still says "thinking"."""
        mine = (message for message in self.visible(channel_id) if message["author"]["id"] == str(BOT_ID))
        return [message for message in mine if not message.loading]

    def event_json(self, message: Message) -> Payload:
        """Return a message as the gateway sends it: with its guild, and the member who wrote it."""
        data = {**message, **self._place(int(message["channel_id"]))}
        guild = self._world.guilds.get(self._world.channels[int(message["channel_id"])].guild_id)
        author = int(message["author"]["id"])
        if guild is not None and "webhook_id" not in message and author in guild.members:
            data["member"] = render.member_json(self._world, guild, author, with_user=False)
        return data

    def _place(self, channel_id: int) -> Payload:
        guild = self._world.channels[channel_id].guild_id
        return {"guild_id": str(guild)} if guild else {}

    def _announce(self, event: str, message: Message) -> None:
        if not message.ephemeral:
            self._gateway.dispatch(event, self.event_json(message))
        self._bell.ring()

    def _fill(self, message: Message, body: Payload, uploads: Mapping[int, Upload]) -> None:
        addresses = self._attach(message, body, uploads)
        check_references(body, addresses)
        resolve = compose.resolver(addresses)
        if "content" in body:
            message["content"] = (body["content"] or "").strip()
            message.update(compose.mentions_json(self._world, message["content"], body.get("allowed_mentions")))
        if "embeds" in body:
            embeds = [compose.embed_json(embed, resolve) for embed in body["embeds"] or ()]
            message["embeds"] = [embed for embed in embeds if not compose.is_empty_embed(embed)]
        if "components" in body:
            message["components"] = compose.components_json(body["components"], resolve)
        _hide_shown(message, set(addresses.values()))

    def _attach(self, message: Message, body: Payload, uploads: Mapping[int, Upload]) -> dict[str, str]:
        """Add the uploads, drop attachments that the body no longer lists; return addresses by name."""
        listed: Sequence[Payload] | None = body.get("attachments")
        details = {int(entry["id"]): entry for entry in listed or ()}
        if "attachments" in body:
            message["attachments"] = [a for a in message["attachments"] if int(a["id"]) in details]
        if "attachments" in body or "embeds" in body:
            self._forget_unused(message, body)
        for number, upload in uploads.items():
            made = compose.attachment_json(self._world, int(message["channel_id"]), upload, details.get(number, {}))
            self.uploads[int(made["id"])] = upload
            message["attachments"].append(made)
            message.files[made["filename"]] = upload.data
        return {made["filename"]: made["url"] for made in message["attachments"]}

    def _forget_unused(self, message: Message, body: Payload) -> None:
        embeds = body.get("embeds", message["embeds"]) or ()
        used = {a["filename"] for a in message["attachments"]}
        used |= {address.rpartition("/")[2] for address in _addresses(list(embeds))}
        message.files = {name: data for name, data in message.files.items() if name in used}


def _blank(world: World, channel_id: int, author: Payload) -> Payload:
    return {
        "id": str(world.snowflake()),
        "channel_id": str(channel_id),
        "author": author,
        "content": "",
        "timestamp": world.timestamp(),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "type": 0,
    }


def _says_nothing(message: Message) -> bool:
    return not any(message.get(part) for part in ("content", "embeds", "attachments", "components", "poll"))


def _hide_shown(message: Message, uploaded: set[str]) -> None:
    """A file that an embed shows is not listed as an attachment."""
    shown = set(_addresses(message["embeds"])) & uploaded
    message["attachments"] = [made for made in message["attachments"] if made["url"] not in shown]


def _addresses(embeds: list[Payload]) -> Iterator[str]:
    for embed in embeds:
        for part, key in (("image", "url"), ("thumbnail", "url"), ("footer", "icon_url"), ("author", "icon_url")):
            if (embed.get(part) or {}).get(key):
                yield str(embed[part][key])
