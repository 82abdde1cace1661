"""How long a round can have lasted, by its file and its notice: what a player's clock is measured against. Pure."""

import math
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import force_setattr

from .fields import SECONDS_OF_TENTH, TIME_PLAYED
from .parser import PlayerLine, StatsFile
from .timing import SLACK_SECONDS, own_seconds

MORE = 1.1
"""How many times the round a player's clock may show before earlier rounds must be in it."""
NEAR_SECONDS = 12
"""How far the longest clock lies from a round's length at most: two steps (measured: 6 s)."""


class Told(Struct, frozen=True):
    """What a round's notice says that its file is read by; number and seconds only of an aborted round."""

    number: int | None = None
    seconds: float | None = None
    pause_seconds: float = 0


NOTHING_TOLD = Told()


class Room(Struct, frozen=True):
    """A round's length; ``exact``, or what it had at most. ``seconds`` is None where nothing is known."""

    seconds: float | None
    exact: bool = False
    pauses: float = 0
    most_tenths: float = math.inf
    """The longest time for which there is room, in tenths of a minute; worked out."""

    def __post_init__(self) -> None:
        if self.seconds is not None:
            whole = self.seconds + self.pauses
            force_setattr(self, "most_tenths", max(whole * MORE, whole + SECONDS_OF_TENTH) / SECONDS_OF_TENTH)

    def holds(self, tenths: int | None) -> bool:
        """Tell whether a player's time, in tenths of a minute, has room; one that is unknown has."""
        return tenths is None or 0 <= tenths <= self.most_tenths

    def holds_all(self, lines: Iterable[PlayerLine]) -> bool:
        """Tell whether the time of all these has room, as it is written."""
        return all(line.fields[TIME_PLAYED] <= self.most_tenths for line in lines)  # one that is odd stands as 0

    def is_near(self, tenths: int) -> bool:
        """Tell whether the longest time of all players is the round's, or the most that it can be."""
        if self.seconds is None:
            return False
        played = tenths * SECONDS_OF_TENTH
        return self.seconds - NEAR_SECONDS <= played <= self.seconds + self.pauses + NEAR_SECONDS

    @property
    def text(self) -> str:
        return f"{self.seconds:.0f} s" if self.exact else f"at most {self.seconds:.0f} s"


def room_of(file: StatsFile, told: Told = NOTHING_TOLD) -> Room:
    """Return the room of *file*'s round: field 9, else field 8 where it tells, else the limit.

    Of an aborted round, whose header is about another, the notice says it.
    """
    limit = file.time_limit_seconds or None
    if told.number is not None:
        is_real = told.seconds is not None and 0 < told.seconds <= (limit or told.seconds) + SLACK_SECONDS
        return Room(told.seconds, exact=True) if is_real else Room(limit)
    own = own_seconds(file)
    return Room(limit if own is None else own, exact=own is not None, pauses=told.pause_seconds)
