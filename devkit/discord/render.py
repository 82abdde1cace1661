"""The world's objects as the JSON that Discord sends."""

from devkit.discord import permissions
from devkit.discord.shapes import Payload
from devkit.discord.world import BOT_ID, OWNER_ID, THREADS, VOICE, Channel, Guild, Webhook, World

JOINED_AT = "2024-01-01T00:00:00.000000+00:00"
_NOTHING = (
    "icon",
    "splash",
    "discovery_splash",
    "afk_channel_id",
    "application_id",
    "system_channel_id",
    "rules_channel_id",
    "vanity_url_code",
    "description",
    "banner",
    "public_updates_channel_id",
    "safety_alerts_channel_id",
    "max_presences",
)
_ZERO = (
    "verification_level",
    "default_message_notifications",
    "explicit_content_filter",
    "mfa_level",
    "system_channel_flags",
    "premium_tier",
    "premium_subscription_count",
    "nsfw_level",
)


def channel_json(channel: Channel) -> Payload:
    """A channel."""
    if channel.recipient:
        return {
            "id": str(channel.id),
            "type": channel.kind,
            "last_message_id": None,
            "recipients": [channel.recipient],
            "flags": 0,
        }
    overwrite = {"id": str(BOT_ID), "type": 1, "allow": "0", "deny": str(channel.denied)}
    voice = {"bitrate": 64000, "user_limit": 0, "rtc_region": None} if channel.kind in VOICE else {}
    thread: Payload = {}
    if channel.kind in THREADS:
        state = {"archived": False, "auto_archive_duration": 1440, "archive_timestamp": "2026-01-01T00:00:00+00:00"}
        thread = {"owner_id": str(BOT_ID), "member_count": 1, "message_count": 0}
        thread["thread_metadata"] = state | {"locked": channel.locked}
    return (
        voice
        | {
            "id": str(channel.id),
            "type": channel.kind,
            "guild_id": str(channel.guild_id),
            "name": channel.name,
            "position": channel.position,
            "permission_overwrites": [overwrite] if channel.denied else [],
            "topic": None,
            "nsfw": False,
            "parent_id": str(channel.id) if thread else None,
            "rate_limit_per_user": 0,
            "last_message_id": str(channel.last_message_id) if channel.last_message_id else None,
            "flags": 0,
        }
        | thread
    )


def role_json(guild: Guild, role_id: int) -> Payload:
    """A role; the bot's own carries the bot's permissions."""
    mine = role_id == guild.bot_role
    role: Payload = {
        "id": str(role_id),
        "name": guild.roles[role_id],
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": 0 if role_id == guild.id else 1,
        "permissions": str(permissions.BOT if mine else permissions.MEMBER if role_id == guild.id else 0),
        "managed": mine,
        "mentionable": False,
        "flags": 0,
    }
    return role | {"tags": {"bot_id": str(BOT_ID)}} if mine else role


def member_json(world: World, guild: Guild, user_id: int, *, with_user: bool = True) -> Payload:
    """A member of a guild."""
    member: Payload = {
        "roles": [str(role) for role in sorted(world.join(guild, user_id))],
        "nick": guild.nicks.get(user_id),
        "avatar": None,
        "banner": None,
        "joined_at": JOINED_AT,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
        "communication_disabled_until": None,
    }
    return member | {"user": world.user(user_id)} if with_user else member


def guild_json(guild: Guild) -> Payload:
    """A guild as REST returns it."""
    return {
        **dict.fromkeys(_NOTHING),
        **dict.fromkeys(_ZERO, 0),
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(OWNER_ID),
        "afk_timeout": 300,
        "features": [],
        "emojis": [],
        "stickers": [],
        "preferred_locale": "en-US",
        "max_members": 500000,
        "max_video_channel_users": 25,
        "widget_enabled": False,
        "widget_channel_id": None,
        "premium_progress_bar_enabled": False,
        "incidents_data": None,
        "roles": [role_json(guild, role) for role in sorted(guild.roles)],
    }


def gateway_guild_json(world: World, guild: Guild) -> Payload:
    """A guild as GUILD_CREATE brings it: with channels, members and the rest."""
    return {
        **guild_json(guild),
        "joined_at": JOINED_AT,
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [member_json(world, guild, user_id) for user_id in sorted(guild.members)],
        "channels": [channel_json(channel) for channel in world.channels_of(guild.id)],
        "voice_states": list(guild.voice.values()),
        **{key: [] for key in ("threads", "presences", "stage_instances", "guild_scheduled_events")},
    }


def voice_json(guild: Guild, user_id: int, channel: Channel, *, muted: bool, deafened: bool) -> Payload:
    """A member in a voice channel."""
    return {
        "user_id": str(user_id),
        "channel_id": str(channel.id),
        "session_id": f"{guild.id:x}{user_id:x}",
        "deaf": False,
        "mute": False,
        "self_deaf": deafened,
        "self_mute": muted or deafened,
        "self_video": False,
        "suppress": False,
        "request_to_speak_timestamp": None,
    }


def me_json(world: World) -> Payload:
    """The bot's own user."""
    return {**world.users[BOT_ID], "mfa_enabled": True, "flags": 0, "verified": True, "email": None, "locale": "en-US"}


def application_json(world: World, flags: int) -> Payload:
    """The bot's application."""
    return {
        "id": str(BOT_ID),
        "name": "roundhook",
        "icon": None,
        "description": "",
        "bot_public": False,
        "bot_require_code_grant": False,
        "owner": world.users[OWNER_ID],
        "team": None,
        "verify_key": "00" * 32,
        "flags": flags,
        "bot": world.users[BOT_ID],
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "integration_types_config": {"0": {}},
    }


def webhook_json(world: World, webhook: Webhook, *, with_user: bool) -> Payload:
    """An incoming webhook."""
    shown: Payload = {
        "id": str(webhook.id),
        "type": 1,
        "guild_id": str(webhook.guild_id),
        "channel_id": str(webhook.channel_id),
        "name": webhook.name,
        "avatar": None,
        "token": webhook.token,
        "application_id": str(BOT_ID) if webhook.by_bot else None,
        "url": webhook.url,
    }
    return shown | {"user": world.users[BOT_ID if webhook.by_bot else OWNER_ID]} if with_user else shown
