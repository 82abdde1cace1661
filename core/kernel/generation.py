"""One loaded copy of a plugin: made beside the one that runs, checked, set up, and later disposed."""

import ast
import contextlib
import difflib
import enum
import inspect
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from core import hookspecs
from core.errors import PluginError, RoundhookError
from core.events import EVENTS_BY_HOOK
from core.kernel import loader
from core.kernel.bounded import TookTooLongError, bounded, text_of
from core.kernel.manifest import Manifest
from core.kernel.scope import Activity, Scope

if TYPE_CHECKING:
    import aiohttp

    from core.plugin import Context, Plugin

SETUP_SECONDS = 10.0
TEARDOWN_SECONDS = 5.0
_MEND = "Correct it and reload."
_STUCK = "Version {version}, which runs, cannot hand its state over: correct it, then disable and enable the plugin."
_CLOSED = "What version {version} opened through self.ctx is closed all the same. Correct it for the next time."
_REMEDIES = {"export_state": _STUCK, "teardown": _CLOSED}
_SHORTER = {
    "setup": "It must return when the plugin is ready; long work belongs into self.ctx.service or self.ctx.spawn.",
    "teardown": f"It undoes what the context does not close, and returns. {_CLOSED}",
}
"""What to do about a step that takes too long."""
_DEFINITION = re.compile(r"hookimpl definition: (\w+)\(")
"""In pluggy's messages."""


class Stage(enum.IntEnum):
    """When an implementation is called among those of one event."""

    FIRST = 0
    ORDINARY = 1
    LAST = 2


@dataclass(frozen=True, slots=True)
class Impl:
    """One handler: a plugin's method for a hook."""

    hook: str
    function: Callable[..., Awaitable[None]]
    takes_event: bool
    """It may take fewer arguments than the hook gives."""
    stage: Stage
    limit: float
    """Seconds."""


@dataclass(slots=True)
class Declared:
    """What a generation has asked for besides tasks; the kernel puts it in place at the swap."""

    commands: list[Any] = field(default_factory=list)
    """lightbulb command classes and groups."""
    listeners: list[tuple[type[Any], Callable[[Any], Awaitable[None]]]] = field(default_factory=list)
    components: dict[str, Callable[..., Awaitable[None]]] = field(default_factory=dict)


