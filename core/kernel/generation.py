"""One loaded copy of a plugin: made beside the one that runs, checked, set up, and later disposed."""

import asyncio
import contextlib
import contextvars
import functools
import inspect
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from core.errors import BadInputError, PeerUnavailableError, PluginError, RoundhookError, UserFacingError
from core.kernel import loader
from core.kernel.bounded import TookTooLongError, bounded
from core.kernel.contract_file import read_contract
from core.kernel.contracts import Contracts
from core.kernel.import_errors import what_failed
from core.kernel.imported import Before, check_imported
from core.kernel.kinds import Kind
from core.kernel.layers import Layers
from core.kernel.manifest import Manifest
from core.kernel.names import asking
from core.kernel.offers import Offer
from core.kernel.plain import plain
from core.kernel.probe import MEND, Impl, Probe, place_of
from core.kernel.reading import reading
from core.kernel.scope import Activity, Scope

if TYPE_CHECKING:
    import aiohttp


_NO_MISTAKES = (PeerUnavailableError, BadInputError, UserFacingError)
SETUP_SECONDS = 10.0
TEARDOWN_SECONDS = 5.0
_STUCK = "Version {version}, which runs, cannot hand its state over: correct it, then disable and enable the plugin."
_CLOSED = "What version {version} opened through self.ctx is closed all the same. Correct it for the next time."
_REMEDIES = {"export_state": _STUCK, "teardown": _CLOSED}
_SHORTER = {
    "setup": "It must return when the plugin is ready; long work belongs into self.ctx.service or self.ctx.spawn.",
    "teardown": f"It undoes what the context does not close, and returns. {_CLOSED}",
}
"""What to do about a step that takes too long."""


