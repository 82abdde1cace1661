"""What one generation of a plugin has opened: declared in setup, started at the swap, closed in reverse."""

import asyncio
import contextlib
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any

from core.clock import Clock
from core.kernel.bounded import bounded

CLOSE_SECONDS = 5.0
"""How long one closer, or all cancelled tasks together, may take."""

MAX_RESTART_SECONDS = 60.0

Closer = Callable[[], Awaitable[None] | None]
Work = Callable[[], Coroutine[Any, Any, None]]


class Activity:
    """Counts what is running, so that a reload can wait until nothing is."""

    def __init__(self) -> None:
        self.count = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Count the block as running."""
        self.count += 1
        self._idle.clear()
        try:
            yield
        finally:
            self.count -= 1
            if not self.count:
                self._idle.set()

    async def idle(self) -> None:
        """Return when nothing is running."""
        await self._idle.wait()


class Gate:
    """Closed while a plugin is being swapped; what would reach the plugin waits here."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    @property
    def closed(self) -> bool:
        return not self._open.is_set()

    async def passed(self) -> None:
        """Return when the gate is open."""
        await self._open.wait()

    @contextlib.asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Keep the gate closed while the block runs."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()


class Scope:
    """The tasks, services, timers and closers of one generation. Before ``go_live`` nothing runs."""

    def __init__(self, gate: Gate, clock: Clock, log: logging.Logger) -> None:
        self.live = False
        self.activity = Activity()
        self._gate = gate
        self._clock = clock
        self._log = log
        self._closers: list[Closer] = []
        self._waiting: list[Coroutine[Any, Any, None]] = []
        self._services: list[Work] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._service_tasks: set[asyncio.Task[None]] = set()

    def defer(self, closer: Closer) -> None:
        """Call *closer* when the generation ends; the last one first."""
        self._closers.append(closer)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* once, from the swap on; a reload waits for it."""
        if self.live:
            self._start(self._counted(work), self._tasks)
        else:
            self._waiting.append(work)

    def service(self, work: Work) -> None:
        """Keep *work* running from the swap on; a reload cancels it and starts it again if it is rolled back."""
        self._services.append(work)
        if self.live:
            self._start(self._supervised(work), self._service_tasks)

    def every(self, seconds: float, work: Work) -> None:
        """Call *work* each *seconds*; a running call is waited for, not interrupted."""

        async def tick() -> None:
            while True:
                await self._clock.sleep(seconds)
                await self._gate.passed()
                task = self._start(self._counted(work()), self._tasks)
                await asyncio.wait([task])

        self.service(tick)

    def go_live(self) -> None:
        """Start what was declared. Does not wait for anything."""
        self.live = True
        waiting, self._waiting = self._waiting, []
        for work in waiting:
            self.spawn(work)
        self.start_services()

    def start_services(self) -> None:
        """Start all services (again)."""
        for work in self._services:
            self._start(self._supervised(work), self._service_tasks)

    async def stop_services(self) -> None:
        """Cancel the services and wait until they have ended."""
        await self._end(self._service_tasks)

    async def close(self) -> None:
        """End every task and call the closers, last first. A closer that fails or hangs does not stop the rest."""
        for work in self._waiting:
            work.close()
        self._waiting.clear()
        await self._end(self._service_tasks | self._tasks)
        while self._closers:
            await self._close_one(self._closers.pop())

    def _start(self, work: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return task

    async def _counted(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* once, counted as activity; a failure is logged and ends only it."""
        with self.activity.busy():
            try:
                await work
            except Exception:  # noqa: BLE001 - the boundary: plugin code may raise anything
                self._log.exception("work in the background failed")

    async def _supervised(self, work: Work) -> None:
        """Run a service; one that fails is started again, later each time."""
        delay = 1.0
        while True:
            try:
                await work()
            except Exception:  # noqa: BLE001 - the boundary
                self._log.exception("%s failed; it is started again in %g s", _name(work), delay)
            else:
                return
            await self._clock.sleep(delay)
            delay = min(delay * 2, MAX_RESTART_SECONDS)

    async def _end(self, tasks: set[asyncio.Task[None]]) -> None:
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
                await bounded(_awaited(result), CLOSE_SECONDS)
        except Exception:  # noqa: BLE001 - the boundary; the other closers still run
            self._log.exception("closing %s failed", _name(closer))


async def _awaited(result: Awaitable[None]) -> None:
    await result


def _name(function: object) -> str:
    return str(getattr(function, "__qualname__", function))
