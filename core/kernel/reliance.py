"""Whether what a plugin relies on is there."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from core.errors import PluginError
from core.kernel.manifest import Manifest

if TYPE_CHECKING:
    from packaging.requirements import Requirement


def check_installed(manifest: Manifest) -> None:
    """Refuse a plugin for which this roundhook, or an installed package, is another than it needs (``PluginError``)."""
    fits = manifest.roundhook
    if fits is not None and not fits.contains(runs := _version("roundhook"), prereleases=True):
        problem = f"it needs roundhook {fits}, and this is {runs}. Take versions that fit each other."
        raise unmet(manifest, "roundhook", problem)
    missing = {str(one): found for one in _that_count(manifest.packages) if (found := _lack_of(one))}
    if missing:
        told = " and ".join(f"{one} ({found})" for one, found in missing.items())
        asked = " ".join(f"'{one}'" for one in missing)
        problem = f"it needs {told}. In the environment that the bot runs in: pip install {asked}"
        raise unmet(manifest, "packages", problem)


def check_required(manifest: Manifest, known: Mapping[str, Manifest], absence: Callable[[str], str]) -> None:
    """Refuse a plugin that requires itself over others, or what is not there (``PluginError``).

    *known* are the plugins that were found; *absence* says why one of them does not count as there, "" if it does.
    """
    if circle := circle_of(manifest, known):
        way = " → ".join(circle)
        raise unmet(manifest, "requires", f"it requires itself: {way}. Take one of these requirements out.")
    for need in manifest.requires:
        if lack := absence(need.name) or misfit(need, known[need.name]):
            raise unmet(manifest, "requires", f"it requires {need}, and {lack}")
        if manifest.offline and not known[need.name].offline:
            problem = f"it is offline = true and requires {need.name}, which is not. Make both so, or neither."
            raise unmet(manifest, "requires", problem)


def circle_of(manifest: Manifest, known: Mapping[str, Manifest]) -> list[str]:
    """Return the names along which a plugin requires itself; none if it does not."""
    manifests, seen = {**known, manifest.name: manifest}, {manifest.name}
    ways = [[manifest.name]]
    for way in ways:  # which grows
        for need in manifests[way[-1]].requires:
            if need.name == manifest.name:
                return [*way, need.name]
            if need.name in manifests and need.name not in seen:
                seen.add(need.name)
                ways.append([*way, need.name])
    return []


def misfit(need: "Requirement", found: Manifest) -> str:
    """Return why the version of a plugin that was found will not do, with the remedy; "" if it will."""
    if not need.specifier:
        return ""
    from packaging.version import InvalidVersion, Version

    try:
        fits = need.specifier.contains(Version(found.version), prereleases=True)
    except InvalidVersion:
        place = f"{found.folder}/{found.place('plugin', 'version')}"
        return f"the version '{found.version}' of {found.name} cannot be compared ({place}). Write it as in 1.2.0."
    return "" if fits else f"{found.name} {found.version} does not fit that. Take versions that fit each other."


def unmet(manifest: Manifest, key: str, problem: str) -> PluginError:
    """Return the error for what *key* of the manifest asks for and does not get."""
    return PluginError(f"{manifest.name}: {manifest.folder}/{manifest.place('plugin', key)}: {problem}")


def _that_count(packages: "Iterable[Requirement]") -> "list[Requirement]":
    """Return those that are needed on this machine and this Python."""
    return [one for one in packages if one.marker is None or one.marker.evaluate()]


def _lack_of(package: "Requirement") -> str:
    """Return what is wrong with an installed package, "" if it will do."""
    if not (found := _version(package.name)):
        return "not installed"
    return "" if package.specifier.contains(found, prereleases=True) else f"{found} is installed"


def _version(package: str) -> str:
    """Return which version of a package is installed, "" if none is."""
    import importlib.metadata  # heavy: only for who asks

    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
