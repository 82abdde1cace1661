"""One event for one plugin: how its attempts end, and the lane in which it waits for earlier ones of its round."""

import asyncio
import enum
from collections import deque
from dataclasses import dataclass, field

from core.events import Event, round_of


class Outcome(enum.Enum):
    """How an attempt ended."""

    DONE = "done"
    FAILED = "failed"
    PARKED = "parked"
    """The plugin is off, or its breaker is open: no attempt was made."""
    LEFT = "left"
    """The handler went on although it was cancelled; its delivery has gone on without it."""


@dataclass(slots=True, eq=False)
class Delivery:
    """One event for one plugin."""

    event_id: int
    event: Event
    plugin: str
    root: object
    """The same for all events that were published while handling one another."""
    attempts: int = 0
    lane: tuple[str, int] | None = None
    """Plugin and round, for an event that is about a round."""
    turn: asyncio.Event | None = None
    """Set when the delivery is the first of its lane; None while it has no lane to wait in."""

    task: "asyncio.Task[None] | None" = None
    """What makes the attempt that is under way."""

    def __post_init__(self) -> None:
        about = round_of(self.event)
        if about is not None:
            self.lane = (self.plugin, about.round_id)


@dataclass(slots=True)
class Lanes:
    """Deliveries of one round to one plugin, kept in the order of publication."""

    queues: dict[tuple[str, int], deque[Delivery]] = field(default_factory=dict)

    def enter(self, delivery: Delivery) -> None:
        """Put *delivery* behind the earlier ones of its round."""
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
