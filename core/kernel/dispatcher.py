"""Hands events to plugins: stages, limits, lanes, retries, breakers. The only place that calls a hook.

An event is in the journal with its deliveries before anything here happens; each attempt's outcome is recorded there.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import Context

from core.clock import Clock
from core.db.journal_rows import State
from core.errors import BadInputError, PluginError
from core.journal import Journal, OpenDelivery
from core.kernel.bounded import contained, keep, text_of
from core.kernel.delivery import Delivery, Lanes, Outcome
from core.kernel.eager import EagerTasks
from core.kernel.generation import Generation
from core.kernel.kinds import Envelope, envelope_of
from core.kernel.limits import Limit, Limits
from core.kernel.probe import Impl, Stage
from core.kernel.scope import ROOT
from core.kernel.settling import Settling
from core.kernel.slot import Slot
from core.kernel.within import Within

log = logging.getLogger(__name__)

RETRY_SECONDS = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Pauses between attempts; after the last one a delivery has failed for good."""
FINISH_SECONDS = 10.0
"""How long handlers that run may take to end when the bot stops."""
CLOSE_SECONDS = 5.0
"""How long cancelled handlers may take to end when the bot stops."""


class Dispatcher(Settling):
    """Publishes events and delivers them to the plugins in *slots*."""

    def __init__(
        self, journal: Journal, clock: Clock, slots: Mapping[str, Slot], wanted: Callable[[Envelope, Slot], bool]
    ) -> None:
        super().__init__(journal, slots)
        self._clock = clock
        self._wanted = wanted
        self._lanes = Lanes()
        self._by_key: dict[tuple[str, str], Delivery] = {}
        """What is open, by plugin and the event's key."""
        self._limits = Limits()
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._calling: set[asyncio.Task[None]] = set()
        """Those in which a handler waits."""
        self._attempts = EagerTasks(self._deliver, self._tasks)
        journal.look = self._look

    async def publish(self, event: Envelope, root: object | None = None) -> None:
        """Commit *event* to the journal and start its deliveries; within a transaction when that is committed.

        *root* is that of what it follows from, else of what is being handled here.

        The same event again is only for plugins that catch up and have not had it.

        Raises:
            PeerUnavailableError: the database does not answer. Nothing is stored.
        """
        plugins = self.subscribers(event)
        again = [plugin for plugin in plugins if self._slots[plugin].manifest.catch_up]
        root = root or ROOT.get() or object()

        def start(event_id: int, plugins: Sequence[str]) -> None:
            self._start(Delivery.of(event_id, event, plugins, root))

        await self._journal.append(event, plugins, start, again=again)

    def root_of(self, plugin: str, key: str) -> object | None:
        """Return the root of an event that *plugin* is handling."""
        delivery = self._by_key.get((plugin, key))
        return delivery and delivery.root

    def handled(self, plugin: str, key: str) -> None:
        """Within a transaction: with it an event that *plugin* is handling is done.

        Raises:
            PluginError: no transaction is open.
        """
        if (enclosed := self._journal.enclosed()) is None:
            raise PluginError("handled() outside a transaction. Call it within `async with self.ctx.db.transaction()`.")
        if (delivery := self._by_key.get((plugin, key))) is not None:
            enclosed.end(delivery.event_id, plugin, delivery.attempts, delivery.was_recorded)

    def subscribers(self, event: Envelope) -> list[str]:
        """Return the plugins that are on and implement the event's hook, in order."""
        slots = [slot for slot in self._slots.values() if slot.handles(event.hook) and self._wanted(event, slot)]
        return [slot.name for slot in sorted(slots, key=lambda slot: slot.manifest.order())]

    def resume(self, deliveries: Iterable[OpenDelivery]) -> None:
        """Deliver what an earlier process, or an earlier time without the plugin, has left.

        Call it right after the journal was read, without waiting in between: what is being delivered is left out.
        """
        known = {(one.event_id, one.plugin) for one in self._open}
        events: defaultdict[int, list[Delivery]] = defaultdict(list)
        roots: defaultdict[int, object] = defaultdict(object)
        for found in deliveries:
            if (found.event_id, found.plugin) not in known:
                event, root = envelope_of(found.event), roots[found.event_id]
                (delivery,) = Delivery.of(found.event_id, event, [found.plugin], root)
                delivery.attempts = found.attempts
                events[found.event_id].append(delivery)
        for group in events.values():
            self._start(sorted(group, key=self._order))

    def unpark(self, plugin: str) -> None:
        """Deliver what waited for *plugin* to be on, in the order of publication."""
        slot = self._slots[plugin]
        parked, slot.parked = slot.parked, []
        self._attempts.add(sorted(parked, key=lambda one: one.event_id))

    async def close(self) -> None:
        """Take no more, let what runs end within ``FINISH_SECONDS``. What is open then stays pending in the journal."""
        if self._closing:
            return
        self._closing = True
        if self._calling:
            await asyncio.wait(list(self._calling), timeout=FINISH_SECONDS)
        self._attempts.drop()
        if left := len(self._open):
            log.info("%d deliveries are left in the journal; the next start makes them", left)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        self._limits.close()
        if tasks:
            _, stubborn = await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
            for task in stubborn:
                log.error("a handler does not end although it was cancelled: %s", task.get_coro())

    async def _look(self) -> None:
        """Deliver what the journal holds for the plugins that are on and is not being delivered."""
        running = [slot.name for slot in self._slots.values() if slot.generation is not None]
        self.resume(await self._journal.open_deliveries(running))

    def _start(self, deliveries: list[Delivery]) -> None:
        if self._closing or not deliveries:
            return  # they stay pending, and the next process takes them over; or nobody is there for the event
        for delivery in deliveries:
            self._open.add(delivery)
            self._by_key[delivery.plugin, delivery.event.key] = delivery
            self._lanes.enter(delivery)
        stages: defaultdict[tuple[Stage, int], list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            stages[self._stage(delivery)].append(delivery)
        if len(stages) > 1:
            keep(self._tasks, self._run([stages[stage] for stage in sorted(stages)]), Context())
        else:
            self._attempts.add(deliveries)

    async def _run(self, stages: list[list[Delivery]]) -> None:
        """Make the first attempts of one event's deliveries, stage after stage; wait for each at most its limit."""
        *earlier, last = stages
        for deliveries in earlier:
            attempts = [keep(self._tasks, self._deliver(delivery)) for delivery in deliveries]
            await self._wait_for(dict(zip(attempts, map(self._patience, deliveries), strict=True)))
        self._attempts.add(last)

    async def _wait_for(self, attempts: "dict[asyncio.Task[None], float]") -> None:
        """Wait until each of the attempts under way has ended or has had its own time, in seconds."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for task in sorted(attempts, key=attempts.__getitem__):
            await asyncio.wait([task], timeout=max(began + attempts[task] - loop.time(), 0.0))

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
        if self._closing or error is None:
            return
        delivery.recorded = False
        text = text_of(error)
        if isinstance(error, BadInputError) or delivery.attempts > len(RETRY_SECONDS):
            log.error("%s failed for good on %s: %s", delivery.plugin, delivery.event.key, text)
            self._close(delivery, "failed", text)
            return
        self._journal.record(delivery.event_id, delivery.plugin, "pending", delivery.attempts, text)
        self.note_change()
        keep(self._tasks, self._deliver_later(delivery, RETRY_SECONDS[delivery.attempts - 1]))

    async def _deliver_later(self, delivery: Delivery, seconds: float) -> None:
        await self._clock.sleep(seconds)
        await self._deliver(delivery)

    async def _attempt(self, delivery: Delivery) -> tuple[Outcome, BaseException | None]:
        """Make one attempt in one of the plugin's places."""
        slot = self._slots.get(delivery.plugin)
        if slot is None:
            return Outcome.PARKED, None
        if not slot.places.take_free():
            await slot.places.take(first=delivery.event.is_live(self._clock.now()))
        outcome, problem = Outcome.PARKED, None
        try:
            if slot.gate.closed:
                await slot.gate.passed()
            outcome = self._admitted(slot, delivery)
            if outcome is Outcome.CALLED:
                outcome, problem = await self._call(delivery, slot)
        finally:
            if outcome is not Outcome.LEFT:
                slot.places.give_back()
        return outcome, problem

    def _admitted(self, slot: Slot, delivery: Delivery) -> Outcome:
        """Tell whether the handler is to be called now; put aside what has to wait."""
        event = delivery.event
        if event.hook not in slot.impls:
            slot.parked.append(delivery)
            self.note_change()
            return Outcome.PARKED
        if not self._wanted(event, slot):
            return Outcome.DONE  # switched off for every guild that would see it
        if not event.renew():
            self._close(delivery, None)  # the journal keeps it until a contract comes that can read it
            return Outcome.PARKED
        delivery.breaker = breaker = slot.breaker(event)
        if breaker.state != "closed" and not breaker.admit(self._clock.monotonic()):
            keep(self._tasks, self._deliver_after_probe(delivery, slot))
            return Outcome.PARKED
        return Outcome.CALLED

    async def _call(self, delivery: Delivery, slot: Slot) -> tuple[Outcome, BaseException | None]:
        """Call the handler; count and time it. Only of one that waits somebody else can see that it runs."""
        generation = slot.generation
        assert generation is not None  # noqa: S101 - it was admitted
        impl, limit = generation.impls[delivery.event.hook], None
        delivery.attempts += 1
        problem: BaseException | None = None

        def waits() -> None:
            nonlocal limit
            limit = self._watched(delivery, slot, generation, impl)

        started = time.perf_counter()
        work = contained(impl.function(delivery.event.event) if impl.takes_event else impl.function())
        try:
            await Within(work, generation.scope.context(delivery.root), waits)
        except (Exception, asyncio.CancelledError) as error:
            problem = self._problem(delivery, impl, error, limit)
            generation.log.error("%s failed on %s", impl.hook, delivery.event.key, exc_info=error)
        finally:
            if limit is not None:
                limit.end()
                generation.scope.activity.end()
                self._calling.discard(limit.task)
        if limit is not None and limit.left:
            return Outcome.LEFT, None
        slot.count(delivery, time.perf_counter() - started, problem, timed_out=limit is not None and limit.expired)
        return (Outcome.DONE if problem is None else Outcome.FAILED), problem

    def _watched(self, delivery: Delivery, slot: Slot, generation: Generation, impl: Impl) -> Limit:
        """Begin to watch a handler that waits: for its limit, for a reload and for the bot's end."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - that it runs in
        generation.scope.activity.begin()
        self._calling.add(task)
        limit = Limit(self._limits, impl.limit, task, lambda: self._leave(delivery, slot, generation, impl))
        limit.begin()
        return limit

    def _problem(
        self, delivery: Delivery, impl: Impl, error: BaseException, limit: Limit | None
    ) -> BaseException:  # fmt: skip
        """Return what a handler's error is told as."""
        if limit is not None and limit.expired:
            return TimeoutError(f"{impl.hook} took longer than its limit of {impl.limit:g} s")
        if isinstance(error, asyncio.CancelledError):
            if self._closing:
                raise error
            return RuntimeError("it has cancelled itself")
        return error

    def _leave(self, delivery: Delivery, slot: Slot, generation: Generation, impl: Impl) -> None:
        """Go on without a handler that was cancelled and does not end. A reload still waits for it."""
        slot.places.give_back()
        problem = TimeoutError(
            f"{impl.hook} took longer than its limit of {impl.limit:g} s and goes on although it was cancelled"
        )
        generation.log.error("%s, on %s. Let asyncio.CancelledError end it.", problem, delivery.event.key)
        slot.count(delivery, impl.limit, problem, timed_out=True)
        self._failed(delivery, problem)

    async def _deliver_after_probe(self, delivery: Delivery, slot: Slot) -> None:
        """Wait until the breaker lets calls through again; the journal keeps the delivery meanwhile."""
        breaker = slot.breaker(delivery.event)
        now = self._clock.monotonic()
        await self._clock.wait(slot.renewed, max(breaker.probe_at - now, 0.0) if breaker.state == "open" else 0.1)
        await self._deliver(delivery)

    def _close(self, delivery: Delivery, state: State | None, error: str | None = None) -> None:
        if state and not (state == "done" and delivery.recorded):
            self._journal.record(delivery.event_id, delivery.plugin, state, delivery.attempts, error)
        self._lanes.leave(delivery)
        self._open.discard(delivery)
        self._by_key.pop((delivery.plugin, delivery.event.key), None)
        self.note_change()

    def _stage(self, delivery: Delivery) -> tuple[Stage, int]:  # of those first, each priority for itself
        stage = impl.stage if (impl := self._impl(delivery)) else Stage.ORDINARY
        return stage, self._order(delivery)[0] if stage is Stage.FIRST else 0

    def _order(self, delivery: Delivery) -> tuple[int, str]:
        return slot.manifest.order() if (slot := self._slots.get(delivery.plugin)) else (0, delivery.plugin)

    def _patience(self, delivery: Delivery) -> float:
        return impl.limit if (impl := self._impl(delivery)) else 0.0
