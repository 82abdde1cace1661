"""What a rate has to rest on before it is ranked, and who shares a place. Pure functions.

A rate needs 4 rounds, a tenth of the median time that is played, and 5 minutes; fewer rounds and less time, namely half
of what the busiest has, where nobody has twice as much. Accuracy also needs 60 shots a round, or half of the median
where that is less. Sums need nothing; rounds with a bot on a side count for nobody.
"""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from .figures import clock

ROUNDS, SECONDS, SHOTS = 4, 300, 60
SHARE = 0.1
"""Of the median time played."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The least that a player needs: rounds, seconds played, and shots in each round."""

    rounds: int = 1
    seconds: float = 0.0
    shots: float = 0.0

    @classmethod
    def of(cls, middle: Mapping[str, Any], *, shots: bool = False) -> Self:
        """Return what is needed; *middle* has the most rounds and seconds, and the medians of seconds and shots."""
        longest, median = float(middle["longest"] or 0), float(middle["seconds"] or 0)
        return cls(
            min(ROUNDS, max(int(middle["rounds"] or 0) // 2, 1)),
            max(SHARE * median, min(SECONDS, longest / 2)),
            min(SHOTS, float(middle["shots"] or 0) / 2) if shots else 0.0,
        )

    @property
    def needed(self) -> tuple[int, float, float]:
        """The three numbers."""
        return self.rounds, self.seconds, self.shots

    def admits(self, rounds: int, seconds: int | None, shots: int | None) -> bool:
        """Tell whether somebody has enough."""
        return rounds >= self.rounds and (seconds or 0) >= self.seconds and (shots or 0) >= self.shots * rounds

    @property
    def words(self) -> str:
        """What is needed, in words that go on after others."""
        rounds = f", at least {self.rounds} rounds" if self.rounds > 1 else ""
        seconds = f", from {clock(self.seconds)} played on" if self.seconds else ""
        return rounds + seconds + (f", from {self.shots:.0f} shots a round on" if self.shots else "")


NO_SAMPLE = Sample()
NOTHING = Sample(rounds=0)


def evening_seconds(seconds: Sequence[int | None]) -> float:
    """Return what a player of an evening needs, given what each has played: a tenth of the median."""
    played = [one for one in seconds if one]
    return SHARE * statistics.median(played) if played else 0.0


def places(shown: Sequence[str]) -> list[str]:
    """Return the place of each value, given as it is shown, best first: what looks equal shares one.

    >>> places(["9", "7", "7", "3"])
    ['1.', '=2.', '=2.', '4.']
    """
    first: dict[str, int] = {}
    for place, one in enumerate(shown, 1):
        first.setdefault(one, place)
    many = Counter(shown)
    return [f"{'=' * (many[one] > 1)}{first[one]}." for one in shown]
