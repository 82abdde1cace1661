"""Gateway intents: which events need which, and what is hidden without message content."""

from devkit.discord.shapes import Payload
from devkit.discord.world import BOT_ID

GUILDS = 1 << 0
GUILD_MEMBERS = 1 << 1
GUILD_WEBHOOKS = 1 << 5
GUILD_PRESENCES = 1 << 8
GUILD_MESSAGES = 1 << 9
GUILD_REACTIONS = 1 << 10
GUILD_TYPING = 1 << 11
MESSAGE_CONTENT = 1 << 15
PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT
KNOWN = (1 << 26) - 1

NEEDED = {
    "GUILD_CREATE": GUILDS,
    "CHANNEL_UPDATE": GUILDS,
    "GUILD_MEMBER_ADD": GUILD_MEMBERS,
    "WEBHOOKS_UPDATE": GUILD_WEBHOOKS,
    "MESSAGE_CREATE": GUILD_MESSAGES,
    "MESSAGE_UPDATE": GUILD_MESSAGES,
    "MESSAGE_DELETE": GUILD_MESSAGES,
    "MESSAGE_REACTION_ADD": GUILD_REACTIONS,
    "MESSAGE_REACTION_REMOVE": GUILD_REACTIONS,
    "TYPING_START": GUILD_TYPING,
}
"""The intent of each event; an event that is not here needs none (READY, INTERACTION_CREATE)."""


def seen_with(intents: int, name: str, data: Payload) -> Payload | None:
    """Return *data* as a session with these intents gets it; None when it does not get it at all."""
    needed = NEEDED.get(name, 0)
    if needed and not intents & needed:
        return None
    if name in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and not intents & MESSAGE_CONTENT:
        return without_content(data)
    return data


def without_content(message: Payload) -> Payload:
    """Return a message as an application without message content sees it: its own and mentions stay whole."""
    whole = message["author"]["id"] == str(BOT_ID) or any(user["id"] == str(BOT_ID) for user in message["mentions"])
    return message if whole else {**message, "content": "", "embeds": [], "attachments": [], "components": []}
