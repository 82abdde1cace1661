"""One loaded copy of a plugin: made beside the one that runs, checked, set up, and later disposed."""

import enum
import inspect
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from core import hookspecs
from core.errors import PluginError, RoundhookError
from core.events import EVENTS_BY_HOOK, Event
from core.kernel import loader
from core.kernel.bounded import bounded
from core.kernel.manifest import Manifest
from core.kernel.scope import Activity, Scope

if TYPE_CHECKING:
    import aiohttp

    from core.plugin import Context, Plugin

SETUP_SECONDS = 10.0
TEARDOWN_SECONDS = 5.0


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
    stage: Stage
    limit: float
    """Seconds."""

    async def call(self, event: Event) -> None:
        """Call it; it may take fewer arguments than the hook gives."""
        await (self.function(event) if self.takes_event else self.function())


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
        module = await loader.import_generation(self.source, self.number)
        self.plugin = self._instance(module)
        self.plugin.ctx = context
        self.impls = _probe(self.manifest, self.plugin)
        await self._guard("setup", self.plugin.setup(), SETUP_SECONDS)

    async def export_state(self) -> Any:
        """Return the plugin's state as plain JSON data, None if it keeps none.

        Raises:
            PluginError: it failed, or the state is not JSON.
        """
        if self.plugin is None or type(self.plugin).export_state is _base().export_state:
            return None
        state = self._call("export_state", self.plugin.export_state)
        try:
            return json.loads(json.dumps(state, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise PluginError(
                f"{self.manifest.name}: export_state() of {self.manifest.version} gave what is not JSON: {error}. "
                "Use only dict, list, str, numbers, bool and None."
            ) from error

    def import_state(self, state: Any, from_version: str) -> None:
        """Hand over the earlier generation's state.

        Raises:
            PluginError: it was refused.
        """
        if state is not None and self.plugin is not None:
            plugin = self.plugin
            self._call("import_state", lambda: plugin.import_state(state, from_version))

    async def dispose(self) -> None:
        """Tear down, close all that was opened, forget the modules. Never raises; harmless the second time."""
        if self.plugin is not None and self.scope.live:
            try:
                await self._guard("teardown", self.plugin.teardown(), TEARDOWN_SECONDS)
            except PluginError as error:
                self.log.error("%s", error)
        await self.scope.close()
        self.plugin = None
        self.impls = {}
        self.declared = Declared()
        loader.forget(f"{loader.NAMESPACE}.{self.manifest.name}__g{self.number}")

    def _instance(self, module: ModuleType) -> "Plugin":
        name = self.manifest.name
        found = [
            one
            for one in vars(module).values()
            if inspect.isclass(one) and issubclass(one, _base()) and one.__module__ == module.__name__
        ]
        if len(found) != 1:
            what = "no Plugin class" if not found else "more than one: " + ", ".join(one.__name__ for one in found)
            raise PluginError(f"{name}: plugin.py has {what}. Define exactly one class that derives from Plugin.")
        plugin: Plugin = self._call("__init__", found[0])
        return plugin

    async def _guard(self, step: str, work: Any, seconds: float) -> None:
        if not inspect.iscoroutine(work):
            raise PluginError(f"{self.manifest.name}: {step} is not a coroutine. Write `async def {step}(self)`.")
        try:
            await bounded(work, seconds)
        except TimeoutError as error:
            raise PluginError(
                f"{self.manifest.name}: {step}() {error}. It must return when the plugin is ready; "
                "long work belongs into self.ctx.service or self.ctx.spawn."
            ) from error
        except RoundhookError as error:
            raise PluginError(f"{self.manifest.name}: {step}() says: {error}") from error
        except (Exception, SystemExit) as error:
            raise self._wrong(step, error) from error

    def _call(self, step: str, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except (Exception, SystemExit) as error:
            raise self._wrong(step, error) from error

    def _wrong(self, step: str, error: BaseException) -> PluginError:
        place = loader.place_of(error, self.source)
        return PluginError(
            f"{self.manifest.name}: {step}() failed at {place or 'an unknown place'}: {type(error).__name__}: {error}."
        )


def _probe(manifest: Manifest, plugin: "Plugin") -> dict[str, Impl]:
    """Check the plugin's handlers against the contract in a manager of their own, and return them by hook."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, manifest.name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(f"{manifest.name}: {_place_of_class(plugin)}: {' '.join(str(error).split())}.") from error
    return {hook: _impl(manifest, hook, impl) for hook in EVENTS_BY_HOOK for impl in _impls(manager, hook)}


def _impls(manager: pluggy.PluginManager, hook: str) -> list[pluggy.HookImpl]:
    caller: pluggy.HookCaller = getattr(manager.hook, hook)
    return caller.get_hookimpls()


def _impl(manifest: Manifest, hook: str, impl: pluggy.HookImpl) -> Impl:
    if impl.wrapper or impl.hookwrapper or not inspect.iscoroutinefunction(impl.function):
        code = getattr(impl.function, "__code__", None)
        place = f"plugin.py:{code.co_firstlineno}" if code else "plugin.py"
        raise PluginError(f"{manifest.name}: {place}: {hook} must be a plain `async def`.")
    stage = Stage.FIRST if impl.tryfirst else Stage.LAST if impl.trylast else Stage.ORDINARY
    return Impl(hook, impl.function, bool(impl.argnames), stage, manifest.limit(hook))


def _place_of_class(plugin: "Plugin") -> str:
    try:
        return f"plugin.py:{inspect.getsourcelines(type(plugin))[1]}"
    except OSError:
        return "plugin.py"


def _base() -> type["Plugin"]:
    from core.plugin import Plugin

    return Plugin
