"""Gateway intents: which events need which, and what is hidden without message content."""

from devkit.discord.shapes import Payload
from devkit.discord.world import BOT_ID

GUILDS = 1 << 0
GUILD_MEMBERS = 1 << 1
GUILD_WEBHOOKS = 1 << 5
GUILD_VOICE_STATES = 1 << 7
GUILD_PRESENCES = 1 << 8
GUILD_MESSAGES = 1 << 9
GUILD_REACTIONS = 1 << 10
GUILD_TYPING = 1 << 11
DIRECT_MESSAGES = 1 << 12
DIRECT_REACTIONS = 1 << 13
MESSAGE_CONTENT = 1 << 15
SWITCHES = {"guild_members": GUILD_MEMBERS, "guild_presences": GUILD_PRESENCES, "message_content": MESSAGE_CONTENT}
PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT
KNOWN = (1 << 26) - 1

NEEDED = {
    "GUILD_CREATE": GUILDS,
    "CHANNEL_CREATE": GUILDS,
    "CHANNEL_UPDATE": GUILDS,
    "GUILD_MEMBER_ADD": GUILD_MEMBERS,
    "GUILD_MEMBER_UPDATE": GUILD_MEMBERS,
    "GUILD_MEMBER_REMOVE": GUILD_MEMBERS,
    "VOICE_STATE_UPDATE": GUILD_VOICE_STATES,
    "WEBHOOKS_UPDATE": GUILD_WEBHOOKS,
    "MESSAGE_CREATE": GUILD_MESSAGES,
    "MESSAGE_UPDATE": GUILD_MESSAGES,
    "MESSAGE_DELETE": GUILD_MESSAGES,
    "MESSAGE_REACTION_ADD": GUILD_REACTIONS,
    "MESSAGE_REACTION_REMOVE": GUILD_REACTIONS,
    "MESSAGE_REACTION_REMOVE_ALL": GUILD_REACTIONS,
    "MESSAGE_REACTION_REMOVE_EMOJI": GUILD_REACTIONS,
    "TYPING_START": GUILD_TYPING,
}
"""The intent of each event; an event that is not here needs none (READY, INTERACTION_CREATE)."""
_DIRECT = {GUILD_MESSAGES: DIRECT_MESSAGES, GUILD_REACTIONS: DIRECT_REACTIONS}
"""What an event needs instead where it has no guild."""


def seen_with(intents: int, name: str, data: Payload) -> Payload | None:
    """Return *data* as a session with these intents gets it; None when it does not get it at all."""
    needed, direct = NEEDED.get(name, 0), "guild_id" not in data
    needed = _DIRECT.get(needed, needed) if direct else needed
    if needed and not intents & needed:
        return None
    if name == "GUILD_CREATE":
        return _guild_seen_with(intents, data)
    if name in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and not direct and not intents & MESSAGE_CONTENT:
        return without_content(data)
    return data


def without_content(message: Payload) -> Payload:
    """Return a message as an application without message content sees it: its own and mentions stay whole."""
    whole = message["author"]["id"] == str(BOT_ID) or any(user["id"] == str(BOT_ID) for user in message["mentions"])
    return message if whole else {**message, "content": "", "embeds": [], "attachments": [], "components": []}


def _guild_seen_with(intents: int, guild: Payload) -> Payload:
    """Without presences only the bot and who is in a voice channel are listed, without voice states nobody's."""
    if not intents & GUILD_PRESENCES:
        listed = {str(BOT_ID), *(state["user_id"] for state in guild["voice_states"])}
        guild = {**guild, "members": [one for one in guild["members"] if one["user"]["id"] in listed]}
    return guild if intents & GUILD_VOICE_STATES else {**guild, "voice_states": []}
