"""Checks a plugin's class and handlers against the contracts, without running any of it."""

import ast
import difflib
import enum
import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

import pluggy
from msgspec import Struct

from core.errors import PluginError
from core.kernel import loader
from core.kernel.bounded import text_of
from core.kernel.contract_file import declared, has_contract, read_contract
from core.kernel.contracts import Contracts
from core.kernel.kinds import Kind
from core.kernel.manifest import Manifest
from core.kernel.names import stable
from core.kernel.offers import Offer, offered, problem_of
from core.kernel.reliance import check_installed
from core.kernel.served import AbsentContractError, serve

MEND = "Correct it and reload."
_STATE: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("export_state", "self", ()),
    ("import_state", "self, state, from_version", ({}, "")),
)
"""The methods that hand state over: what they take, as it is written and as it is given."""
_DEFINITION = re.compile(r"hookimpl definition: (\w+)\(")
"""In pluggy's messages."""


class Stage(enum.IntEnum):
    """When an implementation is called among those of one event."""

    FIRST = 0
    ORDINARY = 1
    LAST = 2


class Impl(Struct, frozen=True):
    """One handler: a plugin's method for a hook."""

    hook: str
    function: Callable[..., Awaitable[None]]
    takes_event: bool
    """It may take fewer arguments than the hook gives."""
    stage: Stage
    limit: float
    """Seconds."""


class UndeclaredHookError(PluginError):
    """A plugin handles a hook that nobody declares; it is loaded when somebody does."""


def awaits_contract(error: BaseException) -> bool:
    """Tell whether a plugin was refused because what another one declares is not there."""
    return isinstance(error, UndeclaredHookError) or isinstance(error.__cause__, AbsentContractError)


class Probe:
    """Looks at one plugin. What is wrong is told with file and line (``PluginError``)."""

    def __init__(self, manifest: Manifest, source: loader.Source, contracts: Contracts) -> None:
        self._manifest, self._source, self._contracts = manifest, source, contracts
        self._hooks: Mapping[str, Kind] = {}

    def plugin_class(self, module: ModuleType) -> type[Any]:
        """Return the one Plugin class that *module* defines."""
        own = stable(module.__name__)
        classes = [one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == own]
        found = list(dict.fromkeys(one for one in classes if issubclass(one, self._contracts.base)))
        if not found:
            problem = "plugin.py has no Plugin class. Define exactly one class that derives from Plugin."
            raise self._wrong(loader.START, f"{problem}{self._imported(module)}")
        if len(found) > 1:
            names = ", ".join(f"{one.__name__} at {place_of(one, self._source)}" for one in found)
            problem = f"plugin.py has more than one Plugin class: {names}. Leave exactly one."
            raise self._wrong(place_of(found[-1], self._source), problem)
        return found[0]

    def impls(
        self, plugin: Any, contracts: Contracts, *, runs: bool = False
    ) -> tuple[dict[str, Impl], tuple[str, ...]]:
        """Return the plugin's handlers by hook, and the hooks of those that nobody declares.

        Those are refused unless they are marked as optional, or the plugin *runs*: a hook of its may go.
        """
        self._hooks = contracts.by_hook
        manager = contracts.manager()
        try:
            manager.register(plugin, self._manifest.name)
        except pluggy.PluginValidationError as error:
            raise self._mismatch(plugin, error) from error
        unbound = self._undeclared(manager, refuse=not runs)
        if not runs:
            self._manifest.check_limits([*self._hooks, *unbound], offered(plugin, contracts))
            self._refuse_unmarked(plugin, contracts.project)
        return {hook: self._impl(hook, impl) for hook in self._hooks for impl in _impls(manager, hook)}, unbound

    def offers(self, plugin: Any) -> dict[str, Offer]:
        """Return what the plugin offers to others, by name."""
        return {name: self._offer(plugin, name) for name in offered(plugin, self._contracts)}

    def check_state(self, plugin: Any) -> None:
        """Refuse methods that could not hand state over: it is done in one step, between two events."""
        for name, written, given in _STATE:
            method = getattr(plugin, name)
            signature, remedy = inspect.signature(method), f"Write `def {name}({written})`."
            if inspect.iscoroutinefunction(method):
                problem = f"{name} is async, and state is handed over in one step. {remedy}"
                raise self._wrong(place_of(method, self._source), problem)
            try:
                signature.bind(*given)
            except TypeError as error:
                problem = f"{name}{signature} is given another number of things. {remedy}"
                raise self._wrong(place_of(method, self._source), problem) from error

    def _imported(self, module: ModuleType) -> str:
        """Say what of *module* looks like the plugin and is another file's."""
        base = self._contracts.base
        names = [one for one in vars(module).values() if inspect.isclass(one) and issubclass(one, base)]
        return "".join(f" {one.__name__} is imported: write its class there." for one in names if one is not base)

    def _offer(self, plugin: Any, name: str) -> Offer:
        if problem := problem_of(plugin, name, self._contracts):
            raise self._wrong(place_of(getattr(plugin, name), self._source), problem)
        function = getattr(plugin, name)
        return Offer(name, function, inspect.signature(function), self._manifest.limit(name))

    def _mismatch(self, plugin: Any, error: pluggy.PluginValidationError) -> PluginError:
        hook = next(hook for hook in self._hooks if repr(hook) in str(error))
        written = _DEFINITION.search(str(error))
        place = place_of(getattr(plugin, written[1] if written else hook, type(plugin)), self._source)
        return self._wrong(place, f"{hook}: {str(error).splitlines()[-1]}. {self._written(hook)}")

    def _undeclared(self, manager: pluggy.PluginManager, *, refuse: bool) -> tuple[str, ...]:
        undeclared = []
        for hook in vars(manager.hook):
            if hook not in self._hooks and (found := _impls(manager, hook)):
                undeclared.append(hook)
                if refuse and not all(one.optionalhook for one in found):
                    raise UndeclaredHookError(str(self._no_hook(hook, place_of(found[0].function, self._source))))
        return tuple(undeclared)

    def _no_hook(self, hook: str, place: str) -> PluginError:
        near = difflib.get_close_matches(hook, self._hooks, 1)
        remedy = f"Did you mean {near[0]}?" if near else f"The hooks are {', '.join(self._hooks)}."
        if not near:
            remedy += " If a plugin that is not on declares it: switch that one on, or write "
            remedy += "@hookimpl(optionalhook=True)."
        return self._wrong(place, f"there is no hook '{hook}'. {remedy}")

    def _refuse_unmarked(self, plugin: Any, project: str) -> None:
        """Refuse a method that is called like a hook and would never be called."""
        for hook in self._hooks:
            method = getattr(type(plugin), hook, None)
            if method is not None and not hasattr(method, f"{project}_impl"):
                problem = f"{hook} is called like a hook and is not marked. Write @hookimpl above it, or rename it."
                raise self._wrong(place_of(method, self._source), problem)

    def _impl(self, hook: str, impl: pluggy.HookImpl) -> Impl:
        place, signature = place_of(impl.function, self._source), inspect.signature(impl.function)
        if impl.wrapper or impl.hookwrapper or not inspect.iscoroutinefunction(impl.function):
            raise self._wrong(place, f"{hook} must be a plain `async def`. {self._written(hook)}")
        if len(signature.parameters) != len(impl.argnames):
            raise self._wrong(place, f"{hook}{signature} takes what is never passed. {self._written(hook)}")
        stage = Stage.FIRST if impl.tryfirst else Stage.LAST if impl.trylast else Stage.ORDINARY
        return Impl(hook, impl.function, bool(impl.argnames), stage, self._manifest.limit(hook))

    def _written(self, hook: str) -> str:
        """Return how a handler of *hook* is written."""
        return f"Write `async def {hook}(self, {self._hooks[hook].argument})`, without defaults."

    def _wrong(self, place: str, problem: str) -> PluginError:
        return PluginError(f"{self._manifest.name}: {place}: {problem}")


