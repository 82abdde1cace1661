"""Packages that were upgraded, or taken away, while this process goes on with what it has imported of them."""

import ast
import os
import sys
from collections.abc import Iterator

from core.kernel.loader import Source
from core.syntax import tree_of

_CODE = (".py", ".so", ".pyd")


class Installed:
    """What was installed when the process began to look, by the names of its ``.dist-info`` folders."""

    def __init__(self) -> None:
        self._stamps = _stamps()
        self._then = self._now = _versions()

    def upgraded(self, source: Source) -> str:
        """Return what of *source*'s packages runs in another version than is installed, in words, "" if none does."""
        if (stamps := _stamps()) != self._stamps:  # an installation makes a folder
            self._stamps, self._now = stamps, _versions()
        changed = {name for name, version in self._then.items() if self._now.get(name) != version}
        if not changed:
            return ""
        wanted, told = set(_imported(source)), []
        for name in sorted(changed):
            modules = _modules_of(name)
            if modules.isdisjoint(sys.modules):  # nobody uses the old one
                self._then = {**self._then, name: self._now.get(name, "")}
            elif modules & wanted:
                told.append(f"{name} {self._then[name]} is in use and {self._now.get(name) or 'nothing'} is installed")
        return f"{', '.join(told)}, which needs a restart of the bot." if told else ""


def _stamps() -> dict[str, int]:
    return {path: os.stat(path).st_mtime_ns for path in sys.path if os.path.isdir(path)}


def _versions() -> dict[str, str]:
    """Return each distribution's version; the folder that Python would take goes before others."""
    found: dict[str, str] = {}
    for path in filter(os.path.isdir, sys.path):
        for entry in os.listdir(path):
            if entry.endswith(".dist-info"):
                name, _, version = entry.removesuffix(".dist-info").partition("-")
                found.setdefault(name, version)
    return found


def _modules_of(distribution: str) -> set[str]:
    """Return the names that a distribution is imported by; of one that is gone its own."""
    import importlib.metadata  # heavy: only when something was installed

    try:
        files = importlib.metadata.distribution(distribution).files or ()
    except importlib.metadata.PackageNotFoundError:
        files = ()
    found = {file.parts[0].partition(".")[0] for file in files if file.suffix in _CODE}
    return found or {distribution}


def _imported(source: Source) -> Iterator[str]:
    """Give the packages that a plugin's code names."""
    for code in source.files.values():
        for node in ast.walk(tree_of(code)):
            if isinstance(node, ast.Import):
                yield from (one.name.partition(".")[0] for one in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]
