"""One event for one plugin, and the lane in which it waits for earlier ones about the same."""

import asyncio
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
    """Set when the delivery is the first of its lane; None of one that was it from the beginning."""
    next: "Delivery | None" = None
    """The one behind it in its lane."""
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

    last: dict[tuple[str, str], Delivery] = field(default_factory=dict)

    def enter(self, delivery: Delivery) -> None:
        """Put *delivery* behind the earlier ones about the same."""
        if delivery.lane is None:
            return
        before = self.last.get(delivery.lane)
        self.last[delivery.lane] = delivery
        if before is not None:
            before.next, delivery.turn = delivery, asyncio.Event()

    def leave(self, delivery: Delivery) -> None:
        """Take a closed delivery, the first, out and let the next one go."""
        if delivery.lane is None:
            return
        if delivery.next is None:
            del self.last[delivery.lane]
        elif delivery.next.turn is not None:
            delivery.next.turn.set()
