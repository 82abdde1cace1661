"""Tells what belongs to one stage from all else that its process has: other tests ran in it and have left something."""

import asyncio
import gc
import os
import sys
import threading
from collections import Counter
from pathlib import Path

from core.kernel import loader
from core.kernel.generation import Generation

_POOLS = ("asyncio_", "sqlite")
"""How the threads of the loop and of the database are called: they begin when there is first something to do."""


def modules_of(*plugins: str) -> set[str]:
    """Return the modules of these plugins: those of generations, and the names that stand for whichever serves."""
    parts = ((name, name.split(".")) for name in list(sys.modules) if name.startswith(f"{loader.NAMESPACE}."))
    return {name for name, (_, package, *_) in parts if package.partition("__g")[0] in plugins}


def generations_below(folder: Path) -> list[Generation]:
    """Return the generations that are kept of plugins in *folder*."""
    kept = (one for one in gc.get_objects() if type(one) is Generation)
    return [one for one in kept if one.manifest.folder.is_relative_to(folder)]


def files_below(folder: Path) -> list[str]:
    """Return which files in *folder* are open."""
    targets = map(_target, os.listdir("/proc/self/fd"))
    return sorted(target for target in targets if Path(target).is_relative_to(folder))


def new_threads(before: set[threading.Thread]) -> list[str]:
    """Return the names of the threads that were not there *before* and are no pool's."""
    return sorted(one.name for one in set(threading.enumerate()) - before if not one.name.startswith(_POOLS))


def tasks() -> Counter[str]:
    """Return how many tasks of this test's loop there are, by what they run."""
    return Counter(getattr(one.get_coro(), "__qualname__", repr(one)) for one in asyncio.all_tasks())


def _target(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:  # it was that of the listing itself
        return ""
