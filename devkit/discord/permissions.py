"""Permission bits by name, and what the bot and ordinary members have."""

BITS = {
    "KICK_MEMBERS": 1 << 1,
    "BAN_MEMBERS": 1 << 2,
    "ADMINISTRATOR": 1 << 3,
    "MANAGE_CHANNELS": 1 << 4,
    "MANAGE_GUILD": 1 << 5,
    "ADD_REACTIONS": 1 << 6,
    "VIEW_CHANNEL": 1 << 10,
    "SEND_MESSAGES": 1 << 11,
    "SEND_TTS_MESSAGES": 1 << 12,
    "MANAGE_MESSAGES": 1 << 13,
    "EMBED_LINKS": 1 << 14,
    "ATTACH_FILES": 1 << 15,
    "READ_MESSAGE_HISTORY": 1 << 16,
    "MENTION_EVERYONE": 1 << 17,
    "USE_EXTERNAL_EMOJIS": 1 << 18,
    "MANAGE_ROLES": 1 << 28,
    "MANAGE_WEBHOOKS": 1 << 29,
    "USE_APPLICATION_COMMANDS": 1 << 31,
    "SEND_MESSAGES_IN_THREADS": 1 << 38,
}

ADMINISTRATOR = BITS["ADMINISTRATOR"]
ALL = (1 << 51) - 1


def bits(*names: str) -> int:
    """Return the permissions *names* as one number.

    Raises:
        LookupError: a name is not known here.
    """
    total = 0
    for name in names:
        if name not in BITS:
            raise LookupError(f"{name!r} is not a permission that this server knows. Use one of {', '.join(BITS)}.")
        total |= BITS[name]
    return total


MEMBER = bits(
    "VIEW_CHANNEL",
    "SEND_MESSAGES",
    "EMBED_LINKS",
    "ATTACH_FILES",
    "READ_MESSAGE_HISTORY",
    "ADD_REACTIONS",
    "USE_EXTERNAL_EMOJIS",
    "USE_APPLICATION_COMMANDS",
    "SEND_MESSAGES_IN_THREADS",
)
BOT = MEMBER | bits("MANAGE_MESSAGES", "MANAGE_WEBHOOKS", "MENTION_EVERYONE")
