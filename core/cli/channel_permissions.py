"""What the bot may do in a channel, as Discord works it out: its roles, then the channel's overwrites."""

import hikari

ANNOUNCE = (
    hikari.Permissions.VIEW_CHANNEL
    | hikari.Permissions.SEND_MESSAGES
    | hikari.Permissions.EMBED_LINKS
    | hikari.Permissions.ATTACH_FILES
)
REPORT = hikari.Permissions.VIEW_CHANNEL | hikari.Permissions.SEND_MESSAGES
READ = hikari.Permissions.VIEW_CHANNEL | hikari.Permissions.READ_MESSAGE_HISTORY


def permissions_in(
    channel: hikari.PermissibleGuildChannel, member: hikari.Member, roles: dict[hikari.Snowflake, hikari.Permissions]
) -> hikari.Permissions:
    """Return what *member* may do in *channel*; *roles* are the permissions of the guild's roles by id."""
    everyone = hikari.Snowflake(channel.guild_id)
    mine = [one for one in member.role_ids if one != everyone]
    granted = roles.get(everyone, hikari.Permissions.NONE)
    for one in mine:
        granted |= roles.get(one, hikari.Permissions.NONE)
    if granted & hikari.Permissions.ADMINISTRATOR:
        return hikari.Permissions.all_permissions()
    for group in ([everyone], mine, [member.id]):
        overwrites = [found for one in group if (found := channel.permission_overwrites.get(one)) is not None]
        for overwrite in overwrites:
            granted &= ~overwrite.deny
        for overwrite in overwrites:
            granted |= overwrite.allow
    return granted


def words(permissions: hikari.Permissions) -> str:
    """Return permissions as Discord's settings call them: ``Send Messages, Embed Links``."""
    return ", ".join((one.name or "").replace("_", " ").title() for one in permissions.split())
