"""manifest.toml → Manifest, read without importing any of the plugin's code."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from core.errors import ConfigError, ManifestError
from core.kernel.document import FILE, NAME, Document, line_of, read_document
from core.kernel.intents import read_intents
from core.kernel.options import Option, Settings, read_option, usable
from core.kernel.requirements import KEYS as REQUIREMENTS
from core.kernel.requirements import read_packages, read_requires, read_roundhook
from core.likeness import did_you_mean
from core.secret import read_secret, shown

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

API = 1
"""The contract's number; it rises only when something breaks, and the kernel supports the last two."""
SUPPORTED_APIS = frozenset({API, API - 1} - {0})

DEFAULT_LIMIT = 10.0
"""Seconds that a handler may take unless the manifest's [limits] say otherwise."""

_COMMAND = re.compile(r"[a-z][a-z0-9-]*( [a-z][a-z0-9-]*)?")
_PLUGIN_KEYS: dict[str, Any] = {
    "name": (str,), "version": (str,), "api": (int,), "summary": (str, ""), "author": (str, ""), "licence": (str, ""),
    "homepage": (str, ""), "scope": (str, "guild"), "priority": (int, 100), "catch_up": (bool, False),
    "offline": (bool, False),
}  # fmt: skip
"""Each with its type, and its default where it may be left out."""


class Manifest(Struct, frozen=True):
    """What a plugin says about itself."""

    name: str
    version: str
    api: int
    folder: Path
    summary: str = ""
    author: str = ""
    licence: str = ""
    homepage: str = ""
    scope: Literal["guild", "global"] = "guild"
    priority: int = 100
    catch_up: bool = False
    offline: bool = False
    """Runs in a process without Discord too."""
    requires: "tuple[Requirement, ...]" = ()
    """Other plugins, each with the versions that will do."""
    packages: "tuple[Requirement, ...]" = ()
    """Distributions that must be installed."""
    roundhook: "SpecifierSet | None" = None
    intents: tuple[str, ...] = ()
    """What of Discord's events it asks for, besides what the bot itself does."""
    limits: Mapping[str, float] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    cli: Mapping[str, str] = field(default_factory=dict)
    """Commands in the terminal, of one word or two, each with a line of help."""
    text: str = ""
    """The file as it was read."""

    def order(self) -> tuple[int, str]:
        """Return the place among plugins of one stage: never by load order."""
        return (self.priority, self.name)

    def limit(self, hook: str) -> float:
        """Return the seconds that this plugin's handler of *hook*, or its offer of that name, may take."""
        return self.limits.get(hook, DEFAULT_LIMIT)

    def check_limits(self, hooks: Iterable[str], offers: Iterable[str] = ()) -> None:
        """Refuse limits of what is neither a hook nor offered by the plugin (``ManifestError``)."""
        for name in set(self.limits).difference(hooks, offers):
            where = f"{self.folder}/{self.place('limits', name)}"
            known = f"The hooks are {', '.join(hooks)}. It offers {', '.join(offers) or 'nothing'}."
            raise ManifestError(f"{self.name}: {where}: limits.{name} is no hook and no offer. {known}")

    def place(self, *path: str) -> str:
        """Return ``manifest.toml:line`` of a key, as in ``place("plugin", "name")``."""
        return f"{FILE}:{line_of(self.text, path)}"

    def settings(
        self, values: Mapping[str, Any], rows: Mapping[str, Any] = MappingProxyType({}), folder: Path = Path()
    ) -> Settings:
        """Return what the plugin reads: what *rows* has, else the ``[plugin.<name>]`` table *values*, else defaults.

        A mistake in *values*, and a secret that is not there, is a ``ConfigError``; a row that is no value any more is
        left aside. Files that secrets are in count from *folder*.
        """
        known = {option.key: option for option in self.options}
        for key, value in values.items():
            if key not in known:
                declared = [f"{one} ({self.place('config', one)})" for one in sorted(known)]
                raise ConfigError(
                    f"plugin.{self.name}.{key} (= {shown(key, value)}) is not a setting of this plugin. "
                    f"{did_you_mean(key, known)}"
                    f"Known: {', '.join(declared or ['none (' + self.place('config') + ')'])}. Correct or remove it."
                )
        checked = {key: self._checked(option, values, folder) for key, option in known.items()}
        over = {key: usable(known[key], value) for key, value in rows.items() if key in known}
        return Settings(checked | {key: value for key, value in over.items() if value is not None})

    def _checked(self, option: Option, values: Mapping[str, Any], folder: Path) -> Any:
        where = f"plugin.{self.name}.{option.key}"
        try:
            value = option.typed(where, values.get(option.key, option.default))
            return read_secret(where, value, folder) if option.secret and value is not None else value
        except ConfigError as error:
            raise ConfigError(f"{error} It is declared in {self.place('config', option.key)}.") from None


def read_manifest(folder: Path) -> Manifest:
    """Read ``manifest.toml`` in *folder*; a ``ManifestError`` names plugin, file and line."""
    return _manifest(read_document(folder))


def _manifest(document: Document) -> Manifest:
    document.table(known={"plugin", "limits", "config", "cli"})
    document.table("plugin", known={*_PLUGIN_KEYS, *REQUIREMENTS, "intents"})
    plugin = {key: document.value(("plugin", key), *kind) for key, kind in _PLUGIN_KEYS.items()}
    _check(document, **plugin)
    limits = {hook: _limit(document, hook) for hook in document.table("limits")}
    options = tuple(read_option(document, key) for key in document.table("config"))
    cli = {name: _command(document, name) for name in document.table("cli")}
    return Manifest(
        **plugin, folder=document.file.parent, limits=limits, options=options, cli=cli, text=document.text,
        requires=read_requires(document), packages=read_packages(document), roundhook=read_roundhook(document),
        intents=read_intents(document),
    )  # fmt: skip


def _check(document: Document, *, name: str, api: int, scope: str, **_: Any) -> None:
    if not NAME.fullmatch(name):
        raise document.wrong(("plugin", "name"), f"is '{name}'. Use a-z, 0-9 and _, beginning with a letter.")
    if api not in SUPPORTED_APIS:
        remedy = "Update roundhook." if api > API else "Update the plugin."
        raise document.wrong(("plugin", "api"), f"is {api}, this roundhook supports {sorted(SUPPORTED_APIS)}. {remedy}")
    if scope not in ("guild", "global"):
        raise document.wrong(("plugin", "scope"), f'is \'{scope}\'. It is "guild" or "global".')


def _limit(document: Document, hook: str) -> float:
    seconds = document.table("limits")[hook]
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0:
        raise document.wrong(("limits", hook), f"is {seconds!r}. Write a number of seconds above 0.")
    return float(seconds)


def _command(document: Document, name: str) -> str:
    summary: str = document.value(("cli", name), str)
    if not _COMMAND.fullmatch(name) or not summary.strip():
        raise document.wrong(("cli", name), "is no command. Write one word or two of a-z, and a line of help.")
    return summary
