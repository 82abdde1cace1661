"""Looks at the plugins that are on: can they be loaded, and what does each of them bring to look at."""

import asyncio
import functools
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from core.cli.looks import Look
from core.cli.stored_settings import layers_of
from core.cli.terminal import Terminal
from core.config import Config
from core.errors import ConfigError, PluginError
from core.hookspecs import CONTRACTS
from core.kernel import loader
from core.kernel.discovery import Catalogue, discover
from core.kernel.manifest import Manifest
from core.kernel.options import Settings
from core.kernel.probe import check_contract
from core.kernel.reliance import check_required

MODULE = "check"
"""``check.py`` in a plugin's folder: its ``looks(terminal)`` gives what there is to look at."""


async def looks_at_plugins(config: Config, on: Mapping[str, bool]) -> AsyncIterator[Look]:
    """Give a look for each plugin that is *on*, broken, or named in the settings."""
    catalogue = await asyncio.to_thread(discover, config.plugin_places)
    for name, error in catalogue.errors.items():
        yield f"plugin {name}", functools.partial(_refuse, error)
    beside = [catalogue.manifests[name] for name, enabled in on.items() if enabled and name in catalogue.manifests]
    for name in [name for name, enabled in on.items() if enabled and name not in catalogue.errors]:
        yield f"plugin {name}", functools.partial(_look_at, config, catalogue, name, beside)
    for name in config.plugin:
        if name not in catalogue.errors and not on.get(name):
            yield f"[plugin.{name}]", functools.partial(_look_at_settings, config, catalogue, name)


async def looks_of_plugins(
    config: Config, on: Mapping[str, bool], accepted: Mapping[int, str]
) -> AsyncIterator[tuple[str, AsyncIterator[Look]]]:
    """Give what each plugin that is *on* brings to look at, with the plugin's name."""
    manifests = (await asyncio.to_thread(discover, config.plugin_places)).manifests
    for name, enabled in on.items():
        if enabled and name in manifests and (manifests[name].folder / f"{MODULE}.py").is_file():
            yield f"plugin {name}", _brought(config, manifests[name], accepted)


async def _brought(config: Config, manifest: Manifest, accepted: Mapping[int, str]) -> AsyncIterator[Look]:
    try:
        source = await asyncio.to_thread(loader.read_source, manifest.name, manifest.folder, MODULE)
    except PluginError:
        return  # the look at the plugin itself has told it
    package = loader.new_package(manifest.name)
    try:
        module = await asyncio.to_thread(loader.import_now, source, package, MODULE)
        if not callable(looks := getattr(module, "looks", None)):
            problem = "there is no `def looks(terminal)`. Write it, or remove the file."
            raise PluginError(f"{manifest.name}: {MODULE}.py:1: {problem}")
        async with Terminal(config, await _settings_of(config, manifest)) as terminal:
            for webhook, key in accepted.items():
                if key in terminal.servers:
                    terminal.servers[key].accepted.add(webhook)
            for look in looks(terminal):
                yield look
    finally:
        loader.forget(package)


async def _settings_of(config: Config, manifest: Manifest) -> Settings:
    """Return a plugin's settings, the defaults where they are wrong: the look at the plugin itself tells that."""
    try:
        return (await layers_of(config, manifest)).everywhere()
    except ConfigError:
        return Settings({one.key: None if one.secret else one.default for one in manifest.options})


async def _look_at(config: Config, catalogue: Catalogue, name: str, beside: Sequence[Manifest]) -> str:
    if name not in catalogue.manifests:
        remedy = "Correct plugins.enabled, or add its folder to plugins.paths."
        if name not in (config.plugins.enabled or ()):
            remedy = "It was switched on while the bot ran: add its folder to plugins.paths again."
        raise ConfigError(f"not found. {remedy}")
    manifest = catalogue.manifests[name]
    layers = await layers_of(config, manifest)
    layers.everywhere()
    on = {one.name for one in beside}

    def absence(one: str) -> str:
        return catalogue.absence(one) or ("" if one in on else f"{one} is switched off. Switch it on.")

    check_required(manifest, catalogue.manifests, absence)
    await check_contract(manifest, CONTRACTS, beside)
    if asides := list(layers.asides()):
        raise ConfigError(" ".join(f"{one.why} {one.remedy}" for one in asides))
    return " ".join((manifest.version, *layers.before_file()))


async def _look_at_settings(config: Config, catalogue: Catalogue, name: str) -> str:
    if name not in catalogue.manifests:
        raise ConfigError("there are settings for a plugin that was not found. Remove it or correct its name.")
    catalogue.manifests[name].settings(config.plugin[name], folder=Path(config.folder))
    return "settings of a plugin that is off"


async def _refuse(error: str) -> str:
    raise PluginError(error)
