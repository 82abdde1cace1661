"""Commands: the difference between what the plugins offer and what Discord has, sent once for each scope that differs.

lightbulb's own synchronisation leaves ``default_member_permissions`` out of its comparison and never looks at a guild
in which nothing is registered any more, so the comparison is ours.
"""

import asyncio
import functools
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import hikari

from core.clock import Clock
from core.config import Guild
from core.discord.client import Command

log = logging.getLogger(__name__)

DEBOUNCE_SECONDS = 5.0
RETRY_SECONDS = 60.0
"""When Discord does not answer."""
GLOBAL = 0
"""The scope of global commands; ours are registered in guilds, so what is found there is left over and removed."""


Translations = Mapping[str, Mapping[str, str]]
"""By Discord's code of a language (``de``): a command's words, by what stands in the class."""
Commands = Callable[[], Iterable[tuple[Command, Translations]]]


class CommandSync:
    """Keeps Discord's commands equal to ours. ``run`` must be running."""

    def __init__(
        self, rest: hikari.api.RESTClient, guilds: Mapping[int, Guild], commands: Commands, clock: Clock
    ) -> None:  # fmt: skip
        self._rest, self._guilds, self._commands, self._clock = rest, guilds, commands, clock
        self._wanted, self._lock = asyncio.Event(), asyncio.Lock()
        self._application = 0
        self._known: dict[int, str] = {}
        """Digest of what Discord has, by scope, since it was last looked at or set."""

    def soon(self) -> None:
        """Synchronise in a while; several calls within some seconds are one."""
        self._wanted.set()

    async def run(self) -> None:
        """Synchronise whenever it was asked for and the debounce time has passed."""
        while True:
            await self._wanted.wait()
            await self._clock.sleep(DEBOUNCE_SECONDS)
            try:
                await self.flush()
            except (hikari.ForbiddenError, hikari.NotFoundError, hikari.BadRequestError) as error:
                log.error("commands could not be registered: %s. Tried again with the next change.", error)
            except Exception:
                log.exception("commands could not be registered; tried again in %g s", RETRY_SECONDS)
                await self._clock.sleep(RETRY_SECONDS)
                self._wanted.set()

    async def flush(self, *, force: bool = False) -> None:
        """Synchronise now if asked to (or *force*); where Discord refuses (``HikariError``) it keeps what it had."""
        async with self._lock:
            if not (force or self._wanted.is_set()):
                return
            self._wanted.clear()
            refusals = []
            for guild, settings in self._guilds.items():
                builders = await build(self._commands(), shown_to_all=bool(settings.admin_roles))
                try:
                    await self._sync_scope(guild, builders, _digest(builders))
                except hikari.HikariError as error:  # the other guilds get theirs
                    refusals.append(error)
            if GLOBAL not in self._known:
                await self._sync_scope(GLOBAL, [], _digest([]))
            if refusals:
                raise refusals[0]

    async def _sync_scope(self, scope: int, builders: Sequence[hikari.api.CommandBuilder], digest: str) -> None:
        if self._known.get(scope) == digest:
            return
        application, guild = await self._application_id(), (scope or hikari.UNDEFINED)
        if scope not in self._known:
            existing = await self._rest.fetch_application_commands(application, guild)
            self._known[scope] = _digest(existing)
        if self._known[scope] != digest:
            await self._rest.set_application_commands(application, builders, guild)
            self._known[scope] = digest
            log.info("commands of %s registered: %d", f"guild {scope}" if scope else "all guilds", len(builders))

    async def _application_id(self) -> int:
        if not self._application:
            self._application = int((await self._rest.fetch_application()).id)
        return self._application


async def build(
    commands: Iterable[tuple[Command, Translations]], *, shown_to_all: bool = False
) -> list[hikari.api.CommandBuilder]:
    """Return Discord's form of the commands, by name.

    With *shown_to_all* none is hidden from members without a permission of Discord's: some of them may use it by role.
    """
    builders = [
        await command.as_command_builder(hikari.Locale.EN_US, functools.partial(_in_all_languages, translations))
        for command, translations in commands
    ]
    builders.sort(key=lambda builder: builder.name)
    for builder in builders if shown_to_all else ():
        builder.set_default_member_permissions(hikari.UNDEFINED)
    return builders


def _in_all_languages(translations: Translations, text: str) -> dict[hikari.Locale, str]:
    """Return *text*, as it stands in a command with ``localize=True``, in all languages that it is there in."""
    if unknown := translations.keys() - {str(one) for one in hikari.Locale}:
        raise ValueError(f"'{sorted(unknown)[0]}' is no language of Discord's; they are called de, en-GB, pt-BR, …")
    found = {hikari.Locale(locale): words[text] for locale, words in translations.items() if text in words}
    return {hikari.Locale.EN_US: text, **found}


def _digest(commands: Iterable[hikari.api.CommandBuilder | hikari.PartialCommand]) -> str:
    ordered = sorted(map(_described, commands), key=lambda command: (command["name"], command["type"]))
    return hashlib.sha256(json.dumps(ordered, sort_keys=True, default=str).encode()).hexdigest()


def _described(command: Any) -> dict[str, Any]:
    """Return all that makes a guild command's definition, ours or Discord's. Contexts belong to global commands only.

    What a builder leaves undefined is false.
    """
    return _common(command) | {
        "permissions": int(command.default_member_permissions or 0),  # "everybody" and "nobody" are 0 in hikari
        "nsfw": bool(command.is_nsfw),
    }


def _common(part: Any) -> dict[str, Any]:
    """Return what commands and options have both."""
    return {
        "name": part.name,
        "type": int(part.type),
        "description": getattr(part, "description", "") or "",
        "name_localizations": _localized(part.name_localizations),
        "description_localizations": _localized(getattr(part, "description_localizations", None)),
        "options": [_option(option) for option in getattr(part, "options", None) or ()],
    }


def _option(option: hikari.CommandOption) -> dict[str, Any]:
    return _common(option) | {
        "required": bool(option.is_required),
        "choices": [(one.name, one.value, _localized(one.name_localizations)) for one in option.choices or ()],
        "channel_types": [int(kind) for kind in option.channel_types or ()],
        "autocomplete": bool(option.autocomplete),
        "bounds": [option.min_value, option.max_value, option.min_length, option.max_length],
    }


def _localized(names: Any) -> dict[str, str]:
    return {str(locale): name for locale, name in (names or {}).items()}
