"""Modules that a library takes along and nobody here uses: left out while it is imported, for memory and time."""

import contextlib
import importlib
import sys
import types
from collections.abc import Iterator


@contextlib.contextmanager
def absent(name: str) -> Iterator[None]:
    """Let the module *name* not be found in the block, unless it is imported already: the library does without it."""
    with _instead(name, None):
        yield


@contextlib.contextmanager
def later(name: str) -> Iterator[None]:
    """Let who imports the module *name* in the block have one that is imported when something is taken of it."""
    with _instead(name, _WhenUsed(name)):
        yield


class _WhenUsed(types.ModuleType):
    """Stands for a module."""

    def __getattr__(self, name: str) -> object:
        return getattr(importlib.import_module(self.__name__), name)


@contextlib.contextmanager
def _instead(name: str, module: types.ModuleType | None) -> Iterator[None]:
    if name in sys.modules:
        yield
        return
    sys.modules[name] = module  # type: ignore[assignment]
    try:
        yield
    finally:
        if sys.modules.get(name, ...) is module:  # another thread may have done the same
            del sys.modules[name]
