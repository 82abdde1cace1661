"""What is open: deliveries that have not ended and plugins' jobs under way, and when all that follows from them has."""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping

from core.journal import Journal
from core.kernel.delivery import Delivery
from core.kernel.probe import Impl
from core.kernel.scope import Job
from core.kernel.slot import Slot

JOB_SECONDS = 2.0
"""What a plugin has spawned and goes on for longer is a worker, whose end nobody waits for."""
MOST_NAMED = 10
"""Of what is left, in an error."""


class Settling:
    """Knows the open deliveries to the plugins in *slots*, and wakes who waits for a change."""

    def __init__(self, journal: Journal, slots: Mapping[str, Slot]) -> None:
        self._journal = journal
        self._slots = slots
        self._open: set[Delivery] = set()
        self._changed = asyncio.Event()
        self.changes = 0
        """How many times an attempt or a plugin's job has ended, or a delivery has been put aside."""

    async def settled(self, timeout: float) -> None:
        """Return when every delivery recorded until now, and all that follow from them, are closed.

        One that waits for a retry is open; one of a plugin that is off does not count. What plugins have spawned, and
        timers' calls that are under way, may be about to publish: they are waited for too, up to ``JOB_SECONDS`` each.

        Raises:
            TimeoutError: names what is left.
        """
        roots = {*(one.root for one in self._open), *(job.root for job in self._jobs())}
        try:
            async with asyncio.timeout(timeout):
                while any(True for _ in self._left(roots)):
                    await self._change_within(JOB_SECONDS)
                await self._journal.flush()
        except TimeoutError:
            names = sorted(map(_name_of, self._left(roots))) or ["the journal's last commit"]
            more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
            raise TimeoutError(f"not settled after {timeout:g} s: {', '.join(names[:MOST_NAMED])}{more}") from None

    def note_change(self) -> None:
        """Wake who waits: an attempt or a job has ended, or a plugin has gone off, for which nothing counts as open."""
        self.changes += 1
        self._changed.set()

    async def change_after(self, changes: int) -> None:
        """Return when ``changes`` is above *changes*."""
        while self.changes <= changes:
            self._changed.clear()
            await self._changed.wait()

    def _waits(self, delivery: Delivery) -> bool:
        """Tell whether a delivery waits until its plugin is on again (or, in another version, has the hook again)."""
        slot = self._slots.get(delivery.plugin)
        return slot is None or (self._impl(delivery) is None and not slot.gate.closed)

    def _left(self, roots: set[object]) -> Iterator[Delivery | Job]:
        """Give the deliveries and jobs of these *roots* that have not ended."""
        yield from (one for one in self._open if one.root in roots and not self._waits(one))
        yield from (job for job in self._jobs() if job.root in roots)

    def _jobs(self) -> list[Job]:
        """Return the plugins' jobs under way that are no workers."""
        began = asyncio.get_running_loop().time() - JOB_SECONDS
        scopes = [scope for slot in self._slots.values() for scope in slot.scopes()]
        return [job for scope in scopes for job in scope.jobs.values() if job.began > began]

    async def _change_within(self, seconds: float) -> None:
        """Return after the next change, or after *seconds*."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.change_after(self.changes)

    def _impl(self, delivery: Delivery) -> Impl | None:
        generation = slot.generation if (slot := self._slots.get(delivery.plugin)) else None
        return generation.impls.get(delivery.event.hook) if generation else None


def _name_of(left: Delivery | Job) -> str:
    return left.name if isinstance(left, Job) else f"{left.event.key} for {left.plugin}"
