"""What is looked at before a plugin is put in its place: its name, and what it relies on."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.db.purge import CORES
from core.errors import ConfigError
from core.installing.fetching import Fetched
from core.installing.places import Place
from core.installing.sources import Source
from core.kernel.discovery import Catalogue
from core.kernel.document import NAME
from core.kernel.folders import built_in
from core.kernel.manifest import Manifest, read_manifest
from core.kernel.reliance import check_installed, check_required, misfit, unmet


def check_name(name: str) -> None:
    """Refuse what is no plugin's name, or one of ours (``ConfigError``)."""
    if name in built_in():
        raise ConfigError(f"{name} is one of roundhook's own plugins, which come with it. Take another name.")
    if not NAME.fullmatch(name) or name in CORES:
        raise ConfigError(f"'{name}' cannot be a plugin's name. `roundhook plugin list` shows those that are found.")


def look_at(
    fetched: Fetched, source: Source, place: Place, found: Catalogue, updated: str, enabled: Mapping[str, bool]
) -> Manifest:
    """Read what was fetched for the plugin *updated* ("": a new one), and refuse what could not run here.

    Raises:
        ConfigError: its name is taken, or another than it was.
        PluginError: its manifest is wrong, or what it relies on is not there.
    """
    manifest = read_manifest(fetched.folder)
    check_name(manifest.name)
    if updated and manifest.name != updated:
        remedy = f"Remove {updated}, and install {manifest.name} from there."
        raise ConfigError(f"{source} holds the plugin {manifest.name} now, and not {updated}. {remedy}")
    if not updated:
        _check_free(manifest.name, place, found)
    with _importable(fetched.tree):
        check_installed(manifest)
    check_required(manifest, found.manifests, found.absence)
    for other in found.manifests.values():
        for need in other.requires if enabled.get(other.name) else ():
            if need.name == manifest.name and (lack := misfit(need, manifest)):
                raise unmet(other, "requires", f"it requires {need}, and {lack}")
    return manifest


def requirers(name: str, found: Catalogue) -> list[str]:
    """Return the plugins that require another."""
    return sorted(one.name for one in found.manifests.values() if any(need.name == name for need in one.requires))


def _check_free(name: str, place: Place, found: Catalogue) -> None:
    if (place.root / name).exists():
        remedy = f"`roundhook plugin update {name}` fetches it anew; to have it from elsewhere, remove it first."
        raise ConfigError(f"{name} is installed already. {remedy}")
    if taken := found.manifests.get(name):
        remedy = "Remove that folder, or take its path out of [plugins] paths; or rename one in its manifest."
        raise ConfigError(f"The name '{name}' is taken by {taken.folder}. {remedy}")


@contextlib.contextmanager
def _importable(tree: Path) -> Iterator[None]:
    """Count what lies in *tree* as installed meanwhile, before an older copy of it."""
    sys.path.insert(0, str(tree))
    try:
        yield
    finally:
        sys.path.remove(str(tree))