async def check_contract(manifest: Manifest, contracts: Contracts, beside: Iterable[Manifest] = ()) -> list[str]:
    """Import and check a plugin without setting it up; return its hooks. A ``PluginError`` names file and line.

    Args:
        manifest: what the plugin says of itself.
        contracts: the hooks that there are without plugins.
        beside: the plugins beside it, whose contracts it may rely on.
    """
    check_installed(manifest)
    source, package = loader.read_source(manifest.name, manifest.folder), loader.new_package(manifest.name)
    probe = Probe(manifest, source, contracts)
    others = contracts.fresh()
    neighbours = [one for one in beside if one.name != manifest.name and has_contract(one)]
    async with declared(neighbours, others):
        try:
            _, kinds = await read_contract(source, package, others)
            plugin_class = probe.plugin_class(await loader.import_generation(source, package))
            try:
                plugin = plugin_class()
            except (Exception, SystemExit) as error:
                place = loader.place_of(error, source) or place_of(plugin_class, source)
                raise PluginError(f"{manifest.name}: __init__() failed at {place}: {text_of(error)}. {MEND}") from error
            probe.check_state(plugin)
            probe.offers(plugin)
            found, unbound = probe.impls(plugin, others.with_contract(manifest.name, kinds))
            return [*found, *unbound]
        finally:
            loader.forget(package)
            for one in neighbours:
                serve(one.name, None)


def place_of(function: Any, source: loader.Source) -> str:
    """Return file and line where a function of the plugin, or a class in ``plugin.py``, is defined."""
    if inspect.isclass(function):
        name = function.__name__
        return loader.place_where(
            source, lambda node: isinstance(node, ast.ClassDef) and node.name == name, modules=["plugin"]
        )
    code = getattr(inspect.unwrap(function), "__code__", None)
    return (loader.place_in([(code.co_filename, code.co_firstlineno)], source) if code else "") or loader.START


def _impls(manager: pluggy.PluginManager, hook: str) -> list[pluggy.HookImpl]:
    return list(getattr(manager.hook, hook).get_hookimpls())
