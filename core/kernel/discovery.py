"""Where plugins are: ``plugins/``, each folder in ``[plugins] paths``, and installed packages (entry points)."""

import importlib.metadata
import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import PluginError
from core.kernel.manifest import Manifest, read_manifest

BUILT_IN = Path(__file__).parents[2] / "plugins"
ENTRY_POINTS = "roundhook.plugins"


@dataclass(slots=True)
class Catalogue:
    """The plugins found, and the folders that look like plugins but cannot be used, each with its error."""

    manifests: dict[str, Manifest] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def discover(paths: Iterable[str]) -> Catalogue:
    """Read the manifests of all plugins that can be found; nothing is imported."""
    catalogue = Catalogue()
    for folder in _folders(paths):
        try:
            _add(catalogue, read_manifest(folder))
        except PluginError as error:
            taken = {*catalogue.manifests, *catalogue.errors}
            catalogue.errors[folder.name if folder.name not in taken else str(folder)] = str(error)
    return catalogue


def _add(catalogue: Catalogue, manifest: Manifest) -> None:
    taken = catalogue.manifests.get(manifest.name)
    if taken is not None and taken.folder != manifest.folder:
        here, there = (f"{one.folder}/{one.place('plugin', 'name')}" for one in (manifest, taken))
        raise PluginError(
            f"{manifest.name}: {here}: the name '{manifest.name}' is taken by {there}. Rename one in its manifest."
        )
    catalogue.manifests[manifest.name] = manifest


def _folders(paths: Iterable[str]) -> Iterator[Path]:
    for parent in (BUILT_IN, *map(Path, paths)):
        if (parent / "manifest.toml").is_file():
            yield parent
        elif parent.is_dir():
            yield from sorted(one.parent for one in parent.glob("*/manifest.toml"))
    yield from _installed()


def _installed() -> Iterator[Path]:
    """Find the folders of installed packages without importing them."""
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        package = entry.value.partition(":")[0]
        spec = importlib.util.find_spec(package.partition(".")[0])
        for location in (spec.submodule_search_locations or ()) if spec else ():
            folder = Path(location).joinpath(*package.split(".")[1:])
            if (folder / "manifest.toml").is_file():
                yield folder
