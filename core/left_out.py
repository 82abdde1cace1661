"""What a library takes along and hardly anybody here uses: left out while it is imported, for memory and time."""

import contextlib
import dataclasses
import functools
import importlib
import sys
import threading
import types
from collections.abc import Iterator
from typing import Any

_made = threading.RLock()


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


@contextlib.contextmanager
def dataclasses_later(package: str) -> Iterator[None]:
    """Let the dataclasses that *package* declares in the block be worked out with the first object of each.

    Their methods are written and compiled by then; of Piccolo's 64 that is needed for a few.
    """

    def declare(cls: Any = None, /, **options: Any) -> Any:
        if cls is None:
            return functools.partial(declare, **options)
        ours = cls.__module__.startswith(f"{package}.") and not options and "__init__" not in vars(cls)
        return _when_made(cls, make) if ours else make(cls, **options)

    make, dataclasses.dataclass = dataclasses.dataclass, declare
    try:
        yield
    finally:
        dataclasses.dataclass = make


def _when_made(cls: Any, make: Any) -> Any:
    def begin(self: object, *args: Any, **named: Any) -> None:
        with _made:
            for one in reversed(cls.__mro__):  # what it is derived from first: their fields are its own too
                if getattr(vars(one).get("__init__"), "makes", None) is one:
                    del one.__init__  # type: ignore[misc]
                    make(one)
        cls.__init__(self, *args, **named)

    begin.makes = cls  # type: ignore[attr-defined]
    cls.__init__ = begin
    return cls


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
