"""From a source to a folder that is ready to be put in its place."""

from dataclasses import dataclass
from pathlib import Path

from core.installing import archives, packages, repositories
from core.installing.places import remember
from core.installing.sources import Source
from core.installing.trees import copy_tree, make_private, plugin_in


@dataclass(frozen=True, slots=True)
class Fetched:
    """What is put in its place whole, and the plugin's folder in it."""

    tree: Path
    folder: Path


def fetch(source: Source, made: Path, instead: Path | None) -> Fetched:
    """Fetch the plugin that *source* names into the folder *made*, to stand in place of *instead*, if there is one."""
    tree = made / "tree"
    if source.kind == "package":
        folder = packages.install(source, tree, instead)
        make_private(tree)
    else:
        copy_tree(plugin_in(_unpacked(source, made), source), tree, source, links=source.kind == "folder")
        folder = tree
    remember(source, tree)
    return Fetched(tree, folder)


def _unpacked(source: Source, made: Path) -> Path:
    if source.kind == "folder":
        return Path(source.address)
    unpacked = made / "all"
    if source.kind == "archive":
        archives.unpack(Path(source.address), unpacked)
    else:
        repositories.fetch(source, unpacked)
    return unpacked
