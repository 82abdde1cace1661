"""Where plugins lie: ``plugins/``, each folder in ``[plugins] paths``, installed packages. Imports no library.

What lies there is anybody's: a manifest is a regular file of a bounded size, or it is not read.
"""

import contextlib
import errno
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.textfiles import decoded

BUILT_IN = Path(__file__).parents[2] / "plugins"
ENTRY_POINTS = "roundhook.plugins"
OWN_COMMANDS = (
    "demo", "dev", "run", "check", "init", "status", "events", "db upgrade", "db status", "db backup", "plugin list",
    "plugin new", "plugin check", "plugin install", "plugin update", "plugin remove", "plugin purge",
)  # fmt: skip
"""Commands in the terminal that no plugin may have."""


MANIFEST = "manifest.toml"
ORIGIN = ".origin.json"
"""In a folder that ``roundhook plugin install`` has made: where its plugin came from."""
MOST_BYTES = 64 * 1024
"""Of a manifest."""


def manifest_text(folder: Path) -> str:
    """Return what the manifest in *folder* holds.

    Raises:
        OSError: it cannot be read, or is no regular file (a pipe would never let go).
        ValueError: it is too large, or no text.
    """
    file = folder / MANIFEST
    found = file.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")
    with file.open("rb") as opened:
        data = opened.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
    return decoded(data)


def built_in() -> tuple[str, ...]:
    """Return the names of the plugins in ``plugins/``: what a first start enables where the settings do not say."""
    return tuple(sorted(manifest.parent.name for manifest in BUILT_IN.glob(f"*/{MANIFEST}")))


def plugin_folders(paths: Iterable[str]) -> Iterator[Path]:
    """Give the folders that hold a manifest, ours first; nothing is imported."""
    for parent in (BUILT_IN, *map(Path, paths)):
        if _is_there(parent / MANIFEST):
            yield parent
        else:
            yield from _below(parent)
    yield from _installed()


def _below(parent: Path) -> list[Path]:
    """Return the folders in *parent* that hold a manifest; none of one that cannot be looked into.

    One of installed packages has its manifests further down: they are found as those of other packages are.
    """
    with contextlib.suppress(OSError, ValueError):
        folders = [one for one in sorted(parent.iterdir()) if not one.name.startswith(".")]
        found = [one for one in folders if _is_there(one / MANIFEST)]
        for folder in [one for one in folders if one not in found and _is_there(one / ORIGIN)]:
            if str(folder) not in sys.path:
                sys.path.append(str(folder))
        return found
    return []


def _is_there(file: Path) -> bool:
    """Tell whether something of that name is there; what cannot be read is told when it is read."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last: a NUL, which no path has
        return False
    except OSError:
        return True
    return True


def _installed() -> Iterator[Path]:
    if not _some_installed():
        return
    import importlib.metadata  # heavy: only where there are such
    import importlib.util

    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        package = entry.value.partition(":")[0]
        spec = importlib.util.find_spec(package.partition(".")[0])
        for location in (spec.submodule_search_locations or ()) if spec else ():
            folder = Path(location).joinpath(*package.split(".")[1:])
            if _is_there(folder / MANIFEST):
                yield folder


def _some_installed() -> bool:
    """Tell whether an installed package may list plugins; what is no folder of packages is for Python to look into."""
    for place in map(Path, sys.path):
        if place.suffix in (".egg", ".zip", ".whl") and place.exists():
            return True
        with contextlib.suppress(OSError):
            if any(ENTRY_POINTS.encode() in one.read_bytes() for one in place.glob("*-info/entry_points.txt")):
                return True
    return False
