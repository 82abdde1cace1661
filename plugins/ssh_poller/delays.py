"""How long after its notice a server's file comes: learnt from the last ones, and when to look next. No I/O.

A delay is known between two looks. The nearer the moment is to one of those remembered, the closer the looks are:
a few on the way there, many around it, fewer and fewer afterwards.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

REMEMBERED = 8
UNKNOWN_SECONDS = 10.0
"""So long the file of an unknown server can come at any moment: it is written 3 to 5 seconds after the round."""
CLOSE, WIDE = 0.1, 5.0
"""Between two looks, at least and at most: parts of ``look_seconds``."""
APPROACH, NARROWING = 0.75, 8
"""A look goes this part of the way to the next moment remembered; a delay known roughly is looked into so often."""
ROUGHEST_SECONDS = 2.0
"""What is known less exactly is not worth remembering: nobody looked."""


class Delay(NamedTuple):
    """Seconds from the notice: the file was not there at *after*, and was at *by*."""

    after: float
    by: float

    def distance(self, elapsed: float) -> float:
        """Return by how much *elapsed* lies outside."""
        return max(self.after - elapsed, elapsed - self.by, 0.0)


class Delays:
    """The last delays of one server. *look_seconds* lie between two looks while nothing is known."""

    def __init__(self, look_seconds: float) -> None:
        self._look_seconds = look_seconds
        self._known: deque[Delay] = deque(maxlen=REMEMBERED)

    def learn(self, after: float, by: float) -> None:
        """Remember that a file came between two looks, in seconds from its notice; one known roughly gives way."""
        new = Delay(max(after, 0.0), by)
        if 0.0 <= new.by - new.after <= ROUGHEST_SECONDS:
            kept = [one for one in self._known if not one.after <= new.after <= new.by <= one.by]
            self._known = deque([*kept, new], REMEMBERED)

    def pause(self, elapsed: float) -> float:
        """Return after how many seconds to look again, *elapsed* seconds after the notice."""
        if not self._known:
            return self._look_seconds * (1.0 if elapsed < UNKNOWN_SECONDS else WIDE)
        nearest = min(self._known, key=lambda one: one.distance(elapsed))
        close = max(self._look_seconds * CLOSE, (nearest.by - nearest.after) / NARROWING)
        return min(max(APPROACH * nearest.distance(elapsed), close), self._look_seconds * WIDE)

    def overdue(self, elapsed: float) -> float:
        """Return by how many seconds the file is later than any that is remembered; negative before that."""
        return elapsed - max((one.by for one in self._known), default=0.0)

    def export(self) -> Sequence[Delay]:
        """Return what is remembered, oldest first, for ``learn``."""
        return list(self._known)
