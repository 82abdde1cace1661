"""What a first plugin needs: the base class, the context, the hook marker, the events, messages and errors.

The rest stands in ``roundhook.rounds``, ``.db``, ``.commands``, ``.cli``, ``.pictures`` and ``.testing``: all that a
plugin imports. Each name is imported when it is first asked for: the terminal does without most.
"""

import importlib
from typing import TYPE_CHECKING, Any

from roundhook import beside

if TYPE_CHECKING:
    from core.clock import Clock as Clock
    from core.config import Secret as Secret
    from core.context import Context as Context
    from core.db.ddl import statements as statements
    from core.discord.messages import Content as Content
    from core.discord.messages import Embed as Embed
    from core.discord.messages import Field as Field
    from core.discord.messages import File as File
    from core.discord.messages import Message as Message
    from core.discord.permissions import admins_only as admins_only
    from core.errors import BadInputError as BadInputError
    from core.errors import CallError as CallError
    from core.errors import ConfigError as ConfigError
    from core.errors import ManifestError as ManifestError
    from core.errors import NotAllowedError as NotAllowedError
    from core.errors import PeerUnavailableError as PeerUnavailableError
    from core.errors import PluginError as PluginError
    from core.errors import PluginUnavailableError as PluginUnavailableError
    from core.errors import RoundhookError as RoundhookError
    from core.errors import UserFacingError as UserFacingError
    from core.kernel.contracts import Event as Event
    from core.kernel.kinds import event as event
    from core.kernel.options import Settings as Settings
    from core.plugin import Plugin as Plugin
    from core.plugin import hookimpl as hookimpl
    from core.plugin import offer as offer
    from core.plugin import plugin_of as plugin_of
    from core.rounds.events import FetchedFile as FetchedFile
    from core.rounds.events import ImportedRound as ImportedRound
    from core.rounds.events import Pause as Pause
    from core.rounds.events import PlayerRef as PlayerRef
    from core.rounds.events import RoundAmended as RoundAmended
    from core.rounds.events import RoundNotice as RoundNotice
    from core.rounds.files import Files as Files
    from core.rounds.names import clean_name as clean_name
    from core.servers.remote_files import RemoteFiles as RemoteFiles
    from core.servers.ssh import Server as Server
    from core.servers.webhooks import accept_webhook as accept_webhook
    from core.shown import code as code
    from core.shown import code_block as code_block
    from core.shown import escape_markdown as escape_markdown
    from core.shown import one_line as one_line
    from core.shown import report_text as report_text

_PLACES = {
    "core.clock": ("Clock",),
    "core.config": ("Secret",),
    "core.context": ("Context",),
    "core.db.ddl": ("statements",),
    "core.discord.messages": ("Content", "Embed", "Field", "File", "Message"),
    "core.discord.permissions": ("admins_only",),
    "core.errors": (
        "BadInputError", "CallError", "ConfigError", "ManifestError", "NotAllowedError", "PeerUnavailableError",
        "PluginError", "PluginUnavailableError", "RoundhookError", "UserFacingError",
    ),
    "core.kernel.contracts": ("Event",),
    "core.kernel.kinds": ("event",),
    "core.kernel.options": ("Settings",),
    "core.plugin": ("Plugin", "hookimpl", "offer", "plugin_of"),
    "core.rounds.events": ("FetchedFile", "ImportedRound", "Pause", "PlayerRef", "RoundAmended", "RoundNotice"),
    "core.rounds.files": ("Files",),
    "core.rounds.names": ("clean_name",),
    "core.servers.remote_files": ("RemoteFiles",),
    "core.servers.ssh": ("Server",),
    "core.servers.webhooks": ("accept_webhook",),
    "core.shown": ("code", "code_block", "escape_markdown", "one_line", "report_text"),
}  # fmt: skip
_HOMES = {name: place for place, names in _PLACES.items() for name in names}

__all__ = sorted(_HOMES)

beside.check()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'roundhook' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return value
