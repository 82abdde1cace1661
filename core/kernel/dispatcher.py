"""Hands events to plugins: stages, limits, lanes, retries, breakers. The only place that calls a hook.

An event is in the journal with its deliveries before anything here happens; each attempt's outcome is recorded there.
"""

import asyncio
import contextvars
import enum
import logging
import time
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.clock import Clock
from core.errors import BadInputError
from core.events import Event, round_of
from core.journal import Journal, OpenDelivery
from core.kernel.generation import Generation, Impl, Stage
from core.kernel.slot import Slot

log = logging.getLogger(__name__)

RETRY_SECONDS = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Pauses between attempts; after the last one a delivery has failed for good."""

_current: contextvars.ContextVar["Delivery | None"] = contextvars.ContextVar("delivery", default=None)


class Outcome(enum.Enum):
    """How an attempt ended."""

    DONE = "done"
    FAILED = "failed"
    PARKED = "parked"
    """The plugin is off, or its breaker is open: no attempt was made."""


@dataclass(slots=True, eq=False)
class Delivery:
    """One event for one plugin."""

    event_id: int
    event: Event
    plugin: str
    root: object
    """The same for all events that were published while handling one another."""
    attempts: int = 0
    turn: asyncio.Event | None = None
    """Set when the delivery is the first of its lane; None while it has no lane to wait in."""


@dataclass(slots=True)
class Lanes:
    """Deliveries of one round to one plugin, kept in the order of publication."""

    queues: dict[tuple[str, int], deque[Delivery]] = field(default_factory=dict)

    def enter(self, delivery: Delivery) -> None:
        """Put *delivery* behind the earlier ones of its round."""
        if (key := _lane(delivery)) is not None:
            queue = self.queues.setdefault(key, deque())
            queue.append(delivery)
            if queue[0] is not delivery:
                delivery.turn = asyncio.Event()

    def leave(self, delivery: Delivery) -> None:
        """Take a closed delivery out and let the next one go."""
        key = _lane(delivery)
        queue = self.queues.get(key) if key is not None else None
        if key is None or not queue:
            return
        queue.remove(delivery)
        if not queue:
            del self.queues[key]
        elif queue[0].turn is not None:
            queue[0].turn.set()


class Dispatcher:
    """Publishes events and delivers them to the plugins in *slots*."""

    def __init__(
        self, journal: Journal, clock: Clock, slots: Mapping[str, Slot], wanted: Callable[[Event, Slot], bool]
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._slots = slots
        self._wanted = wanted
        self._lanes = Lanes()
        self._open: set[Delivery] = set()
        self._closed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def publish(self, event: Event) -> None:
        """Commit *event* to the journal and start its deliveries; the same event again is nothing.

        Raises:
            PeerUnavailableError: the database does not answer. Nothing is stored.
        """
        plugins = self.subscribers(event)
        cause = _current.get()
        root = cause.root if cause is not None else object()
        await self._journal.append(event, plugins, lambda event_id: self._start(event_id, event, plugins, root))

    def subscribers(self, event: Event) -> list[str]:
        """Return the plugins that are on and implement the event's hook, in order."""
        slots = [
            slot
            for slot in self._slots.values()
            if slot.generation is not None and event.hook in slot.generation.impls and self._wanted(event, slot)
        ]
        return [slot.name for slot in sorted(slots, key=Slot.order)]

    def resume(self, deliveries: Iterable[OpenDelivery]) -> None:
        """Deliver what an earlier process, or an earlier time without the plugin, has left."""
        known = {(one.event_id, one.plugin) for one in self._open}
        events: defaultdict[int, list[OpenDelivery]] = defaultdict(list)
        for found in deliveries:
            if (found.event_id, found.plugin) not in known:
                events[found.event_id].append(found)
        for event_id, group in events.items():
            self._start(event_id, group[0].event, [one.plugin for one in group], object())

    def unpark(self, plugin: str) -> None:
        """Deliver what waited for *plugin* to be on, in the order of publication."""
        slot = self._slots[plugin]
        parked, slot.parked = slot.parked, []
        for delivery in sorted(parked, key=lambda one: one.event_id):
            self._spawn(self._deliver(delivery))

    async def settled(self, timeout: float) -> None:
        """Return when every delivery recorded until now, and all that follow from them, are closed.

        One that waits for a retry is open; one of a plugin that is off does not count.

        Raises:
            TimeoutError: names what is left.
        """
        roots = {one.root for one in self._open}
        deadline = time.monotonic() + timeout
        while left := [one for one in self._open if one.root in roots and not self._is_off(one.plugin)]:
            self._closed.clear()
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    await self._closed.wait()
            except TimeoutError:
                names = ", ".join(sorted(f"{one.event.key} for {one.plugin}" for one in left))
                raise TimeoutError(f"not settled after {timeout:g} s: {names}") from None
        await self._journal.flush()

    async def close(self) -> None:
        """Stop delivering. What is open stays pending in the journal."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, event_id: int, event: Event, plugins: Iterable[str], root: object) -> None:
        deliveries = [Delivery(event_id, event, plugin, root) for plugin in plugins]
        for delivery in deliveries:
            self._open.add(delivery)
            self._lanes.enter(delivery)
        if deliveries:
            self._spawn(self._run(deliveries))

    async def _run(self, deliveries: list[Delivery]) -> None:
        """Make the first attempts of one event's deliveries, stage after stage."""
        stages: defaultdict[Stage, list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            stages[self._stage(delivery)].append(delivery)
        for stage in sorted(stages):
            await self._first_attempts(stages.pop(stage), wait=bool(stages))

    async def _first_attempts(self, deliveries: list[Delivery], *, wait: bool) -> None:
        """Deliver to plugins of one stage concurrently; *wait* for them at most their limit, then let others go on."""
        if not wait and len(deliveries) == 1:
            await self._deliver(deliveries[0])
            return
        tasks = [self._spawn(self._deliver(delivery)) for delivery in deliveries]
        if wait:
            await asyncio.wait(tasks, timeout=max(self._patience(delivery) for delivery in deliveries))

    async def _deliver(self, delivery: Delivery) -> None:
        """Make one attempt when it is the delivery's turn, and see to what follows from its outcome."""
        if delivery.turn is not None:
            await delivery.turn.wait()
        outcome, error = await self._attempt(delivery)
        if outcome is Outcome.DONE:
            self._close(delivery, "done")
        elif outcome is Outcome.FAILED:
            self._failed(delivery, error)

    def _failed(self, delivery: Delivery, error: BaseException | None) -> None:
        text = f"{type(error).__name__}: {error}"
        if isinstance(error, BadInputError) or delivery.attempts > len(RETRY_SECONDS):
            log.error("%s failed for good on %s: %s", delivery.plugin, delivery.event.key, text)
            self._close(delivery, "failed", text)
            return
        self._journal.record(delivery.event_id, delivery.plugin, "pending", delivery.attempts, text)
        self._spawn(self._deliver_later(delivery, RETRY_SECONDS[delivery.attempts - 1]))

    async def _deliver_later(self, delivery: Delivery, seconds: float) -> None:
        await self._clock.sleep(seconds)
        await self._deliver(delivery)

    async def _attempt(self, delivery: Delivery) -> tuple[Outcome, BaseException | None]:
        slot = self._slots.get(delivery.plugin)
        if slot is None:
            return Outcome.PARKED, None
        async with slot.places:
            while slot.gate.closed:
                await slot.gate.passed()
            generation = slot.generation
            impl = generation.impls.get(delivery.event.hook) if generation else None
            if generation is None or impl is None:
                slot.parked.append(delivery)
                self._changed()
                return Outcome.PARKED, None
            if not self._wanted(delivery.event, slot):
                return Outcome.DONE, None  # switched off for every guild that would see it
            if not slot.breakers[impl.hook].admit(self._clock.monotonic()):
                self._spawn(self._deliver_after_probe(delivery, slot, impl))
                return Outcome.PARKED, None
            return await self._call(delivery, slot, generation, impl)

    async def _call(
        self, delivery: Delivery, slot: Slot, generation: Generation, impl: Impl
    ) -> tuple[Outcome, BaseException | None]:
        """Call the handler under its limit; count and time it."""
        delivery.attempts += 1
        limit = asyncio.timeout(impl.limit)
        token = _current.set(delivery)
        started = time.perf_counter()
        problem: BaseException | None = None
        with generation.scope.activity.busy():
            try:
                async with limit:
                    await impl.call(delivery.event)
            except Exception as error:
                problem = error
                generation.log.exception("%s failed on %s", impl.hook, delivery.event.key)
            finally:
                _current.reset(token)
        self._count(slot, impl, time.perf_counter() - started, problem, timed_out=limit.expired())
        return (Outcome.DONE if problem is None else Outcome.FAILED), problem

    def _count(self, slot: Slot, impl: Impl, seconds: float, problem: BaseException | None, *, timed_out: bool) -> None:
        stats, breaker = slot.stats[impl.hook], slot.breakers[impl.hook]
        stats.milliseconds.append(seconds * 1000)
        if problem is None:
            stats.counts["done"] += 1
            breaker.succeeded()
            return
        stats.counts["timed out" if timed_out else "failed"] += 1
        if breaker.failed(self._clock.monotonic(), timed_out=timed_out):
            log.error("%s fails again and again in %s: it is not called for a while", slot.name, impl.hook)

    async def _deliver_after_probe(self, delivery: Delivery, slot: Slot, impl: Impl) -> None:
        """Wait until the breaker lets calls through again; the journal keeps the delivery meanwhile."""
        breaker = slot.breakers[impl.hook]
        now = self._clock.monotonic()
        await self._clock.sleep(max(breaker.probe_at - now, 0.0) if breaker.state == "open" else 0.1)
        await self._deliver(delivery)

    def _close(self, delivery: Delivery, state: Any, error: str | None = None) -> None:
        self._journal.record(delivery.event_id, delivery.plugin, state, delivery.attempts, error)
        self._lanes.leave(delivery)
        self._open.discard(delivery)
        self._changed()

    def _changed(self) -> None:
        self._closed.set()

    def _is_off(self, plugin: str) -> bool:
        slot = self._slots.get(plugin)
        return slot is None or (slot.generation is None and not slot.gate.closed)

    def _stage(self, delivery: Delivery) -> Stage:
        impl = self._impl(delivery)
        return impl.stage if impl else Stage.ORDINARY

    def _patience(self, delivery: Delivery) -> float:
        impl = self._impl(delivery)
        return impl.limit if impl else 0.0

    def _impl(self, delivery: Delivery) -> Impl | None:
        slot = self._slots.get(delivery.plugin)
        return slot.generation.impls.get(delivery.event.hook) if slot and slot.generation else None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _lane(delivery: Delivery) -> tuple[str, int] | None:
    about = round_of(delivery.event)
    return (delivery.plugin, about.round_id) if about is not None else None
