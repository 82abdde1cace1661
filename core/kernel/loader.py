"""Imports a plugin's code beside the old copy: each generation is a package of its own name.

Its modules are real ones: the standard library finds what lies beside them, and ``pickle`` what they define.
"""

import ast
import asyncio
import contextvars
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import itertools
import sys
import threading
import traceback
import types
from collections.abc import Callable, Iterable
from pathlib import Path

from core.errors import PluginError
from core.kernel import elsewhere, names, own_tables
from core.kernel.compiled import compiled
from core.kernel.import_errors import what_failed
from core.kernel.names import NAMESPACE
from core.kernel.source import Source, read_source
from core.syntax import tree_of

__all__ = ["NAMESPACE", "Source", "read_source"]

IMPORT_SECONDS = 10.0
START = "plugin.py:1"
"""The place of what stands nowhere."""


def new_package(name: str) -> str:
    """Return a package name that nothing in this process has had: also an import that hangs holds its own for ever."""
    return f"{NAMESPACE}.{name}__g{next(_NUMBERS)}"


async def import_generation(
    source: Source,
    package: str,
    module: str = "plugin",
    context: contextvars.Context | None = None,
    check: Callable[[], None] = lambda: None,
) -> types.ModuleType:
    """Import ``plugin.py`` (or *module*) of *source* as a module of *package* (see ``new_package``) and return it.

    The import runs in a thread of its own, so one that hangs or exits harms nothing else. Of one that fails or takes
    longer than 10 s (``PluginError``) nothing stays in ``sys.modules``.
    What it sets in context variables stays in *context*; *check* looks at it in the same thread.
    """
    if not source.find("plugin"):
        problem = f"there is no plugin.py in {source.folder}. Put the Plugin class there."
        raise PluginError(f"{source.name}: {START}: {problem}")
    _install(source, package)
    try:
        within = contextvars.Context() if context is None else context  # an empty one is false
        within.run(names.ASKING.set, package)

        def work() -> types.ModuleType:
            found = within.run(importlib.import_module, f"{package}.{module}")
            check()
            return found

        return await _in_thread(work, source, package)
    except BaseException:
        forget(package)
        raise


def import_now(source: Source, package: str, module: str) -> types.ModuleType:
    """Import one module of *source* at once, for who has no event loop; it stays, or fails with a ``PluginError``."""
    if not source.find(module):
        raise PluginError(f"{source.name}: there is no {module}.py in {source.folder}. Put it there.")
    _install(source, package)
    try:
        return importlib.import_module(f"{package}.{module}")
    except BaseException as error:
        forget(package)
        raise _import_error(source, package, error) from error


def modules_of(package: str) -> dict[str, types.ModuleType]:
    """Return what a generation has imported of its own, by name."""
    return {name: sys.modules[name] for name in list(_FINDER.asked.get(package, ())) if name in sys.modules}


def forget(package: str) -> None:
    """Remove every trace of a generation's modules."""
    source = _FINDER.sources.pop(package, None)
    modules = modules_of(package)
    own_tables.let_go(modules.values())
    for module in modules:
        sys.modules.pop(module, None)
    _FINDER.asked.pop(package, None)
    if source is not None:
        vars(sys.modules[NAMESPACE]).pop(package.rpartition(".")[2], None)
        if not names.remove(package):
            elsewhere.tell(source.name, None)


def place_of(error: BaseException, source: Source) -> str:
    """Return ``file:line`` of the innermost line of the plugin's own code in *error*'s traceback, or ""."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:  # an error can be made its own cause
        stack = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(cause.__traceback__)]
        if isinstance(cause, SyntaxError) and cause.filename:
            stack.append((cause.filename, cause.lineno or 1))
        if place := place_in(stack, source):
            return place
        seen.add(id(cause))
        cause = cause.__cause__
    return ""


def place_in(stack: Iterable[tuple[str, int]], source: Source) -> str:
    """Return ``file:line`` of the last line in *stack* (files and lines) that is the plugin's own, or ""."""
    own = [(Path(file), line) for file, line in stack if Path(file).is_relative_to(source.folder)]
    return f"{own[-1][0].relative_to(source.folder)}:{own[-1][1]}" if own else ""


def place_where(source: Source, *fits: Callable[[ast.AST], bool], modules: Iterable[str] | None = None) -> str:
    """Return ``file:line`` of the first piece of code, the plugin's or of *modules*, that fits the first of *fits*."""
    for fit in fits:
        for module in list(source.files) if modules is None else modules:
            lines = [getattr(node, "lineno", 1) for node in ast.walk(tree_of(source.files[module])) if fit(node)]
            if lines:
                return f"{source.paths[module].relative_to(source.folder)}:{min(lines)}"
    return START