class Declared(Struct):
    """What a generation has asked for besides tasks; the kernel puts it in place at the swap."""

    commands: list[Any] = field(default_factory=list)
    """lightbulb command classes and groups."""
    translations: dict[Any, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    """Of each command."""
    listeners: list[tuple[type[Any], Callable[[Any], Awaitable[None]]]] = field(default_factory=list)
    components: dict[str, Callable[..., Awaitable[None]]] = field(default_factory=dict)
    admin_components: set[str] = field(default_factory=set)
    """Those that only admins may use."""
    promised: dict[str, str] = field(default_factory=dict)
    """Components made in ``setup``, before all are declared, each with the place where."""
    crons: dict[tuple[str, str], Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """By the method's name and the expression with its time zone."""
    status: list[Callable[[int, bool], Awaitable[list[str]]]] = field(default_factory=list)
    """Give lines for /status."""


class Generation:
    """A plugin's code of one moment, with all that it has opened."""

    def __init__(self, manifest: Manifest, source: loader.Source, number: int, scope: Scope) -> None:
        self.manifest, self.source, self.number, self.scope = manifest, source, number, scope
        self.layers = Layers(manifest)
        """Where its settings come from."""
        self.package = loader.new_package(manifest.name)
        self.interactions = Activity()
        """Commands and components that it is answering; they are never held, and waited for before it is disposed."""
        self.log = logging.getLogger(f"roundhook.{manifest.name}")
        self.declared = Declared()
        self._named: set[str] = set()
        self.note = ""
        """What its author should know although it loads: a package that was upgraded meanwhile."""
        self.migrated: list[str] = []
        """The migrations that were run for it."""
        self.held_ms = 0.0
        """For how long that has held its plugin's events."""
        self.impls: dict[str, Impl] = {}
        self.offers: dict[str, Offer] = {}
        """What other plugins may call, by name."""
        self.unbound: tuple[str, ...] = ()
        """Hooks that it would handle, and that nobody declares now."""
        self.contract: ModuleType | None = None
        self.kinds: list[Kind] = []
        """What its contract declares."""
        self._probe: Probe | None = None
        self._bound_to = -1
        self._keeps_state = False
        self.plugin: Any = None
        """The plugin object."""
        self.http: aiohttp.ClientSession | None = None
        """Made when the plugin asks for it; closed with the scope."""

    @property
    def source_hash(self) -> str:
        return self.source.sha256[:12]

    def failed(self, what: str, error: BaseException) -> None:
        """Log that *what* of the plugin (a command, a listener, a job) failed: a mistake with its whole traceback.

        What somebody else is to blame for, and says so in its text, is one line.
        """
        if isinstance(error, _NO_MISTAKES):
            self.log.warning("%s: %s", what, error)
        else:
            self.log.error("%s failed", what, exc_info=(type(error), error, error.__traceback__))

    def name_once(self, problem: str) -> None:
        """Log a mistake that would come again and again, once as long as this code runs."""
        if problem not in self._named:
            self._named.add(problem)
            self.log.warning("%s", problem)

    def promise(self, action: str) -> None:
        """Name a component that is made for *action* and that nothing answers; in ``setup`` something still may."""
        if action not in self.declared.components:
            stack = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_stack(None)]
            place = loader.place_in(reversed(stack), self.source)
            self.declared.promised.setdefault(action, place)
            if self.scope.live:
                self.check_promises()

    def check_promises(self) -> None:
        """Name what was made for actions that nothing answers."""
        for action, place in self.declared.promised.items():
            if action not in self.declared.components:
                there = ", ".join(self.declared.components) or "none yet"
                remedy = f"Write self.ctx.on_component({action!r}, …) in setup. There are: {there}."
                self.name_once(f"{place}: component_id({action!r}): nothing answers it. {remedy}")

    async def load(self, context: Any, contracts: Contracts, ready: Callable[[], Awaitable[None]]) -> None:
        """Import and check, wait until all is *ready* for it, and set up: then comes the swap.

        A ``PluginError`` names file and line; the caller disposes.
        """
        with reading(self.source), asking(self.package):
            await self._load(context, contracts, ready)
        await asyncio.to_thread(self.source.settle) if self.source.data else self.source.settle()

    async def _load(self, context: Any, contracts: Contracts, ready: Callable[[], Awaitable[None]]) -> None:
        self.contract, self.kinds = await read_contract(self.source, self.package, contracts)
        within = contextvars.Context()
        check = functools.partial(check_imported, self.source, self.package, Before())
        module = await loader.import_generation(self.source, self.package, context=within, check=check)
        self.scope.adopt(within)
        probe = self._probe = Probe(self.manifest, self.source, contracts)
        self.plugin = plugin = self._call("__init__", probe.plugin_class(module))
        self._keeps_state = type(plugin).export_state is not contracts.base.export_state
        plugin.ctx = context
        self.check(contracts)
        probe.check_state(plugin)
        self.offers = probe.offers(plugin)
        await ready()
        await self._guard("setup", plugin.setup, SETUP_SECONDS)
        self._check_state()

    def check(self, contracts: Contracts) -> None:
        """Find its handlers as the contracts, and its own, are now; refuse what is wrong (``PluginError``)."""
        if self._probe is not None and self._bound_to != contracts.version:
            seen = contracts.with_contract(self.manifest.name, self.kinds)
            self.impls, self.unbound = self._probe.impls(self.plugin, seen)
            self._bound_to = contracts.version

    def bind(self, contracts: Contracts) -> None:
        """Find its handlers anew while it runs (``PluginError``); those of a hook that is gone stay."""
        if self._probe is not None:
            gone = {hook: impl for hook, impl in self.impls.items() if hook not in contracts.by_hook}
            found, self.unbound = self._probe.impls(self.plugin, contracts, runs=True)
            self.impls = {**gone, **found}

    async def export_state(self) -> Any:
        """Return the plugin's state as plain JSON data (else ``PluginError``), None if it keeps none."""
        if self.plugin is None or not self._keeps_state:
            return None
        return self._plain(self._call("export_state", self.plugin.export_state), self._remedy("export_state"))

    def _check_state(self) -> None:
        """Ask for the state once, so that what could not be handed over is known before there is anything to lose."""
        if self._keeps_state:
            try:
                state = self._call("export_state", self.plugin.export_state)
            except PluginError as error:  # it may need what comes later
                self.name_once(str(error))
                self.note = f"{self.note} {error}".strip()
            else:
                self._plain(state, MEND)

    def _plain(self, state: Any, remedy: str) -> Any:
        try:
            return plain(state)
        except ValueError as error:
            problem = f"export_state() gave what is not JSON: {error}."
            use = "Use only dict, list, str, numbers, bool and None."
            place = place_of(self.plugin.export_state, self.source)
            raise self._error(f"{place}: {problem} {use} {remedy}") from error

    def import_state(self, state: Any, from_version: str) -> None:
        """Hand over the earlier generation's state; a refusal is a ``PluginError``."""
        if state is not None and self.plugin is not None:
            self._call("import_state", self.plugin.import_state, state, from_version)

    async def dispose(self) -> None:
        """Tear down, close all that was opened, forget the modules. Never raises; harmless the second time."""
        async with contextlib.AsyncExitStack() as stack:  # each of these is done whatever becomes of the others
            stack.callback(self._let_go)
            stack.push_async_callback(self.scope.close)
            if self.plugin is not None and self.scope.live:
                try:
                    await self._guard("teardown", self.plugin.teardown, TEARDOWN_SECONDS)
                except PluginError as error:
                    self.log.error("%s", error)

    def _let_go(self) -> None:
        self.plugin, self.impls, self.offers, self.declared, self._probe = None, {}, {}, Declared(), None
        loader.forget(self.package)

    async def _guard(self, step: str, function: Callable[[], Any], seconds: float) -> None:
        work = self._call(step, function)
        if not inspect.iscoroutine(work):
            place = place_of(function, self.source)
            raise self._error(f"{place}: {step} is not a coroutine. Write `async def {step}(self)`.")
        try:
            await bounded(work, seconds, context=self._within())
        except TookTooLongError as error:
            place = loader.place_in(error.stack, self.source) or place_of(function, self.source)
            raise self._error(f"{step}() {error}; it is at {place}. {self._remedy(step, _SHORTER)}") from error
        except Exception as error:
            raise self._wrong(step, error, function) from error

    def _call(self, step: str, function: Callable[..., Any], *args: Any) -> Any:
        try:
            return self._within().run(function, *args)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # also CancelledError: nobody is cancelled by what is called, not awaited
            raise self._wrong(step, error, function) from error

    def _within(self) -> contextvars.Context:
        """Return a copy of our context that has what the import has set."""
        context = contextvars.copy_context()
        context.run(self.scope.enter)
        return context

    def _wrong(self, step: str, error: BaseException, function: Callable[..., Any]) -> PluginError:
        """Return what a step of the plugin raised, told with its place; what we have raised has its own remedy."""
        place = loader.place_of(error, self.source) or place_of(function, self.source)
        if isinstance(error, RoundhookError):
            return self._error(f"{step}() at {place} says: {str(error).removeprefix(f'{self.manifest.name}: ')}")
        failed = what_failed(error, self.package, self.source.modules(), place)
        return self._error(f"{step}() failed at {place}: {failed} {self._remedy(step)}")

    def _remedy(self, step: str, remedies: Mapping[str, str] = _REMEDIES) -> str:
        return remedies.get(step, MEND).format(version=self.manifest.version)

    def _error(self, text: str) -> PluginError:
        return PluginError(f"{self.manifest.name}: {text}")
