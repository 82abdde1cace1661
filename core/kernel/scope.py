"""What one generation of a plugin has opened: declared in setup, started at the swap, closed in reverse."""

import asyncio
import contextlib
import contextvars
import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from typing import Any

from msgspec import Struct

from core.clock import Clock
from core.errors import PluginError
from core.kernel.bounded import bounded, contained, keep
from core.kernel.declarations import check_arguments, check_async, name_of
from core.kernel.gate import Gate

CLOSE_SECONDS = 5.0
"""How long one closer, or all cancelled tasks together, may take."""

MAX_RESTART_SECONDS = 60.0

ROOT: contextvars.ContextVar[object | None] = contextvars.ContextVar("root", default=None)
"""What all that follows from one thing shares: the event being handled, or the job under way."""

CHAIN: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("chain", default=())
"""The offers that are being answered here, each called by the one before it."""

Closer = Callable[[], Awaitable[None] | None]
Work = Callable[[], Coroutine[Any, Any, None]]


class Activity:
    """Counts what is running, so that a reload can wait until nothing is."""

    def __init__(self) -> None:
        self.count = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def begin(self) -> None:
        """Count one more as running, until ``end``."""
        if not self.count:
            self._idle.clear()
        self.count += 1

    def end(self) -> None:
        """Count one less."""
        self.count -= 1
        if not self.count:
            self._idle.set()

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Count the block as running."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    async def idle(self) -> None:
        """Return when nothing is running."""
        while self.count:  # something may have begun while this task was being woken
            await self._idle.wait()


class Job(Struct, frozen=True, eq=False):
    """Work under way that a plugin has spawned, or that its timer has begun."""

    name: str
    root: object
    began: float
    """By the event loop's clock."""
    spawned: bool
    """No reload is held up for it: it is told from a timer's call, which is activity as a handler is."""


