"""Looks at what a plugin's import has left behind, and names what could not work later, with file and line."""

import ast
import asyncio
import functools
import re
import sqlite3
import sys
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from core.errors import PluginError
from core.kernel.import_errors import OF_ANOTHER
from core.kernel.loader import place_where
from core.kernel.names import NAMESPACE
from core.kernel.source import Source

_BEYOND = re.compile(rb"\bfrom[\s\\]*\.[\s\\]*\.|\b%s\b" % NAMESPACE.encode())
_HANDLERS = "handlers run in another thread. Make it in setup()"
_BOUND: dict[type[Any], str] = {
    sqlite3.Connection: f"a connection to SQLite, which belongs to the thread that imports; {_HANDLERS}.",
    sqlite3.Cursor: f"a cursor of SQLite, which belongs to the thread that imports; {_HANDLERS}.",
    asyncio.AbstractEventLoop: f"an event loop of the importing thread; {_HANDLERS}: asyncio.get_running_loop().",
    threading.local: f"a threading.local that is filled at import, in a thread that ends; {_HANDLERS}.",
}
"""What belongs to the thread that makes it, in words, with the remedy."""


def check_imported(source: Source, package: str, before: set[str]) -> None:
    """Refuse (``PluginError``) what cannot work of what *package* has brought; called in the thread that has imported.

    *before* are the names of the modules that there were.
    """
    for inner, data in list(source.files.items()):
        _check_own(source, inner, data)
    for inner, module in _modules(source, package):
        for name, value in list(vars(module).items()):
            _check_bound(source, inner, name, value)
    foreign = [name for name in set(sys.modules) - before if _lies_in(sys.modules.get(name), name, source.folder)]
    if foreign:
        raise _foreign(source, foreign)


def _check_own(source: Source, module: str, data: bytes) -> None:
    """Refuse what is imported from beyond the plugin's folder under a plugin's name: also if it happens to be there."""
    if _BEYOND.search(data):
        within = module.count(".") + (1 if source.is_package(module) and module else 0)
        for node in ast.walk(ast.parse(data)):
            if isinstance(node, ast.Import | ast.ImportFrom) and _leaves(within, node):
                place = f"{source.paths[module].relative_to(source.folder)}:{node.lineno}"
                raise PluginError(f"{source.name}: {place}: {OF_ANOTHER} Its own are imported with a dot.")


def _leaves(within: int, node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.level > within + 1 or (node.module or "").split(".")[0] == NAMESPACE
    return any(one.name.split(".")[0] == NAMESPACE for one in node.names)


def _check_bound(source: Source, module: str, name: str, value: Any) -> None:
    for kind, words in _BOUND.items():
        if isinstance(value, kind) and (kind is not threading.local or vars(value)):
            place = place_where(source, functools.partial(_assigns, name), modules=[module])
            raise PluginError(f"{source.name}: {place}: {name} is {words}")


def _foreign(source: Source, names: list[str]) -> PluginError:
    """Return what is said of own files that are imported as if they were another's, and let go of those."""
    for name in names:
        sys.modules.pop(name, None)
    sys.path[:] = [one for one in sys.path if not Path(one or ".").resolve().is_relative_to(source.folder.resolve())]
    top = min(names)
    told = f"'{top}' is the plugin's own and is imported under another name, which all generations would share"
    remedy = f"Write it with a dot, `from .{top.rpartition('.')[2]} import …`, and leave sys.path alone."
    return PluginError(f"{source.name}: {place_where(source, functools.partial(_imports, names))}: {told}. {remedy}")


def _assigns(name: str, node: ast.AST) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return any(isinstance(one, ast.Name) and one.id == name for one in targets)


def _imports(names: Collection[str], node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(one.name in names for one in node.names)
    return isinstance(node, ast.ImportFrom) and not node.level and node.module in names


def _modules(source: Source, package: str) -> Iterator[tuple[str, ModuleType]]:
    """Give the plugin's modules that were imported, each with its name within the plugin."""
    for inner in list(source.files):
        if module := sys.modules.get(f"{package}.{inner}".rstrip(".")):
            yield inner, module


def _lies_in(module: Any, name: str, folder: Path) -> bool:
    file = None if name.startswith(f"{NAMESPACE}.") else getattr(module, "__file__", None)
    return isinstance(file, str) and Path(file).resolve().is_relative_to(folder.resolve())
