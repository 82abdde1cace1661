"""Whether what a plugin relies on is there."""

import importlib.metadata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.errors import PluginError
from core.kernel.manifest import Manifest

if TYPE_CHECKING:
    from packaging.requirements import Requirement


def check_installed(manifest: Manifest) -> None:
    """Refuse a plugin for which this roundhook, or an installed package, is another than it needs (``PluginError``)."""
    runs = importlib.metadata.version("roundhook")
    if manifest.roundhook is not None and not manifest.roundhook.contains(runs, prereleases=True):
        problem = f"it needs roundhook {manifest.roundhook}, and this is {runs}. Take versions that fit each other."
        raise unmet(manifest, "roundhook", problem)
    missing = {str(one): found for one in _that_count(manifest.packages) if (found := _lack_of(one))}
    if missing:
        told = " and ".join(f"{one} ({found})" for one, found in missing.items())
        asked = " ".join(f"'{one}'" for one in missing)
        problem = f"it needs {told}. In the environment that the bot runs in: pip install {asked}"
        raise unmet(manifest, "packages", problem)


def unmet(manifest: Manifest, key: str, problem: str) -> PluginError:
    """Return the error for what *key* of the manifest asks for and does not get."""
    return PluginError(f"{manifest.name}: {manifest.folder}/{manifest.place('plugin', key)}: {problem}")


def _that_count(packages: "Iterable[Requirement]") -> "list[Requirement]":
    """Return those that are needed on this machine and this Python."""
    return [one for one in packages if one.marker is None or one.marker.evaluate()]


def _lack_of(package: "Requirement") -> str:
    """Return what is wrong with an installed package, "" if it will do."""
    try:
        found = importlib.metadata.version(package.name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
    return "" if package.specifier.contains(found, prereleases=True) else f"{found} is installed"
