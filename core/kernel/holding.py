"""What breakers hold back: one waits for all, however many there are, and lets one of them through as the probe."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from core.clock import Clock
from core.kernel.bounded import keep
from core.kernel.breaker import Breaker
from core.kernel.delivery import Delivery
from core.kernel.slot import Slot

PROBE_SECONDS = 0.1
"""How often it is looked whether a probe has ended."""


class Held:
    """Deliveries before breakers that are not closed; *attempt* has them attempted in the event loop's next turn."""

    def __init__(
        self, clock: Clock, tasks: "set[asyncio.Task[None]]", attempt: Callable[[Iterable[Delivery]], None]
    ) -> None:
        self._clock, self._tasks, self._attempt = clock, tasks, attempt
        self._held: dict[Breaker, deque[Delivery]] = {}

    def add(self, delivery: Delivery, slot: Slot, breaker: Breaker) -> None:
        """Keep *delivery* until *breaker* lets it through; the journal has it meanwhile."""
        if (held := self._held.get(breaker)) is not None:
            held.append(delivery)
        else:
            self._held[breaker] = deque([delivery])
            keep(self._tasks, self._let_go(slot.renewed, breaker))

    async def _let_go(self, renewed: asyncio.Event, breaker: Breaker) -> None:
        """Have one after another attempted while the breaker is open, and all when it is closed or the code another."""
        held, clock = self._held[breaker], self._clock
        while held and breaker.state != "closed" and not renewed.is_set():
            left = breaker.probe_at - clock.monotonic()
            if breaker.state == "open" and left <= 0:
                self._attempt([held.popleft()])
                await asyncio.sleep(0)
            else:
                await clock.wait(renewed, left if breaker.state == "open" else PROBE_SECONDS)
        del self._held[breaker]
        self._attempt(held)
