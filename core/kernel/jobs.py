"""Calls plugins' methods when their time has come: what stands in ``plugin_jobs``, as a delivery is made.

Jobs of one method run one after another, those of different methods and plugins beside each other. Of the table only
the first job of each method is looked at, however many wait.
"""

import asyncio
import functools
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from msgspec import Struct

from core.clock import Clock
from core.db import Database
from core.errors import BadInputError, PeerUnavailableError
from core.kernel import dispatcher
from core.kernel.bounded import GRACE_SECONDS, contained, keep, text_of
from core.kernel.declarations import method_of, takes
from core.kernel.generation import Generation
from core.kernel.schedule import Lane, Planned, Schedule
from core.kernel.slot import Slot

log = logging.getLogger(__name__)

T = TypeVar("T")

LIMIT_SECONDS = 10.0
"""What one call may take."""
LOOK_SECONDS = 30.0
"""How often the table is looked at for what other processes have written, and for a clock that was set."""
SHOWN = 200
"""Characters of a job's data in the log."""
AWAY_SECONDS = 1.0
"""After so long it is tried again to read or write while the database is away."""


class Call(Struct, frozen=True):
    """A job that can be run now."""

    job: Planned
    slot: Slot
    generation: Generation
    function: Callable[..., Awaitable[None]]

    @property
    def hook(self) -> str:
        """What its counts and its breaker are named after."""
        return f"job:{self.job.method}"

    async def work(self) -> None:
        """Call the method; with the data, if it takes an argument."""
        arguments = [json.loads(self.job.data)] if not self.job.cron and takes(self.function, 1) else []
        await self.function(*arguments)