class _SourceLoader(importlib.machinery.SourceFileLoader):
    """Runs source that was read before, never a stale ``.pyc``; keeps it for tracebacks."""

    def __init__(self, fullname: str, path: Path, source: bytes) -> None:
        super().__init__(fullname, str(path))
        self._source = source

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        """Call a plain module as ``pickle`` will; a folder keeps its generation's name, since ``import`` goes by it."""
        names.alias(name := names.stable(spec.name))
        return types.ModuleType(name) if spec.submodule_search_locations is None else None

    def exec_module(self, module: types.ModuleType) -> None:
        """Run it."""
        super().exec_module(module)
        names.rename(module)

    def get_code(self, fullname: str) -> types.CodeType:
        return compiled(self._source, self.path)[0]

    def get_source(self, fullname: str) -> str:
        return importlib.util.decode_source(self._source)


class _AliasLoader(importlib.abc.Loader):
    """Puts an alias under a name for ``pickle``."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        importlib.import_module(names.meant(spec.name))
        return names.alias(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing: its names are looked up when they are asked for."""


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of all live generations, also by their names for ``pickle``."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self.asked: dict[str, dict[str, None]] = {}
        """The modules of each generation that have been looked for: all modules would take longer to look through."""

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith(f"{NAMESPACE}."):
            return None
        package = ".".join(fullname.split(".")[:2])
        if source := self.sources.get(package):
            self.asked.setdefault(package, {})[fullname] = None
            return _spec(source, fullname, fullname.removeprefix(package).lstrip("."))
        name = names.meant(fullname) or _from_elsewhere(fullname)
        if not name or self.find_spec(name) is None:
            return None
        return importlib.machinery.ModuleSpec(fullname, _AliasLoader())


def _spec(source: Source, fullname: str, inner: str) -> importlib.machinery.ModuleSpec | None:
    if not source.find(inner):
        return None  # Python's own finder looks for what is no source: an extension module
    path = source.paths[inner]
    places = [str(path.parent)] if source.is_package(inner) else None
    loader = _SourceLoader(fullname, path, source.files[inner])
    return importlib.util.spec_from_file_location(fullname, path, loader=loader, submodule_search_locations=places)


def _from_elsewhere(fullname: str) -> str:
    """Return what a name for ``pickle`` means in a process that has loaded nothing of its plugin: what lies there."""
    plugin = fullname.split(".")[1]
    if (folder := elsewhere.folder_of(plugin)) is None:
        return ""
    _install(read_source(plugin, folder), new_package(plugin))
    return names.meant(fullname)


def _install(source: Source, package: str) -> None:
    importlib.import_module(NAMESPACE)
    _FINDER.sources[package] = source
    names.add(package)
    elsewhere.tell(source.name, source.folder)


async def _in_thread(work: Callable[[], types.ModuleType], source: Source, package: str) -> types.ModuleType:
    """Run *work* in a daemon thread: one that never ends must not keep the process from ending."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[types.ModuleType | BaseException | None] = loop.create_future()

    def settle(outcome: types.ModuleType | BaseException | None) -> None:
        if not ended.done():
            ended.set_result(outcome)

    def run() -> None:
        outcome: types.ModuleType | BaseException
        try:
            outcome = work()
        except BaseException as error:  # noqa: BLE001 - also sys.exit(): it is the plugin's mistake, told below
            outcome = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, outcome)

    thread = threading.Thread(target=run, name=f"import {source.name}", daemon=True)
    thread.start()
    try:
        async with asyncio.timeout(IMPORT_SECONDS):
            outcome = await ended
    except TimeoutError:
        raise _hangs(source, thread) from None
    if outcome is None or isinstance(outcome, BaseException):
        raise _import_error(source, package, outcome)
    return outcome


def _hangs(source: Source, thread: threading.Thread) -> PluginError:
    frame = sys._current_frames().get(thread.ident or 0)
    stack = [(entry.filename, entry.lineno or 0) for entry in traceback.extract_stack(frame)] if frame else []
    what = f"importing it took longer than {IMPORT_SECONDS:g} s; it is at {place_in(stack, source) or START}."
    return PluginError(f"{source.name}: {what} Do nothing at import; open things in setup().")


def _import_error(source: Source, package: str, error: BaseException | None) -> PluginError:
    if isinstance(error, PluginError) and str(error).startswith(f"{source.name}: "):
        return error  # ours, with its place
    if error is None:
        return PluginError(f"{source.name}: {START}: importing it gave nothing. Let no module of it replace itself.")
    place = place_of(error, source) or START
    failed = (
        "it called sys.exit." if isinstance(error, SystemExit) else what_failed(error, package, source.modules(), place)
    )
    problem = PluginError(f"{source.name}: importing it failed at {place}: {failed} Correct it and reload.")
    problem.__cause__ = error if isinstance(error, Exception) else None
    return problem


_FINDER = _Finder()
_NUMBERS = itertools.count(1)
sys.meta_path.insert(0, _FINDER)