class Scope:
    """The tasks, services, timers and closers of one generation. Before ``go_live`` nothing runs."""

    def __init__(self, gate: Gate, clock: Clock, log: logging.Logger, on_job_end: Callable[[], None]) -> None:
        self.live = False
        self.closed = False
        self.activity = Activity()
        self.jobs: dict[asyncio.Task[None], Job] = {}
        self.variables: dict[contextvars.ContextVar[Any], Any] = {}
        """What the import of the plugin's code has set (``decimal``'s precision, its own), for all that it does."""
        self._first = contextvars.Context()
        """What all contexts are copies of: they have ``variables``."""
        self._on_job_end = on_job_end
        self._gate = gate
        self._clock = clock
        self._log = log
        self._plugin = log.name.rpartition(".")[2]
        self._closers: list[Closer] = []
        self._waiting: list[Coroutine[Any, Any, None]] = []
        self._services: list[Work] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: dict[asyncio.Task[None], Work] = {}
        self._stopped: dict[asyncio.Task[None], Work] = {}

    def adopt(self, context: contextvars.Context) -> None:
        """Have what the import has set in *context* in all that follows."""
        self.variables = dict(context.items())
        self._first.run(self.enter)

    def enter(self) -> None:
        """Let the plugin's code find, in the task that calls it, what its import has set in context variables."""
        for variable, value in self.variables.items():
            variable.set(value)

    def context(self, root: object | None = None) -> contextvars.Context:
        """Return a new context for the plugin's code."""
        context = self._first.copy()
        context.run(ROOT.set, root)
        return context

    def defer(self, closer: Closer) -> None:
        """Call *closer*, which takes no arguments (else ``PluginError``), when the generation ends; the last first."""
        check_arguments(f"{self._plugin}: on_close()", closer, 0)
        self._closers.append(closer)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work*, a coroutine (else ``PluginError``), once, from the swap on; no reload is held up for it."""
        if not inspect.iscoroutine(work):
            raise PluginError(
                f"{self._plugin}: spawn() takes a coroutine, as in spawn(self.work()), not {name_of(work)}."
            )
        if self.closed:
            work.close()
            raise PluginError(f"{self._plugin}: spawn() after this generation has ended: another one runs, or none.")
        if self.live:
            self._start(work, spawned=True)
        else:
            self._waiting.append(work)

    def service(self, work: Work) -> None:
        """Keep *work* running from the swap on; a reload cancels it and starts it again if it is rolled back."""
        check_async(f"{self._plugin}: service()", work, 0)
        if self.live:
            self._start_service(work)
        else:
            self._services.append(work)

    def every(self, seconds: float, work: Work) -> None:
        """Call *work* each *seconds*, a number above 0; the next call waits for the one before it."""
        check_async(f"{self._plugin}: every()", work, 0)
        if not _is_number(seconds) or not seconds > 0:
            raise PluginError(f"{self._plugin}: every({seconds!r}, …): write a number of seconds above 0.")

        async def tick() -> None:
            while True:
                await self._clock.sleep(seconds)
                await self._gate.passed()
                await asyncio.wait([self._start_counted(work())])

        tick.__qualname__ = name_of(work)
        self.service(tick)

    async def attend(self, work: Work) -> None:
        """Run *work* within a service as a handler is run: not while the plugin is held; a reload waits for it."""
        await self._gate.passed()
        with self.activity.busy():
            await work()

    def call(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin *work* as a handler is begun: a reload waits for it. Whoever asks sees to what it raises."""
        self.activity.begin()
        task = keep(self._tasks, contained(work), self.context(object()))

        def ended(_: object) -> None:
            work.close()
            self.activity.end()

        task.add_done_callback(ended)
        return task

    def go_live(self) -> None:
        """Start what was declared. Does not wait for anything."""
        self.live = True
        waiting, self._waiting = self._waiting, []
        for work in waiting:
            self.spawn(work)
        services, self._services = self._services, []
        for service in services:
            self._start_service(service)

    async def stop_services(self) -> None:
        """Cancel the services that run and wait until they have ended; one that goes on is a ``PluginError``."""
        self._stopped = dict(self._running)
        await self._end(self._running)
        if self._running:
            names = ", ".join(map(name_of, self._running.values()))
            raise PluginError(
                f"{self._plugin}: {names} goes on although it was cancelled. A service ends, within "
                f"{CLOSE_SECONDS:g} s, when it gets asyncio.CancelledError."
            )

    def restart_services(self) -> None:
        """Start again what ``stop_services`` has stopped; what has not ended yet, as soon as it has."""
        stopped, self._stopped = self._stopped, {}
        for task, service in stopped.items():
            if task.done():
                self._start_service(service)
            elif task.cancelling():
                task.add_done_callback(functools.partial(self._start_again, service))

    async def end_spawned(self, seconds: float) -> list[str]:
        """Let what was spawned end within *seconds*, cancel the rest and return its names; new work counts too."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while (left := self._spawned()) and (rest := deadline - loop.time()) > 0:
            await asyncio.wait(left, timeout=rest)
        for task in left:
            task.cancel()
        return sorted(left.values())

    def cancel_calls(self) -> list[str]:
        """Cancel the timers' calls under way; return their names."""
        calls = {task: job.name for task, job in self.jobs.items() if not job.spawned}
        for task in calls:
            task.cancel()
        return sorted(calls.values())

    async def close(self) -> None:
        """End every task and call the closers, last first. A closer that fails or hangs does not stop the rest."""
        self.live, self.closed = False, True
        for work in self._waiting:
            work.close()
        self._waiting.clear()
        try:
            await self._end([*self._running, *self._tasks])
        finally:  # whoever waited for them may be cancelled: what was opened is closed all the same
            while self._closers:
                await self._close_one(self._closers.pop())

    def _spawned(self) -> dict[asyncio.Task[None], str]:
        return {task: job.name for task, job in self.jobs.items() if job.spawned}

    def _start_again(self, work: Work, _: "asyncio.Task[None]") -> None:
        if not self.closed:
            self._start_service(work)

    def _start_service(self, work: Work) -> None:
        task = asyncio.get_running_loop().create_task(self._supervised(work), context=self.context())
        self._running[task] = work
        task.add_done_callback(self._running.pop)

    def _start_counted(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run *work* once, counted as activity from now on: a drain that begins before the task's first step waits."""
        self.activity.begin()
        task = self._start(work, spawned=False)
        task.add_done_callback(lambda _: self.activity.end())
        return task

    def _start(self, work: Coroutine[Any, Any, None], *, spawned: bool) -> asyncio.Task[None]:
        job = Job(name_of(work), ROOT.get() or object(), asyncio.get_running_loop().time(), spawned)
        task = keep(self._tasks, self._logged(work), self.context(job.root))
        self.jobs[task] = job

        def ended(_: object) -> None:
            work.close()  # it was never begun if the task was cancelled before its first step
            del self.jobs[task]
            self._on_job_end()

        task.add_done_callback(ended)
        return task

    async def _logged(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await contained(work)
        except Exception:  # noqa: BLE001 - the boundary: plugin code may raise anything
            self._log.exception("%s failed in the background", name_of(work))

    async def _supervised(self, work: Work) -> None:
        """Run a service; one that fails is started again, later each time."""
        task, delay = asyncio.current_task(), 1.0
        while True:
            try:
                await contained(work())
            except Exception:  # noqa: BLE001 - the boundary
                if task is not None and task.cancelling():
                    self._log.exception("%s failed when it was to end", name_of(work))
                    return
                self._log.exception("%s failed; it is started again in %g s", name_of(work), delay)
            else:
                return
            await self._clock.sleep(delay)
            delay = min(delay * 2, MAX_RESTART_SECONDS)

    async def _end(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        ending = [task for task in tasks if task is not asyncio.current_task()]
        for task in ending:
            task.cancel()
        if not ending:
            return
        _, stubborn = await asyncio.wait(ending, timeout=CLOSE_SECONDS)
        for task in stubborn:
            self._log.error("a task does not end although it was cancelled: %s", task.get_coro())

    async def _close_one(self, closer: Closer) -> None:
        try:
            result = closer()
            if inspect.isawaitable(result):
                await bounded(result, CLOSE_SECONDS)
        except (Exception, SystemExit):  # noqa: BLE001 - the boundary; the other closers still run
            self._log.exception("closing %s failed", name_of(closer))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
