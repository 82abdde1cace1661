"""Nobody stands in for us: the packages that roundhook consists of must be those that lie beside it."""

import importlib.machinery
import sys
from pathlib import Path

PACKAGES = ("core", "devkit", "plugins", "piccolo_migrations")
HOME = Path(__file__).resolve().parents[1]
_REMEDY = (
    "Rename it if it is yours, run roundhook from another folder, or install roundhook into an environment of its own"
)


def check() -> None:
    """Return if Python finds our packages, and nothing else, under their names.

    Raises:
        ImportError: it finds another one first; names it and the remedy.
        SystemExit: the same, in the terminal.
    """
    for name in PACKAGES:
        found = _found(name)
        if found is not None and found != HOME / name:
            text = f"roundhook needs its own '{name}' ({HOME / name}), but Python finds {found} first. {_REMEDY}."
            if Path(sys.argv[0]).stem in ("roundhook", "-m"):
                raise SystemExit(f"roundhook: {text}")
            raise ImportError(text)


def _found(name: str) -> Path | None:
    """Return the folder, or the file, that *name* is imported from; None: there is none, as in parts of an install."""
    spec = getattr(sys.modules.get(name), "__spec__", None) or importlib.machinery.PathFinder.find_spec(name)
    if spec is None:
        return None
    places = spec.submodule_search_locations
    return Path(next(iter(places)) if places else spec.origin or "").resolve()
