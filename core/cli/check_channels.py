"""Looks at guilds and channels: are they there, of a kind that takes messages, and what may the bot do in them."""

from collections.abc import AsyncIterator

import hikari

from core.config import Config

READ = hikari.Permissions.VIEW_CHANNEL | hikari.Permissions.READ_MESSAGE_HISTORY
REPORT = READ | hikari.Permissions.SEND_MESSAGES
ANNOUNCE = REPORT | hikari.Permissions.EMBED_LINKS | hikari.Permissions.ATTACH_FILES
"""Without the message history nobody can see whether a message, whose answer was lost, has been posted."""
_ANOTHER = "Name a text channel, an announcement channel or an open thread."


async def look_at_channels(client: hikari.api.RESTClient, config: Config) -> AsyncIterator[tuple[str, str]]:
    """Give each guild and channel with what is wrong there and how to mend it, "" if nothing is."""
    for guild, settings in config.guilds.items():
        try:
            yield f"guild {guild}: {(await client.fetch_guild(guild)).name}", ""
        except (hikari.ForbiddenError, hikari.NotFoundError):
            yield (
                f"guild {guild}: the bot is not in it. ",
                "Invite it with the scopes bot and applications.commands, or remove it from the settings.",
            )
            continue
        for key, needed in (("stats_channel", ANNOUNCE), ("admin_channel", REPORT)):
            if channel := getattr(settings, key):
                yield await _looked_at(client, f"guilds.{guild}.{key}", channel, needed, guild)
    if control := config.discord.control_channel:
        yield await _looked_at(client, "discord.control_channel", control, READ, None)


async def _looked_at(
    client: hikari.api.RESTClient, key: str, channel: int, needed: hikari.Permissions, guild: int | None
) -> tuple[str, str]:
    try:
        found = await client.fetch_channel(channel)
        if not isinstance(found, hikari.GuildChannel):
            return f"{key} {channel}: no channel of a guild. ", "Correct the id."
        if guild is not None and found.guild_id != guild:
            return f"{key} {channel}: it belongs to the guild {found.guild_id}. ", "Correct the id."
        if not isinstance(found, hikari.TextableGuildChannel):
            return f"{key}: #{found.name} takes no messages: it is a {_kind(found)}. ", _ANOTHER
        if isinstance(found, hikari.GuildThreadChannel) and (found.is_archived or found.is_locked):
            return f"{key}: the thread {found.name} is archived or locked. ", "Open it again, or name another channel."
        missing = needed & ~await _permissions(client, found)
    except hikari.UnrecognisedEntityError:
        return f"{key} {channel}: a channel of a kind that is not known here. ", _ANOTHER
    except (hikari.ForbiddenError, hikari.NotFoundError):
        return f"{key} {channel}: not there for the bot. ", "Correct the id, or let the bot view the channel."
    if missing:
        return f"{key}: the bot lacks in #{found.name}: {_words(missing)}. ", "Give it in the channel."
    return f"{key}: #{found.name}", ""


async def _permissions(client: hikari.api.RESTClient, channel: hikari.GuildChannel) -> hikari.Permissions:
    """Return what the bot may do in a channel, as Discord works it out: its roles, then the channel's overwrites."""
    member = await client.fetch_member(channel.guild_id, await client.fetch_my_user())
    roles = {role.id: role.permissions for role in await client.fetch_roles(channel.guild_id)}
    if isinstance(channel, hikari.GuildThreadChannel):  # a thread has the overwrites of its channel
        granted = _granted(await _parent_of(client, channel), member, roles)
        may = bool(granted & hikari.Permissions.SEND_MESSAGES_IN_THREADS)
        return granted | hikari.Permissions.SEND_MESSAGES if may else granted & ~hikari.Permissions.SEND_MESSAGES
    return _granted(channel, member, roles)


async def _parent_of(client: hikari.api.RESTClient, thread: hikari.GuildThreadChannel) -> object:
    """Return the channel of a thread; None if the bot cannot see it: then only roles count."""
    try:
        return await client.fetch_channel(thread.parent_id)
    except (hikari.ForbiddenError, hikari.NotFoundError, hikari.UnrecognisedEntityError):
        return None


def _granted(
    channel: object, member: hikari.Member, roles: dict[hikari.Snowflake, hikari.Permissions]
) -> hikari.Permissions:
    everyone = hikari.Snowflake(member.guild_id)
    mine = [one for one in member.role_ids if one != everyone]
    granted = roles.get(everyone, hikari.Permissions.NONE)
    for one in mine:
        granted |= roles.get(one, hikari.Permissions.NONE)
    if granted & hikari.Permissions.ADMINISTRATOR:
        return hikari.Permissions.all_permissions()
    rules = channel.permission_overwrites if isinstance(channel, hikari.PermissibleGuildChannel) else {}
    for group in ([everyone], mine, [member.id]):
        overwrites = [found for one in group if (found := rules.get(one)) is not None]
        for overwrite in overwrites:
            granted &= ~overwrite.deny
        for overwrite in overwrites:
            granted |= overwrite.allow
    return granted


def _kind(channel: hikari.GuildChannel) -> str:
    kind = channel.type
    return kind.name.replace("_", " ").lower() if isinstance(kind, hikari.ChannelType) else f"channel of type {kind}"


def _words(permissions: hikari.Permissions) -> str:
    """Return permissions as Discord's settings call them: ``Send Messages, Embed Links``."""
    return ", ".join((one.name or "").replace("_", " ").title() for one in permissions.split())