class Generation:
    """A plugin's code of one moment, with all that it has opened."""

    def __init__(self, manifest: Manifest, source: loader.Source, number: int, scope: Scope) -> None:
        self.manifest = manifest
        self.source = source
        self.number = number
        self.package = loader.new_package(manifest.name)
        self.scope = scope
        self.interactions = Activity()
        """Commands and components that it is answering; they are never held, and waited for before it is disposed."""
        self.log = logging.getLogger(f"roundhook.{manifest.name}")
        self.declared = Declared()
        self.impls: dict[str, Impl] = {}
        self.plugin: Plugin | None = None
        self.http: aiohttp.ClientSession | None = None
        """Made when the plugin asks for it; closed with the scope."""

    @property
    def source_hash(self) -> str:
        return self.source.sha256[:12]

    async def load(self, context: "Context") -> None:
        """Import, check and set up; after it the generation is ready for the swap and has done nothing yet.

        Raises:
            PluginError: any step failed; names plugin, file and line. The caller disposes the generation.
        """
        module = await loader.import_generation(self.source, self.package)
        plugin: Plugin = self._call("__init__", _plugin_class(module, self.source))
        self.plugin = plugin
        plugin.ctx = context
        self.impls = _probe(self.manifest, plugin, self.source)
        await self._guard("setup", plugin.setup, SETUP_SECONDS)

    async def export_state(self) -> Any:
        """Return the plugin's state as plain JSON data, None if it keeps none.

        Raises:
            PluginError: it failed, or the state is not JSON.
        """
        if self.plugin is None or type(self.plugin).export_state is _base().export_state:
            return None
        state = self._call("export_state", self.plugin.export_state)
        try:
            _check_keys(state)
            return json.loads(json.dumps(state, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            problem = (
                f"export_state() gave what is not JSON: {error}. Use only dict, list, str, numbers, bool and None."
            )
            place = _place_of(self.plugin.export_state, self.source)
            raise self._error(f"{place}: {problem} {self._remedy('export_state')}") from error

    def import_state(self, state: Any, from_version: str) -> None:
        """Hand over the earlier generation's state.

        Raises:
            PluginError: it was refused.
        """
        if state is not None and self.plugin is not None:
            self._call("import_state", self.plugin.import_state, state, from_version)

    async def dispose(self) -> None:
        """Tear down, close all that was opened, forget the modules. Never raises; harmless the second time."""
        async with contextlib.AsyncExitStack() as stack:  # each of these is done whatever becomes of the others
            stack.callback(self._let_go)
            stack.push_async_callback(self.scope.close)
            if self.plugin is not None and self.scope.live:
                await self._tear_down(self.plugin)

    async def _tear_down(self, plugin: "Plugin") -> None:
        try:
            await self._guard("teardown", plugin.teardown, TEARDOWN_SECONDS)
        except PluginError as error:
            self.log.error("%s", error)

    def _let_go(self) -> None:
        self.plugin = None
        self.impls = {}
        self.declared = Declared()
        loader.forget(self.package)

    async def _guard(self, step: str, function: Callable[[], Any], seconds: float) -> None:
        work = self._call(step, function)
        if not inspect.iscoroutine(work):
            place = _place_of(function, self.source)
            raise self._error(f"{place}: {step} is not a coroutine. Write `async def {step}(self)`.")
        try:
            await bounded(work, seconds)
        except TookTooLongError as error:
            place = loader.place_in(error.stack, self.source) or _place_of(function, self.source)
            raise self._error(f"{step}() {error}; it is at {place}. {self._remedy(step, _SHORTER)}") from error
        except Exception as error:
            raise self._wrong(step, error, function) from error

    def _call(self, step: str, function: Callable[..., Any], *args: Any) -> Any:
        try:
            return function(*args)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # also CancelledError: nobody is cancelled by what is called, not awaited
            raise self._wrong(step, error, function) from error

    def _wrong(self, step: str, error: BaseException, function: Callable[..., Any]) -> PluginError:
        """Return what a step of the plugin raised, told with its place; what we have raised has its own remedy."""
        place = loader.place_of(error, self.source) or _place_of(function, self.source)
        if isinstance(error, RoundhookError):
            return self._error(f"{step}() at {place} says: {str(error).removeprefix(f'{self.manifest.name}: ')}")
        return self._error(f"{step}() failed at {place}: {text_of(error)}. {self._remedy(step)}")

    def _remedy(self, step: str, remedies: Mapping[str, str] = _REMEDIES) -> str:
        return remedies.get(step, _MEND).format(version=self.manifest.version)

    def _error(self, text: str) -> PluginError:
        return PluginError(f"{self.manifest.name}: {text}")


def _plugin_class(module: ModuleType, source: loader.Source) -> "type[Plugin]":
    """Return the one Plugin class that *module* defines."""
    found = dict.fromkeys(
        one
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, _base()) and one.__module__ == module.__name__
    )
    if not found:
        problem = "no Plugin class. Define exactly one class that derives from Plugin."
        raise PluginError(f"{source.name}: {loader.START}: plugin.py has {problem}")
    if len(found) > 1:
        places = {one: _place_of(one, source) for one in found}
        names = ", ".join(f"{one.__name__} at {place}" for one, place in places.items())
        problem = f"plugin.py has more than one Plugin class: {names}. Leave exactly one."
        raise PluginError(f"{source.name}: {[*places.values()][-1]}: {problem}")
    return next(iter(found))


def _probe(manifest: Manifest, plugin: "Plugin", source: loader.Source) -> dict[str, Impl]:
    """Check the plugin's handlers against the contract in a manager of their own, and return them by hook."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, manifest.name)
    except pluggy.PluginValidationError as error:
        hook = next(hook for hook in EVENTS_BY_HOOK if repr(hook) in str(error))
        written = _DEFINITION.search(str(error))
        place = _place_of(getattr(plugin, written[1] if written else hook, type(plugin)), source)
        problem = str(error).splitlines()[-1]
        raise PluginError(f"{manifest.name}: {place}: {hook}: {problem}. {_written(hook)}") from error
    for hook in vars(manager.hook):
        if hook not in EVENTS_BY_HOOK and _impls(manager, hook):
            near = difflib.get_close_matches(hook, EVENTS_BY_HOOK, 1)
            remedy = f"Did you mean {near[0]}?" if near else f"The hooks are {', '.join(EVENTS_BY_HOOK)}."
            place = _place_of(_impls(manager, hook)[0].function, source)
            raise PluginError(f"{manifest.name}: {place}: there is no hook '{hook}'. {remedy}")
    return {hook: _impl(manifest, source, hook, impl) for hook in EVENTS_BY_HOOK for impl in _impls(manager, hook)}


def _impls(manager: pluggy.PluginManager, hook: str) -> list[pluggy.HookImpl]:
    caller: pluggy.HookCaller = getattr(manager.hook, hook)
    return caller.get_hookimpls()


def _impl(manifest: Manifest, source: loader.Source, hook: str, impl: pluggy.HookImpl) -> Impl:
    place = _place_of(impl.function, source)
    if impl.wrapper or impl.hookwrapper or not inspect.iscoroutinefunction(impl.function):
        raise PluginError(f"{manifest.name}: {place}: {hook} must be a plain `async def`. {_written(hook)}")
    if len(inspect.signature(impl.function).parameters) != len(impl.argnames):
        problem = f"{hook}{inspect.signature(impl.function)} takes what is never passed"
        raise PluginError(f"{manifest.name}: {place}: {problem}. {_written(hook)}")
    stage = Stage.FIRST if impl.tryfirst else Stage.LAST if impl.trylast else Stage.ORDINARY
    return Impl(hook, impl.function, bool(impl.argnames), stage, manifest.limit(hook))


def _written(hook: str) -> str:
    """Return how a handler of *hook* is written."""
    return f"Write `async def {hook}(self, {EVENTS_BY_HOOK[hook].argument})`, without defaults."


def _place_of(function: Any, source: loader.Source) -> str:
    """Return file and line where a function of the plugin, or a class in ``plugin.py``, is defined."""
    if inspect.isclass(function):
        name = function.__name__
        return loader.place_where(
            source, lambda node: isinstance(node, ast.ClassDef) and node.name == name, modules=["plugin"]
        )
    code = getattr(inspect.unwrap(function), "__code__", None)
    return (loader.place_in([(code.co_filename, code.co_firstlineno)], source) if code else "") or loader.START


def _check_keys(state: Any) -> None:
    """Refuse keys that JSON would silently turn into text."""
    if isinstance(state, dict):
        for key, value in state.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} is no str")
            _check_keys(value)
    elif isinstance(state, (list, tuple)):
        for value in state:
            _check_keys(value)


def _base() -> type["Plugin"]:
    from core.plugin import Plugin

    return Plugin


async def check_contract(manifest: Manifest) -> list[str]:
    """Import a plugin and check it against the contract without setting it up; return the hooks it handles.

    Raises:
        PluginError: something is wrong; names file and line.
    """
    source, package = loader.read_source(manifest.name, manifest.folder), loader.new_package(manifest.name)
    try:
        plugin_class = _plugin_class(await loader.import_generation(source, package), source)
        try:
            plugin = plugin_class()
        except (Exception, SystemExit) as error:
            place = loader.place_of(error, source) or _place_of(plugin_class, source)
            problem = f"__init__() failed at {place}: {text_of(error)}. {_MEND}"
            raise PluginError(f"{manifest.name}: {problem}") from error
        return list(_probe(manifest, plugin, source))
    finally:
        loader.forget(package)
