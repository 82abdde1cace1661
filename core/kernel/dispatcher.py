"""Hands events to plugins: stages, limits, lanes, retries, breakers. The only place that calls a hook.

An event is in the journal with its deliveries before anything here happens; each attempt's outcome is recorded there.
"""

import asyncio
import contextlib
import functools
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import Context

from core.clock import Clock
from core.db.journal_rows import State
from core.errors import BadInputError, PluginError
from core.journal import Journal
from core.kernel.attempt import Attempt
from core.kernel.bounded import keep, text_of
from core.kernel.delivery import Delivery, Lanes
from core.kernel.eager import EagerTasks, Soon
from core.kernel.holding import Held
from core.kernel.kinds import Envelope, envelope_of
from core.kernel.limits import Limit, Limits
from core.kernel.probe import Stage
from core.kernel.scope import ROOT
from core.kernel.settling import Settling
from core.kernel.slot import Slot
from core.publications import OpenDelivery

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
        self._by_key: dict[str, list[Delivery]] = {}
        """What is open, by the event's key."""
        self._limits = Limits()
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._calling: set[asyncio.Task[None]] = set()
        """Those in which a handler waits."""
        self._eager = EagerTasks()
        self._attempts = Soon(self._attempt)
        self._held = Held(clock, self._tasks, self._attempts.add)
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
            self._start([one for one in Delivery.of(event_id, event, plugins, root) if not self._withholds(one)])

        await self._journal.append(event, plugins, start, again=again)

    def root_of(self, plugin: str, key: str) -> object | None:
        """Return the root of an event that *plugin* is handling."""
        delivery = self._delivery(plugin, key)
        return delivery and delivery.root

    def handled(self, plugin: str, key: str) -> None:
        """Within a transaction: with it an event that *plugin* is handling is done.

        Raises:
            PluginError: no transaction is open.
        """
        if (enclosed := self._journal.enclosed()) is None:
            raise PluginError("handled() outside a transaction. Call it within `async with self.ctx.db.transaction()`.")
        if (delivery := self._delivery(plugin, key)) is not None:
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

    @contextlib.contextmanager
    def behind(self, plugin: str) -> Iterator[None]:
        """Let what is published while the block runs come after what the block finds that *plugin* has missed."""
        slot = self._slots[plugin]
        slot.withheld = []
        try:
            yield
        finally:
            withheld, slot.withheld = slot.withheld, None
            for delivery in withheld:
                self._lanes.enter(delivery)
            self._attempts.add(withheld)

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
        self._note_open(deliveries)
        stages: defaultdict[tuple[Stage, int], list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            self._lanes.enter(delivery)
            stages[self._stage(delivery)].append(delivery)
        if len(stages) > 1:
            keep(self._tasks, self._run([stages[stage] for stage in sorted(stages)]), Context())
        else:
            self._attempts.add(deliveries)

    def _withholds(self, delivery: Delivery) -> bool:
        """Put a delivery aside whose plugin is still behind; tell whether that was so."""
        slot = self._slots.get(delivery.plugin)
        if slot is None or slot.withheld is None or delivery.lane is None or self._closing:
            return False
        slot.withheld.append(delivery)
        self._note_open([delivery])
        return True

    def _note_open(self, deliveries: list[Delivery]) -> None:
        self._open.update(deliveries)
        self._by_key.setdefault(deliveries[0].event.key, []).extend(deliveries)

    async def _run(self, stages: list[list[Delivery]]) -> None:
        """Make the first attempts of one event's deliveries, stage after stage; wait for each at most its limit."""
        *earlier, last = stages
        for deliveries in earlier:
            attempts = {self._attempt(delivery): self._patience(delivery) for delivery in deliveries}
            await self._wait_for({task: seconds for task, seconds in attempts.items() if task is not None})
        self._attempts.add(last)

    async def _wait_for(self, attempts: "dict[asyncio.Task[None], float]") -> None:
        """Wait until each of the attempts under way has ended or has had its own time, in seconds."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for task in sorted(attempts, key=attempts.__getitem__):
            await asyncio.wait([task], timeout=max(began + attempts[task] - loop.time(), 0.0))

    def _attempt(self, delivery: Delivery) -> "asyncio.Task[None] | None":
        """Make one attempt, as far as it goes without waiting; return a task that goes on with it."""
        slot = self._slots.get(delivery.plugin)
        if slot is None or delivery.turn is not None or slot.gate.closed or not slot.places.take_free():
            return keep(self._tasks, self._deliver(delivery))
        return self._attempt_in(slot, delivery)

    async def _deliver(self, delivery: Delivery) -> None:
        """Make one attempt when it is the delivery's turn, in one of the plugin's places."""
        if delivery.turn is not None:
            await delivery.turn.wait()
        if (slot := self._slots.get(delivery.plugin)) is None:
            self._close(delivery, None)  # the journal keeps it until the plugin is found again
            return
        if not slot.places.take_free():
            await slot.places.take(first=delivery.event.is_live(self._clock.now()))
        try:
            await slot.gate.passed()
        except asyncio.CancelledError:
            slot.places.give_back()
            raise
        if (task := self._attempt_in(slot, delivery)) is not None:
            await asyncio.wait([task])

    def _failed(self, delivery: Delivery, error: BaseException) -> None:
        if self._closing:
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

    def _attempt_in(self, slot: Slot, delivery: Delivery) -> "asyncio.Task[None] | None":
        """Make one attempt in the place that was taken; return the handler's task if it waits."""
        attempt = None
        try:
            attempt = self._admitted(slot, delivery)
        finally:
            if attempt is None:
                slot.places.give_back()
        if attempt is None:
            return None
        delivery.attempts += 1
        task = self._eager.begin(attempt.run(), attempt.generation.scope.context(delivery.root))
        if task.done():
            self._ended(attempt, task)
            return None
        self._watch(attempt, task)
        return task

    def _admitted(self, slot: Slot, delivery: Delivery) -> Attempt | None:
        """Return the attempt if the handler is to be called now; put aside what has to wait."""
        event, generation = delivery.event, slot.generation
        impl = generation.impls.get(event.hook) if generation else None
        if generation is None or impl is None:
            slot.parked.append(delivery)
            self.note_change()
        elif not self._wanted(event, slot):
            self._close(delivery, "done")  # switched off for every guild that would see it
        elif not event.renew():
            self._close(delivery, None)  # the journal keeps it until a contract comes that can read it
        else:
            breaker = slot.breaker(event)
            if breaker.state == "closed" or breaker.admit(self._clock.monotonic()):
                return Attempt(delivery, slot, generation, impl, breaker)
            self._held.add(delivery, slot, breaker)
        return None

    def _watch(self, attempt: Attempt, task: "asyncio.Task[None]") -> None:
        """Begin to watch a handler that waits: for its limit, for a reload and for the bot's end."""
        attempt.generation.scope.activity.begin()
        self._tasks.add(task)
        self._calling.add(task)
        attempt.limit = Limit(self._limits, attempt.impl.limit, task, functools.partial(self._leave, attempt))
        attempt.limit.begin()
        task.add_done_callback(functools.partial(self._ended, attempt))

    def _ended(self, attempt: Attempt, task: "asyncio.Task[None]") -> None:
        """See to what follows from how a handler has ended."""
        delivery, slot, limit = attempt.delivery, attempt.slot, attempt.limit
        if limit is not None:
            limit.end()
            attempt.generation.scope.activity.end()
            self._tasks.discard(task)
            self._calling.discard(task)
            if limit.left:
                return  # its delivery has gone on without it
        slot.places.give_back()
        problem = attempt.problem()
        if problem is not None and self._closing and task.cancelled():
            return  # by us
        attempt.count(attempt.seconds, problem)
        if problem is None:
            self._close(delivery, "done")
            return
        attempt.generation.log.error("%s failed on %s", attempt.impl.hook, delivery.event.key, exc_info=attempt.error)
        self._failed(delivery, problem)

    def _leave(self, attempt: Attempt) -> None:
        """Go on without a handler that was cancelled and does not end. A reload still waits for it."""
        impl, delivery = attempt.impl, attempt.delivery
        attempt.slot.places.give_back()
        problem = TimeoutError(
            f"{impl.hook} took longer than its limit of {impl.limit:g} s and goes on although it was cancelled"
        )
        attempt.generation.log.error("%s, on %s. Let asyncio.CancelledError end it.", problem, delivery.event.key)
        attempt.count(impl.limit, problem)
        self._failed(delivery, problem)

    def _close(self, delivery: Delivery, state: State | None, error: str | None = None) -> None:
        if state and not (state == "done" and delivery.recorded):
            self._journal.record(delivery.event_id, delivery.plugin, state, delivery.attempts, error)
        self._lanes.leave(delivery)
        self._open.discard(delivery)
        same = self._by_key[delivery.event.key]
        same.remove(delivery)
        if not same:
            del self._by_key[delivery.event.key]
        self.note_change()

    def _delivery(self, plugin: str, key: str) -> Delivery | None:
        """Return what is open of an event for a plugin."""
        return next((one for one in self._by_key.get(key, ()) if one.plugin == plugin), None)

    def _stage(self, delivery: Delivery) -> tuple[Stage, int]:  # of those first, each priority for itself
        stage = impl.stage if (impl := self._impl(delivery)) else Stage.ORDINARY
        return stage, self._order(delivery)[0] if stage is Stage.FIRST else 0

    def _order(self, delivery: Delivery) -> tuple[int, str]:
        return slot.manifest.order() if (slot := self._slots.get(delivery.plugin)) else (0, delivery.plugin)

    def _patience(self, delivery: Delivery) -> float:
        return impl.limit if (impl := self._impl(delivery)) else 0.0
