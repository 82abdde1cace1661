"""Reactions: who has reacted to which message with what, and what the gateway hears of it."""

from collections.abc import Sequence
from urllib.parse import unquote

from devkit.discord import render
from devkit.discord.bell import Bell
from devkit.discord.errors import unknown_emoji
from devkit.discord.gateway import Gateway
from devkit.discord.message import Message
from devkit.discord.shapes import Payload
from devkit.discord.world import BOT_ID, World


class Reactions:
    """Keeps each message's ``reactions`` as the API shows them."""

    def __init__(self, world: World, gateway: Gateway, bell: Bell) -> None:
        self._world = world
        self._gateway = gateway
        self._bell = bell

    def add(self, message: Message, user: int, emoji: str) -> None:
        """Let a user react; a second time changes nothing."""
        reactors = message.reactors.setdefault(name := plain(emoji), [])
        if user not in reactors:
            reactors.append(user)
            about = self._about(message, name) | {"user_id": str(user), "message_author_id": message["author"]["id"]}
            if guild := self._world.guilds.get(int(about.get("guild_id", 0))):
                about["member"] = render.member_json(self._world, guild, user)
            self._tell("MESSAGE_REACTION_ADD", message, about)

    def remove(self, message: Message, user: int, emoji: str) -> None:
        """Take a user's reaction back, if there is one."""
        name = plain(emoji)
        if user in message.reactors.get(name, ()):
            message.reactors[name].remove(user)
            self._tell("MESSAGE_REACTION_REMOVE", message, self._about(message, name) | {"user_id": str(user)})

    def clear(self, message: Message) -> None:
        """Take all reactions away."""
        message.reactors.clear()
        about = self._about(message, "")
        self._tell("MESSAGE_REACTION_REMOVE_ALL", message, {key: about[key] for key in about if key != "emoji"})

    def clear_emoji(self, message: Message, emoji: str) -> None:
        """Take all reactions with one emoji away."""
        message.reactors.pop(name := plain(emoji), None)
        self._tell("MESSAGE_REACTION_REMOVE_EMOJI", message, self._about(message, name))

    def users(self, message: Message, emoji: str) -> Sequence[int]:
        """Return who has reacted with an emoji."""
        return sorted(message.reactors.get(plain(emoji), ()))

    def _about(self, message: Message, name: str) -> Payload:
        guild = self._world.channel(int(message["channel_id"])).guild_id
        place = {"guild_id": str(guild)} if guild else {}
        about = {"channel_id": message["channel_id"], "message_id": message["id"], **place}
        return {**about, "emoji": _emoji_json(name), "burst": False, "type": 0}

    def _tell(self, event: str, message: Message, about: Payload) -> None:
        message["reactions"] = [_reaction_json(name, users) for name, users in message.reactors.items() if users]
        self._gateway.dispatch(event, about)
        self._bell.ring()


def plain(emoji: str) -> str:
    """Return an emoji as the API names it: itself, or ``name:id``; refused with 10014 when it is none."""
    name = unquote(emoji)
    if name.startswith("<"):
        name = name.strip("<>").removeprefix("a").removeprefix(":")
    if name.isascii() and not name.rpartition(":")[2].isdecimal():
        raise unknown_emoji()
    return name


def _emoji_json(plain_emoji: str) -> Payload:
    name, _, number = plain_emoji.rpartition(":")
    return {"id": number, "name": name} if name else {"id": None, "name": number}


def _reaction_json(name: str, users: Sequence[int]) -> Payload:
    counts = {"count": len(users), "count_details": {"burst": 0, "normal": len(users)}}
    mine = {"me": BOT_ID in users, "me_burst": False}
    return {"emoji": _emoji_json(name), **counts, **mine, "burst_colors": []}
