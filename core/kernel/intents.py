"""Gateway intents by name: what a manifest may ask Discord for, and what needs a switch in the Developer Portal."""

import difflib
import json
from collections.abc import Iterable

from core.kernel.document import Document

INTENTS = {
    "guilds": 1 << 0, "guild_members": 1 << 1, "guild_moderation": 1 << 2, "guild_emojis": 1 << 3,
    "guild_integrations": 1 << 4, "guild_webhooks": 1 << 5, "guild_invites": 1 << 6, "guild_voice_states": 1 << 7,
    "guild_presences": 1 << 8, "guild_messages": 1 << 9, "guild_message_reactions": 1 << 10,
    "guild_message_typing": 1 << 11, "dm_messages": 1 << 12, "dm_message_reactions": 1 << 13,
    "dm_message_typing": 1 << 14, "message_content": 1 << 15, "guild_scheduled_events": 1 << 16,
    "auto_moderation_configuration": 1 << 20, "auto_moderation_execution": 1 << 21, "guild_message_polls": 1 << 24,
    "direct_message_polls": 1 << 25,
}  # fmt: skip
"""The names of hikari.Intents in small letters: hikari itself is slow to import."""
SWITCHES = {
    "guild_members": ("Server Members Intent", (1 << 14) | (1 << 15)),
    "guild_presences": ("Presence Intent", (1 << 12) | (1 << 13)),
    "message_content": ("Message Content Intent", (1 << 18) | (1 << 19)),
}
"""The privileged ones: what the switch is called in the portal, and the application's flags that tell that it is on."""
KEY = ("plugin", "intents")


def bits(names: Iterable[str]) -> int:
    """Return intents as Discord counts them."""
    return sum({INTENTS[name] for name in names})


def names_of(intents: int) -> list[str]:
    """Return the names of intents."""
    return [name for name, bit in INTENTS.items() if intents & bit]


OWN = bits(["guilds", "guild_messages", "message_content"])
"""What the bot itself asks for."""
PRIVILEGED = bits(SWITCHES)


def lacking(flags: int) -> int:
    """Return the privileged intents that an application with these flags is not granted."""
    return bits(name for name, (_, granted) in SWITCHES.items() if not flags & granted)


def line_for(intents: int) -> str:
    """Return the manifest's line that asks for intents."""
    return f"intents = {json.dumps(names_of(intents))}"


def read_intents(document: Document) -> tuple[str, ...]:
    """Return the names under ``intents``; one that there is not is a ``ManifestError``."""
    names = document.value(KEY, list, [])
    for name in names:
        if not isinstance(name, str) or name not in INTENTS:
            near = ", ".join(difflib.get_close_matches(str(name).lower(), INTENTS, cutoff=0.0))
            raise document.wrong(KEY, f"holds {str(name)[:100]!r}, which is no intent. The nearest are {near}.")
    return tuple(names)
