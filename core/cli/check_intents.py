"""Looks at the privileged intents: are those switched on that the bot and the enabled plugins ask Discord for."""

import asyncio
import functools
from collections.abc import AsyncIterator, Mapping

from core.cli.looks import Look
from core.config import Config
from core.errors import ConfigError
from core.kernel.discovery import discover
from core.kernel.intents import OWN, SWITCHES, bits, lacking, names_of


async def looks_at_intents(config: Config, on: Mapping[str, bool], flags: int | None) -> AsyncIterator[Look]:
    """Give a look for each that is asked for; *flags* are the application's, None if it does not say."""
    manifests = (await asyncio.to_thread(discover, config.plugin_places)).manifests
    askers = {"Discord": OWN} | {
        f"plugin {name}": bits(manifests[name].intents) & ~OWN
        for name, enabled in on.items()
        if enabled and name in manifests
    }
    for part, asked in askers.items():
        for name in names_of(asked & bits(SWITCHES)):
            yield part, functools.partial(_look_at, name, flags)


async def _look_at(name: str, flags: int | None) -> str:
    switch = SWITCHES[name][0].replace("Intent", "intent")
    if flags is None:
        return f"it does not say whether the {switch} is on; the bot will, when it starts"
    if lacking(flags) & bits([name]):
        raise ConfigError(f"{switch} is off. Switch it on: Developer Portal, Bot.")
    return switch
