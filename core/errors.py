"""The error tree. A class exists because somebody reacts differently to it.

RoundhookError
├── ConfigError            the owner must change a setting; never retried
│   └── NotAllowedError    the bot's user on a game server may not do that there: it is done by hand, or not at all
├── PluginError            a plugin broke the contract; it is not loaded, the others are
│   └── ManifestError      its manifest.toml cannot be read or asks for what does not exist
├── PeerUnavailableError   game server, Discord or database away; retried with backoff
│   └── DatabaseAwayError  the database: told once for all who meet it
├── CallError              what another plugin offers was called in vain; its log has the traceback
│   └── PluginUnavailableError  nobody is there to answer: it is off, failed, not installed, or waits for the caller
├── BadInputError          a file or message from outside that cannot be taken; told once, never retried
└── UserFacingError        its text is the reply in Discord

Bugs stay TypeError, KeyError, ...: never wrapped, always a traceback.
"""


class RoundhookError(Exception):
    """The root; its text says what was found, what was wanted, and what to do."""


class ConfigError(RoundhookError):
    """A setting is wrong or missing. The text names the key, the value found and the remedy."""


class NotAllowedError(ConfigError):
    """The bot's user on a game server lacks a right. The text names user, path and remedy."""


class PluginError(RoundhookError):
    """A plugin cannot be loaded, or did what the contract forbids. The text names the plugin."""


class ManifestError(PluginError):
    """A plugin's manifest.toml is not usable. The text names the file and the key."""


class PeerUnavailableError(RoundhookError):
    """The other side is away or broke off. The work may be tried again later."""


class DatabaseAwayError(PeerUnavailableError):
    """The database cannot be read or written now; what was to be written is tried again."""


class CallError(RoundhookError):
    """What another plugin offers was called in vain. The text names the offer and what went wrong."""


class PluginUnavailableError(CallError):
    """No plugin that runs offers that, or it waits for the caller itself. The text says which, and what to do."""


class BadInputError(RoundhookError):
    """What came from outside is malformed, forged or too large. Trying again cannot help."""


class UserFacingError(RoundhookError):
    """A command cannot be carried out; the text is shown to the user as it is."""