class Jobs:
    """Runs jobs of the plugins in *slots* while ``run`` is running: in the bot, and in no process beside it."""

    def __init__(
        self, database: Database, clock: Clock, slots: Mapping[str, Slot], on_change: Callable[[], None]
    ) -> None:
        self.schedule = Schedule(database)
        self._clock, self._slots, self._on_change = clock, slots, on_change
        self._woken = asyncio.Event()
        self._wakes_at: datetime | None = None
        """When the next look is to be; None: one is under way."""
        self._runs = self._closing = False
        self._lanes: dict[Lane, asyncio.Task[None]] = {}
        """Those of which a job is being run, with what runs it."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._begun: dict[str, tuple[int, int]] = {}
        """By plugin the generation, and how many crons of it, that the table has been made to agree with."""
        self._sources: dict[str, str] = {}
        self._lacking: set[tuple[str, str, int]] = set()
        """Plugin, method and generation: what has been said to be missing."""
        self._looked_at: datetime | None = None

    async def add(self, lane: Lane, data: str, key: str, when: datetime) -> None:
        """Plan a call; one of the same *key* is replaced."""
        await self.schedule.add(lane, data, key, when)
        if self._wakes_at is None or when < self._wakes_at:
            self.wake()

    def wake(self) -> None:
        """Look at once: something is due earlier, or a plugin has changed."""
        self._woken.set()

    async def run(self) -> None:
        """Run what is due, until this task is cancelled."""
        self._runs = True
        while not self._closing:
            self._woken.clear()
            self._wakes_at = None
            self._wakes_at = moment = await _tried(self._look())
            self._on_change()
            seconds = max((moment - self._clock.now()).total_seconds(), 0.0) if moment else AWAY_SECONDS
            await self._clock.wait(self._woken, seconds)

    async def close(self) -> None:
        """Begin nothing more, and let what runs end in the time that handlers have. What is cut off is run again."""
        self._closing = True
        for seconds in (dispatcher.FINISH_SECONDS, dispatcher.CLOSE_SECONDS):
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=seconds)
            for task in self._tasks:
                task.cancel()

    async def left(self) -> list[str]:
        """Return what is due and neither done nor failed for good, of the plugins that run."""
        if not self._runs:
            return []
        now = self._clock.now()
        due = {job.lane for job in await self.schedule.firsts() if job.due_at <= now and self._call(job)}
        if self._wakes_at is None or self._woken.is_set():
            return ["a look at the jobs"]
        return [f"{method} of {plugin}" for plugin, method in sorted(due | self._lanes.keys())]

    async def missing(self) -> list[tuple[Planned, str, int]]:
        """Return the first job of each method that a running plugin lacks, with its version and how many wait."""
        found = []
        for job in await self.schedule.firsts():
            slot = self._slots.get(job.plugin)
            if slot and self._generation(slot) and not job.cron and not self._call(job):
                found.append((job, slot.manifest.version, await self.schedule.waiting(job.lane)))
        return found

    async def _look(self) -> datetime:
        """Begin what is due; return when the next look is to be."""
        now = self._clock.now()
        await self._agree(now)
        soonest = now + timedelta(seconds=LOOK_SECONDS)
        for job in await self.schedule.firsts():
            if job.lane in self._lanes:
                continue
            if (call := self._call(job)) is None:
                self._tell_missing(job)
            elif (moment := max(job.time, self._admitted_at(call, now))) > now:
                soonest = min(soonest, moment)
            elif not self._closing:
                self._lanes[job.lane] = keep(self._tasks, self._work(job.lane))
        return soonest

    async def _agree(self, now: datetime) -> None:
        """Have the crons of what runs in the table; let what failed under other code wait again."""
        turned_back, self._looked_at = self._looked_at is not None and now < self._looked_at, now
        for slot in list(self._slots.values()):
            if (generation := self._generation(slot)) is None:
                continue
            begun = generation.number, len(generation.declared.crons)
            if self._begun.get(slot.name) == begun and not turned_back:
                continue
            await self.schedule.plan(slot.name, list(generation.declared.crons), now)
            if self._sources.get(slot.name) != generation.source_hash:
                await self.schedule.retry_failed(slot.name)
            self._begun[slot.name], self._sources[slot.name] = begun, generation.source_hash

    async def _work(self, lane: Lane) -> None:
        """Run what is due of one method, one after another."""
        try:
            if not await _tried(self._run_due(lane)):
                await self._clock.sleep(AWAY_SECONDS)
        finally:
            del self._lanes[lane]
            self._on_change()
            self.wake()

    async def _run_due(self, lane: Lane) -> bool:
        while (job := await self._first(lane)) and (call := self._admitted(job)):
            await self._attempt(call)
            self._on_change()
        return True

    async def _first(self, lane: Lane) -> Planned | None:
        """Return what comes first of one method, as it stands when its plugin is not being reloaded.

        What the old code does to its end may be to take it back.
        """
        while (slot := self._slots.get(lane[0])) is not None:
            await slot.gate.passed()
            job = await self.schedule.first(lane)
            if not slot.gate.closed:
                return job
        return None

    def _admitted(self, job: Planned) -> Call | None:
        """Return the call that is to be made now."""
        if job.time > self._clock.now() or self._closing or (call := self._call(job)) is None:
            return None
        admitted = call.slot.breakers[call.hook, ""].admit(self._clock.monotonic())
        return call if admitted else None

    async def _attempt(self, call: Call) -> None:
        """Call the method under its limit, count it, and note what came of it."""
        began, started = self._clock.now(), time.perf_counter()
        try:
            problem = await self._called(call)
        except asyncio.CancelledError:
            call.slot.breakers[call.hook, ""].succeeded()
            raise
        seconds, timed_out = time.perf_counter() - started, isinstance(problem, _OverLimitError)
        call.slot.note(call.hook, "", seconds, problem, timed_out=timed_out)
        await self._note(functools.partial(self._outcome, call, began, problem))

    async def _called(self, call: Call) -> BaseException | None:
        """Return what the call has raised, which is in the plugin's log."""
        task = call.generation.scope.call(call.work())
        try:
            await asyncio.wait([task], timeout=LIMIT_SECONDS)
            if not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=GRACE_SECONDS)
                raise _OverLimitError(f"{call.job.method} took longer than its limit of {LIMIT_SECONDS:g} s")
            task.result()
        except asyncio.CancelledError:
            task.cancel()
            raise
        except Exception as error:
            call.generation.log.exception("the job %s failed on %s", call.job.method, call.job.data[:SHOWN])
            return error
        return None

    async def _outcome(self, call: Call, began: datetime, problem: BaseException | None) -> None:
        job, pauses = call.job, dispatcher.RETRY_SECONDS
        if problem is None:
            await self.schedule.done(job, began)
        elif isinstance(problem, BadInputError) or job.attempts >= len(pauses):
            call.generation.log.error("%s failed for good on the job %s: %s", job.plugin, job.method, text_of(problem))
            await self.schedule.failed(job, began, text_of(problem))
        else:
            await self.schedule.again(job, self._clock.now() + timedelta(seconds=pauses[job.attempts]))

    async def _note(self, note: Callable[[], Awaitable[None]]) -> None:
        """Write an outcome, as soon as the database takes it: what has been done is not done again."""
        while True:
            try:
                return await note()
            except PeerUnavailableError:
                await self._clock.sleep(AWAY_SECONDS)

    def _tell_missing(self, job: Planned) -> None:
        """Say once in the log of a plugin that runs that it lacks a method."""
        slot = self._slots.get(job.plugin)
        generation = self._generation(slot) if slot else None
        if generation is None or job.cron or (lacking := (*job.lane, generation.number)) in self._lacking:
            return
        self._lacking.add(lacking)
        version = generation.manifest.version
        generation.log.warning("jobs wait for the method %s, which version %s lacks", job.method, version)

    def _generation(self, slot: Slot) -> Generation | None:
        """Return what runs of a plugin, once it has begun."""
        return slot.generation if slot.generation is not None and slot.generation.scope.live else None

    def _call(self, job: Planned) -> Call | None:
        """Return how a job is run; None while its plugin does not run, or has no such method."""
        slot = self._slots.get(job.plugin)
        generation = self._generation(slot) if slot else None
        if slot is None or generation is None:
            return None
        found: Any = generation.declared.crons.get((job.method, job.cron))
        function = found if job.cron else method_of(generation.plugin, job.method)
        return Call(job, slot, generation, function) if function else None

    def _admitted_at(self, call: Call, now: datetime) -> datetime:
        """Return when the breaker lets a call through again."""
        breaker = call.slot.breakers.get((call.hook, ""))
        if breaker is None or breaker.state != "open":
            return now
        return now + timedelta(seconds=max(breaker.probe_at - self._clock.monotonic(), 0.0))


async def _tried(work: Awaitable[T]) -> T | None:
    """Return what *work* returns, None after an error; that a database is away is told by whoever keeps it."""
    try:
        return await contained(work)
    except PeerUnavailableError:
        return None
    except Exception:
        log.exception("jobs could not be run; tried again in %g s", AWAY_SECONDS)
        return None


class _OverLimitError(TimeoutError):
    """A call was cut off; a plain TimeoutError is the plugin's own."""
