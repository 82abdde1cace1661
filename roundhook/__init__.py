"""What plugin authors import: the base class, the context, the hook marker, the events and the errors."""

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
    "clean_name",
    "escape_markdown",
    "hookimpl",
    "plugin_of",
]
