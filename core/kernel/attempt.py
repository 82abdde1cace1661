"""One attempt to deliver: the call of a handler, how it has ended, and the limit of one that waits."""

import asyncio
import time
from dataclasses import dataclass

from core.kernel.bounded import as_error
from core.kernel.breaker import Breaker
from core.kernel.delivery import Delivery
from core.kernel.generation import Generation
from core.kernel.limits import Limit
from core.kernel.probe import Impl
from core.kernel.slot import Slot

_UNENDED = asyncio.CancelledError("it was never begun")


@dataclass(slots=True, eq=False)
class Attempt:
    """Calls a handler in a task of its own, in which nothing else is done."""

    delivery: Delivery
    slot: Slot
    generation: Generation
    impl: Impl
    breaker: Breaker
    """What stood before it."""
    limit: Limit | None = None
    """Of one that waits: only of that somebody else can see that it runs."""
    error: BaseException | None = _UNENDED
    seconds: float = 0.0

    async def run(self) -> None:
        """Call the handler; what it raises is noted."""
        impl, event, started = self.impl, self.delivery.event.event, time.perf_counter()
        try:
            await (impl.function(event) if impl.takes_event else impl.function())
            self.error = None
        except BaseException as error:
            self.error = as_error(error)
            if not isinstance(self.error, Exception):
                raise
        finally:
            self.seconds = time.perf_counter() - started

    @property
    def timed_out(self) -> bool:
        return self.limit is not None and self.limit.expired

    def problem(self) -> BaseException | None:
        """Return what the handler's error is told as."""
        if self.error is None:
            return None
        if self.timed_out:
            return TimeoutError(f"{self.impl.hook} took longer than its limit of {self.impl.limit:g} s")
        if isinstance(self.error, asyncio.CancelledError):
            return RuntimeError("it has cancelled itself")
        return self.error

    def count(self, seconds: float, problem: BaseException | None) -> None:
        """Note how it has ended, and that it took so many seconds."""
        event = self.delivery.event
        self.slot.note(event.hook, event.origin, seconds, problem, timed_out=self.timed_out, breaker=self.breaker)
