"""What a first plugin needs: the base class, the context, the hook marker, the events, messages and errors.

The rest stands in ``roundhook.rounds``, ``.db``, ``.commands``, ``.cli``, ``.pictures`` and ``.testing``: all that a
plugin imports.
"""

from typing import Any

from core.clock import Clock
from core.config import Secret
from core.context import Context
from core.db.ddl import statements
from core.discord.messages import Content, Embed, Field, File, Message, escape_markdown
from core.errors import (
    BadInputError,
    ConfigError,
    ManifestError,
    PeerUnavailableError,
    PluginError,
    RoundhookError,
    UserFacingError,
)
from core.kernel.contracts import Event
from core.kernel.manifest import Settings
from core.plugin import Plugin, hookimpl, plugin_of
from core.rounds.events import FetchedFile, ImportedRound, Pause, PlayerRef, RoundAmended, RoundNotice
from core.rounds.files import Files
from core.rounds.names import clean_name
from core.servers.remote_files import RemoteFiles
from core.servers.ssh import Server
from core.servers.webhooks import accept_webhook

__all__ = [
    "BadInputError", "Clock", "ConfigError", "Content", "Context", "Embed", "Event", "FetchedFile", "Field", "File",
    "Files", "ImportedRound", "ManifestError", "Message", "Pause", "PeerUnavailableError", "PlayerRef", "Plugin",
    "PluginError", "RemoteFiles", "RoundAmended", "RoundNotice", "RoundhookError", "Secret", "Server", "Settings",
    "UserFacingError", "accept_webhook", "admins_only", "clean_name", "escape_markdown", "hookimpl", "plugin_of",
    "statements",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "admins_only":  # heavy: it brings lightbulb, which an import of old files does without
        from core.discord.permissions import admins_only

        return admins_only
    raise AttributeError(f"module 'roundhook' has no attribute {name!r}")
