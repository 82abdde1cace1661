"""Loads a plugin as the bot does, ``setup`` included, with a Discord and a game server on loopback."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.config import Config
from core.errors import PluginError
from core.kernel.contract_file import declared, has_contract
from core.kernel.discovery import Catalogue
from core.kernel.manifest import Manifest
from core.kernel.reliance import check_required

_FILE = "file:"


async def try_out(manifest: Manifest, config: Config, found: Catalogue, enabled: Mapping[str, bool]) -> list[str]:
    """Load a plugin, with what it requires; return its hooks. A ``PluginError`` names file and line.

    The database, the storage and Discord are fresh ones. Of the plugins that are *enabled* the contracts are there.
    """
    from devkit.stage import Stage  # it brings the loopback Discord, which nothing else here needs

    check_required(manifest, found.manifests, found.absence)
    needed = _required(manifest, found.manifests)
    beside = [
        one for name, one in found.manifests.items()
        if enabled.get(name) and name not in (*needed, manifest.name) and has_contract(one)
    ]  # fmt: skip
    folders = [str(one.folder.resolve()) for one in (*needed.values(), manifest)]
    tables = {name: _with_absolute_files(config, name) for name in (*needed, manifest.name) if name in config.plugin}
    granted = {"members_intent": True, "presence_intent": True}  # nobody could switch them on here
    async with Stage([*needed], folders=folders, config={"plugin": tables}, discord=granted) as stage:
        async with declared(beside, stage.app.services.contracts):
            report = await stage.plugins.enable(manifest.name)
        generation = stage.app.kernel.slots[manifest.name].generation
        if not report.ok or generation is None:
            raise PluginError(report.error)
        return [*generation.impls, *generation.unbound]


def _required(manifest: Manifest, known: Mapping[str, Manifest]) -> dict[str, Manifest]:
    """Return what a plugin requires, and what that requires."""
    left, needed = [need.name for need in manifest.requires], dict[str, Manifest]()
    while left:
        if (name := left.pop()) not in needed:
            needed[name] = known[name]
            left += [need.name for need in known[name].requires]
    return needed


def _with_absolute_files(config: Config, plugin: str) -> dict[str, Any]:
    """Return a plugin's table of the settings, whose secrets' files count from the folder of their own file."""
    return {
        key: f"{_FILE}{Path(config.folder, value.removeprefix(_FILE))}"
        if isinstance(value, str) and value.startswith(_FILE)
        else value
        for key, value in config.plugin[plugin].items()
    }
