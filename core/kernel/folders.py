"""Where plugins lie: ``plugins/``, each folder in ``[plugins] paths``, and installed packages. Imports no library."""

import importlib.metadata
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path

BUILT_IN = Path(__file__).parents[2] / "plugins"
ENTRY_POINTS = "roundhook.plugins"
OWN_COMMANDS = (
    "demo", "dev", "run", "check", "init", "status", "events", "db upgrade", "db status", "db backup", "plugin list",
    "plugin new", "plugin check", "plugin install", "plugin update", "plugin remove", "plugin purge",
)  # fmt: skip
"""Commands in the terminal that no plugin may have."""


def built_in() -> tuple[str, ...]:
    """Return the names of the plugins in ``plugins/``: what a first start enables where the settings do not say."""
    return tuple(sorted(manifest.parent.name for manifest in BUILT_IN.glob("*/manifest.toml")))


def plugin_folders(paths: Iterable[str]) -> Iterator[Path]:
    """Give the folders that hold a manifest, ours first; nothing is imported."""
    for parent in (BUILT_IN, *map(Path, paths)):
        if (parent / "manifest.toml").is_file():
            yield parent
        elif parent.is_dir():
            yield from sorted(one.parent for one in parent.glob("*/manifest.toml"))
    yield from _installed()


def _installed() -> Iterator[Path]:
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        package = entry.value.partition(":")[0]
        spec = importlib.util.find_spec(package.partition(".")[0])
        for location in (spec.submodule_search_locations or ()) if spec else ():
            folder = Path(location).joinpath(*package.split(".")[1:])
            if (folder / "manifest.toml").is_file():
                yield folder
