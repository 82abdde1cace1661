"""Hears which files in plugins' folders are read while they are loaded, and which ones this process writes.

What is written here is nobody's source: neither the hash nor the watch asks after it.
"""

import contextlib
import os
import sys
import weakref
from collections.abc import Iterator
from typing import Any

from core.kernel.source import Source

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CACHE = "__pycache__"


@contextlib.contextmanager
def reading(source: Source) -> Iterator[None]:
    """Note in *source* what is read of its folder; what is written there is heard as long as *source* lives."""
    _listen()
    for folder in {str(source.folder), os.path.realpath(source.folder)}:
        _LIVING.setdefault(f"{folder}{os.sep}", weakref.WeakSet()).add(source)
    _LOADING.append(source)
    try:
        yield
    finally:
        _LOADING.remove(source)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        _note(arguments[0], writes=bool(arguments[2] & _WRITES))
    elif event == "os.rename":
        _note(arguments[1], writes=True)


def _note(given: Any, *, writes: bool) -> None:
    if isinstance(given, int) or not (writes or _LOADING):
        return
    path = os.path.abspath(os.fsdecode(given))
    for folder, sources in list(_LIVING.items()):
        if path.startswith(folder) and _CACHE not in path:
            if writes:
                _WRITTEN.add(path)
            for source in list(sources):
                file = source.folder / path.removeprefix(folder)
                if writes:
                    source.forget_data(file)
                elif source in _LOADING and path not in _WRITTEN:
                    source.note_data(file)


def _listen() -> None:
    """Begin to hear; Python lets nobody stop it."""
    if not _HEARD:
        _HEARD.append(True)
        sys.addaudithook(_hear)


_HEARD: list[bool] = []
_LOADING: list[Source] = []
_LIVING: dict[str, "weakref.WeakSet[Source]"] = {}
"""The sources of generations, by folder."""
_WRITTEN: set[str] = set()
