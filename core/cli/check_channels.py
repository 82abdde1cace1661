"""Looks at a channel: is it there, of a kind that takes messages, and what may the bot do in it."""

from collections.abc import Mapping, Sequence
from typing import Any

import hikari

from core.discord.asking import NOT_THERE, Asking
from core.errors import ConfigError

READ = hikari.Permissions.VIEW_CHANNEL | hikari.Permissions.READ_MESSAGE_HISTORY
REPORT = READ | hikari.Permissions.SEND_MESSAGES
ANNOUNCE = REPORT | hikari.Permissions.EMBED_LINKS | hikari.Permissions.ATTACH_FILES
"""Without the message history nobody can see whether a message, whose answer was lost, has been posted."""
_KINDS = hikari.ChannelType
_THREADS = frozenset({_KINDS.GUILD_NEWS_THREAD, _KINDS.GUILD_PUBLIC_THREAD, _KINDS.GUILD_PRIVATE_THREAD})
_TAKE_MESSAGES = _THREADS | {_KINDS.GUILD_TEXT, _KINDS.GUILD_NEWS, _KINDS.GUILD_VOICE, _KINDS.GUILD_STAGE}
_OF_NO_GUILD = frozenset({_KINDS.DM, _KINDS.GROUP_DM})
_ANOTHER = "Name a text channel, an announcement channel or an open thread."
_IN_THREADS = hikari.Permissions.SEND_MESSAGES_IN_THREADS
Answer = Mapping[str, Any]
"""An object as Discord sends it."""


async def look_at_channel(line: Asking, channel: int, needed: hikari.Permissions, guild: int) -> str:
    """Return the channel's name; *guild* is the one that it must belong to, 0: any.

    Raises:
        ConfigError: it is not there, of another guild, takes no messages, or the bot lacks a permission in it.
    """
    try:
        found = await line.get("/channels/{channel}", channel=channel)
    except NOT_THERE:
        remedy = "Correct the id, or let the bot view it."
        raise ConfigError(f"channel {channel} is not there for the bot. {remedy}") from None
    name = f"#{found.get('name') or channel}"
    _refuse_kind(found, name)
    if (its_guild := int(found.get("guild_id") or guild)) != guild and guild:
        raise ConfigError(f"{name} belongs to the guild {its_guild}. Name a channel of this one.")
    if its_guild and (missing := needed & ~await _permissions(line, its_guild, found)):
        raise ConfigError(f"the bot lacks in {name}: {_words(missing)}. Give it in the channel.")
    return name


def _refuse_kind(found: Answer, name: str) -> None:
    kind = found["type"]
    if kind in _OF_NO_GUILD:
        raise ConfigError(f"channel {found['id']} is no channel of a guild. Correct the id.")
    if kind not in [*_KINDS]:
        raise ConfigError(f"{name} is a channel of a kind that is not known here. {_ANOTHER}")
    if kind not in _TAKE_MESSAGES:
        words = _KINDS(kind).name.replace("_", " ").lower()
        raise ConfigError(f"{name} takes no messages: it is a {words}. {_ANOTHER}")
    state = found.get("thread_metadata") or {}
    if state.get("archived") or state.get("locked"):
        raise ConfigError(f"the thread {name} is archived or locked. Open it again, or name another channel.")


async def _permissions(line: Asking, guild: int, channel: Answer) -> hikari.Permissions:
    """Return what the bot may do in a channel, as Discord works it out: its roles, then the channel's overwrites."""
    me = int((await line.get("/users/@me"))["id"])
    member = await line.get("/guilds/{guild}/members/{user}", guild=guild, user=me)
    roles = await line.get("/guilds/{guild}/roles", guild=guild)
    by_id = {int(one["id"]): hikari.Permissions(int(one.get("permissions") or 0)) for one in roles}
    mine = [role for role in map(int, member.get("roles") or ()) if role != guild]
    if channel["type"] not in _THREADS:
        return _granted(_rules(channel), by_id, guild, mine, me)
    granted = _granted(_rules(await _parent_of(line, channel)), by_id, guild, mine, me)  # a thread has its channel's
    send = hikari.Permissions.SEND_MESSAGES
    return granted | send if granted & _IN_THREADS else granted & ~send


async def _parent_of(line: Asking, thread: Answer) -> Answer:
    """Return the channel of a thread; nothing of one that the bot cannot see: then only roles count."""
    try:
        found: Answer = await line.get("/channels/{channel}", channel=int(thread.get("parent_id") or 0))
    except NOT_THERE:
        return {}
    return found


def _rules(channel: Answer) -> dict[int, tuple[hikari.Permissions, hikari.Permissions]]:
    """Return what a channel allows and denies, by the id of a role or member."""
    found = channel.get("permission_overwrites") or ()
    return {int(one["id"]): (_bits(one, "allow"), _bits(one, "deny")) for one in found}


def _bits(overwrite: Answer, key: str) -> hikari.Permissions:
    return hikari.Permissions(int(overwrite.get(key) or 0))


def _granted(
    rules: Mapping[int, tuple[hikari.Permissions, hikari.Permissions]],
    roles: Mapping[int, hikari.Permissions], guild: int, mine: Sequence[int], me: int,
) -> hikari.Permissions:  # fmt: skip
    granted = hikari.Permissions.NONE
    for one in (guild, *mine):
        granted |= roles.get(one, hikari.Permissions.NONE)
    if granted & hikari.Permissions.ADMINISTRATOR:
        return hikari.Permissions.all_permissions()
    for group in ([guild], mine, [me]):  # everybody, the bot's roles together, the bot itself
        overwrites = [rules[one] for one in group if one in rules]
        for _, deny in overwrites:
            granted &= ~deny
        for allow, _ in overwrites:
            granted |= allow
    return granted


def _words(permissions: hikari.Permissions) -> str:
    """Return permissions as Discord's settings call them: ``Send Messages, Embed Links``."""
    return ", ".join((one.name or "").replace("_", " ").title() for one in permissions.split())
