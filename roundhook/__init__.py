"""What plugin authors import: the base class, the context, the hook marker, the events and the errors."""

from typing import Any

from core.db.ddl import statements
from core.errors import (
    BadInputError,
    ConfigError,
    ManifestError,
    PeerUnavailableError,
    PluginError,
    RoundhookError,
    UserFacingError,
)
from core.events import FetchedFile, ImportedRound, Pause, PlayerRef, RoundAmended, RoundNotice
from core.messages import Embed, Field, File, Message
from core.names import clean_name, escape_markdown
from core.plugin import Context, Plugin, hookimpl, plugin_of

__all__ = [
    "BadInputError",
    "ConfigError",
    "Context",
    "Embed",
    "FetchedFile",
    "Field",
    "File",
    "ImportedRound",
    "ManifestError",
    "Message",
    "Pause",
    "PeerUnavailableError",
    "PlayerRef",
    "Plugin",
    "PluginError",
    "RoundAmended",
    "RoundNotice",
    "RoundhookError",
    "UserFacingError",
    "admins_only",
    "clean_name",
    "escape_markdown",
    "hookimpl",
    "plugin_of",
    "statements",
]


def __getattr__(name: str) -> Any:
    if name == "admins_only":  # heavy: it brings lightbulb, which an import of old files does without
        from core.discord.permissions import admins_only

        return admins_only
    raise AttributeError(f"module 'roundhook' has no attribute {name!r}")
