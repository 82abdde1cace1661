"""One event for one plugin, and the lane in which it waits for earlier ones about the same."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.kernel.kinds import Envelope


@dataclass(slots=True, eq=False)
class Delivery:
    """One event for one plugin."""

    event_id: int
    event: Envelope
    plugin: str
    root: object
    """The same for all events that were published while handling one another."""
    attempts: int = 0
    lane: tuple[str, str] | None = None
    """Plugin and what the event is about."""
    turn: asyncio.Event | None = None
    """Set when the delivery is the first of its lane; None while it has no lane to wait in."""
    recorded: bool = False
    """Whether that it is done was committed with what its handler has written."""

    def was_recorded(self) -> None:
        """Take note that it was committed as done."""
        self.recorded = True

    @classmethod
    def of(cls, event_id: int, event: Envelope, plugins: Iterable[str], root: object) -> "list[Delivery]":
        """Return an event's deliveries to *plugins*."""
        about = event.about
        return [cls(event_id, event, plugin, root, 0, (plugin, about) if about else None) for plugin in plugins]


@dataclass(slots=True)
class Lanes:
    """Deliveries about one thing to one plugin, kept in the order of publication."""

    queues: dict[tuple[str, str], deque[Delivery]] = field(default_factory=dict)

    def enter(self, delivery: Delivery) -> None:
        """Put *delivery* behind the earlier ones about the same."""
        if delivery.lane is None:
            return
        queue = self.queues.get(delivery.lane)
        if queue is None:
            self.queues[delivery.lane] = deque((delivery,))
        else:
            queue.append(delivery)
            delivery.turn = asyncio.Event()

    def leave(self, delivery: Delivery) -> None:
        """Take a closed delivery out and let the next one go."""
        if delivery.lane is None:
            return
        queue = self.queues[delivery.lane]
        queue.remove(delivery)
        if not queue:
            del self.queues[delivery.lane]
        elif queue[0].turn is not None:
            queue[0].turn.set()
