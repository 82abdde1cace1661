"""Which plugins there are: their manifests, and the folders that look like plugins but cannot be used."""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct, field

from core.config import Config
from core.errors import PluginError
from core.kernel.folders import OWN_COMMANDS, built_in, plugin_folders
from core.kernel.manifest import Manifest, read_manifest
from core.likeness import did_you_mean


class Catalogue(Struct):
    """The plugins found, and the folders that look like plugins but cannot be used, each with its error."""

    manifests: dict[str, Manifest] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    unusable: dict[Path, str] = field(default_factory=dict)
    """The same errors, by folder."""

    def absence(self, name: str) -> str:
        """Return why a plugin cannot be required, with the remedy; "" if it was found."""
        if name in self.manifests:
            return ""
        if error := self.errors.get(name):
            return f"{name} cannot be used: {error}"
        hint = did_you_mean(name, self.manifests)
        return f"there is no plugin '{name}'. {hint}Add its folder to [plugins] paths."


def first_enabled(config: Config) -> tuple[str, ...]:
    """Return what a first start enables."""
    return built_in() if config.plugins.enabled is None else config.plugins.enabled


def discover(paths: Iterable[str]) -> Catalogue:
    """Read the manifests of all plugins that can be found; nothing is imported."""
    catalogue = Catalogue()
    for folder in plugin_folders(paths):
        try:
            _add(catalogue, read_manifest(folder))
        except PluginError as error:
            taken = {*catalogue.manifests, *catalogue.errors}
            catalogue.errors[folder.name if folder.name not in taken else str(folder)] = str(error)
            catalogue.unusable[folder] = str(error)
    return catalogue


def _add(catalogue: Catalogue, manifest: Manifest) -> None:
    taken = catalogue.manifests.get(manifest.name)
    if taken is not None and taken.folder != manifest.folder:
        here, there = (f"{one.folder}/{one.place('plugin', 'name')}" for one in (manifest, taken))
        raise PluginError(
            f"{manifest.name}: {here}: the name '{manifest.name}' is taken by {there}. Rename one in its manifest."
        )
    _check_commands(catalogue, manifest)
    catalogue.manifests[manifest.name] = manifest


def _check_commands(catalogue: Catalogue, manifest: Manifest) -> None:
    """Refuse a plugin whose command in the terminal is taken, or begins with one that is."""
    taken = dict.fromkeys(OWN_COMMANDS, "roundhook itself")
    taken |= {name: f"the plugin {one.name}" for one in catalogue.manifests.values() for name in one.cli}
    for name in manifest.cli:
        for other, owner in taken.items():
            if f"{name} ".startswith(f"{other} ") or f"{other} ".startswith(f"{name} "):
                where = f"{manifest.folder}/{manifest.place('cli', name)}"
                raise PluginError(f"{manifest.name}: {where}: the command '{name}' is taken by {owner}. Rename it.")
