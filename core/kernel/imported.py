"""Looks at what a plugin's import has left behind, and names what could not work later, with file and line."""

import ast
import asyncio
import functools
import re
import sqlite3
import sys
import threading
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

from core.errors import PluginError
from core.kernel.import_errors import OF_ANOTHER
from core.kernel.loader import place_where
from core.kernel.names import NAMESPACE
from core.kernel.source import Source
from core.syntax import tree_of

_BEYOND, _NAMED = re.compile(rb"from[\s\\]*\.[\s\\]*\."), NAMESPACE.encode()
"""What a file with such an import has in it; only those are parsed."""
_HANDLERS = "handlers run in another thread. Make it in setup()"
_BOUND: dict[type[Any], str] = {
    sqlite3.Connection: f"a connection to SQLite, which belongs to the thread that imports; {_HANDLERS}.",
    sqlite3.Cursor: f"a cursor of SQLite, which belongs to the thread that imports; {_HANDLERS}.",
    asyncio.AbstractEventLoop: f"an event loop of the importing thread; {_HANDLERS}: asyncio.get_running_loop().",
    threading.local: f"a threading.local that is filled at import, in a thread that ends; {_HANDLERS}.",
}
"""What belongs to the thread that makes it, in words, with the remedy."""
_KINDS = tuple(_BOUND)


class Before:
    """What there was before an import."""

    def __init__(self) -> None:
        self.modules, self.path = set(sys.modules), list(sys.path)

    def added(self) -> list[str]:
        """Return the folders that the import has put into ``sys.path``, where we note for others where plugins lie."""
        return [one for one in sys.path if sys.path.count(one) > self.path.count(one) and Path(one).is_dir()]


def check_imported(source: Source, package: str, before: Before) -> None:
    """Refuse (``PluginError``) what *package* has brought and cannot work; called in the thread that has imported."""
    for inner, data in list(source.files.items()):
        _check_own(source, inner, data)
    for inner, module in _modules(source, package):
        for name, value in _values(module):
            _check_bound(source, inner, name, value)
    new = set(sys.modules) - before.modules
    foreign = [name for name in new if _lies_in(sys.modules.get(name), name, source.folder)]
    if foreign:
        raise _foreign(source, foreign)
    for folder in before.added():
        _check_shadowed(source, folder)


def _check_own(source: Source, module: str, data: bytes) -> None:
    """Refuse what is imported from beyond the plugin's folder under a plugin's name: also if it happens to be there."""
    if _NAMED in data or _BEYOND.search(data):
        within = module.count(".") + (1 if source.is_package(module) and module else 0)
        for node in ast.walk(tree_of(data)):
            if isinstance(node, ast.Import | ast.ImportFrom) and _leaves(within, node):
                place = f"{source.paths[module].relative_to(source.folder)}:{node.lineno}"
                raise PluginError(f"{source.name}: {place}: {OF_ANOTHER} Its own are imported with a dot.")


def _leaves(within: int, node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.level > within + 1 or (node.module or "").split(".")[0] == NAMESPACE
    return any(one.name.split(".")[0] == NAMESPACE for one in node.names)


def _values(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Give what of these kinds a module holds, in its own classes, their objects, lists and tables too, by its name."""
    for name, value in list(vars(module).items()):
        inner: Iterable[Any] = ()
        if isinstance(value, dict):
            inner = value.values() if name != "__builtins__" else ()  # Python's own, in every module
        elif isinstance(value, list | tuple | set):
            inner = value
        elif (value if isinstance(value, type) else type(value)).__module__ == module.__name__:
            inner = getattr(value, "__dict__", {}).values()
        for one in (value, *inner):
            if isinstance(one, _KINDS):
                yield name, one


def _check_bound(source: Source, module: str, name: str, value: Any) -> None:
    for kind, words in _BOUND.items():
        if isinstance(value, kind) and _is_bound(value):
            place = place_where(source, functools.partial(_assigns, name), modules=[module])
            raise PluginError(f"{source.name}: {place}: {name} is {words}")


def _is_bound(value: Any) -> bool:
    """Tell whether another thread could not use what this one has made."""
    if isinstance(value, threading.local):
        return type(value) is threading.local and bool(vars(value))  # one with an __init__ makes its own in each thread
    if isinstance(value, sqlite3.Connection | sqlite3.Cursor):
        connection = value if isinstance(value, sqlite3.Connection) else value.connection
        with ThreadPoolExecutor(1) as other:
            error = other.submit(connection.cursor).exception()
        return isinstance(error, sqlite3.ProgrammingError) and "thread" in str(error)
    return True


def _check_shadowed(source: Source, folder: str) -> None:
    """Refuse a name that the plugin has put into ``sys.path``, and that another has brought before."""
    for inner, data in list(source.files.items()):
        for node in ast.walk(tree_of(data)):
            for name in _absolute(node):
                file = getattr(sys.modules.get(name), "__file__", None) or ""
                places = (Path(folder, f"{name}.py"), Path(folder, name, "__init__.py"))
                there = [one.resolve() for one in places if one.is_file()]
                if file and there and Path(file).resolve() not in there:
                    sys.path.remove(folder)
                    place = f"{source.paths[inner].relative_to(source.folder)}:{node.lineno}"  # type: ignore[attr-defined]
                    told = f"'{name}' is not the one in {folder}: {file} was imported under that name before"
                    remedy = "Put it into the plugin's folder, write it with a dot, and leave sys.path alone."
                    raise PluginError(f"{source.name}: {place}: {told}. {remedy}")


def _absolute(node: ast.AST) -> list[str]:
    """Return the packages that an import names."""
    if isinstance(node, ast.Import):
        return [one.name.split(".")[0] for one in node.names]
    return [(node.module or "").split(".")[0]] if isinstance(node, ast.ImportFrom) and not node.level else []


def _foreign(source: Source, names: list[str]) -> PluginError:
    """Return what is said of own files that are imported as if they were another's, and let go of those."""
    for name in names:
        sys.modules.pop(name, None)
    sys.path[:] = [one for one in sys.path if not Path(one or ".").resolve().is_relative_to(source.folder.resolve())]
    top = max(names, key=len)
    told = f"'{top}' is the plugin's own and is imported under another name, which all generations would share"
    remedy = f"Write it with a dot, `from .{top.rpartition('.')[2]} import …`, and leave sys.path alone."
    return PluginError(f"{source.name}: {place_where(source, functools.partial(_imports, names))}: {told}. {remedy}")


def _assigns(name: str, node: ast.AST) -> bool:
    if isinstance(node, ast.ClassDef):
        return node.name == name
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
    if name.startswith(f"{NAMESPACE}."):
        return False
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(isinstance(one, str) and Path(one).resolve().is_relative_to(folder.resolve()) for one in places)
