"""Who won, in words: a round, a map, an evening. Pure; names are escaped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roundhook import escape_markdown

from .figures import clock

SIDES = {1: "Axis", 2: "Allies"}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlayedMap:
    """A match: its rounds (the second may be missing), its result, and the team that has won it."""

    match_id: int
    first: Row
    second: Row | None
    result: str | None
    winner: int | None
    """A team of the session: 1 or 2; 0 a draw; None unknown, or mixed line-ups."""
    axis: int = 0
    """The team that was on Axis in round 1, by its players; 0 where that is not known or says itself by the winner."""

    @property
    def times(self) -> tuple[float | None, float | None]:
        """Seconds in which each round's attackers took the objective; None: they were held, or it is unknown."""
        return attack_seconds(self.first), attack_seconds(self.second) if self.second else None

    @property
    def team_times(self) -> tuple[float | None, float | None]:
        """The same by team; where it is not known who attacked, by round."""
        first, second = self.times
        return (second, first) if self.first_attackers == 2 else (first, second)

    @property
    def first_attackers(self) -> int:
        """The team that attacked in round 1; 0 where that is not known."""
        if self.winner:
            return {"first_attackers": self.winner, "second_attackers": 3 - self.winner}.get(self.result or "", 0)
        defender = self.first["defender_side"]
        return (3 - self.axis if defender == 1 else self.axis) if self.axis and defender in SIDES else 0


def attack_seconds(row: Row) -> float | None:
    """Return in how many seconds a round's attackers took the objective; None: they were held, or it is unknown."""
    winner, defender = row["winner_side"], row["defender_side"]
    if winner not in SIDES or defender not in SIDES or winner == defender:
        return None
    seconds: float | None = row["actual_duration_seconds"]
    return seconds


def score_of(maps: Sequence[PlayedMap]) -> tuple[int, int]:
    """Return how many maps each team has won; a draw is none."""
    return sum(one.winner == 1 for one in maps), sum(one.winner == 2 for one in maps)


def map_words(played: PlayedMap, place: str, teams: Mapping[int, str]) -> str:
    """Return in words who has won a map (called *place*): ``olz & SuperBoyy win supply, 7:12 to 9:51``."""
    if played.result is None:
        return f"{place}: {'result unknown' if played.second else 'round 2 was not played'}"
    if played.result == "draw":
        return f"{place} is a draw: both sides held"
    first, second = played.times
    best, other = (first, second) if played.result == "first_attackers" else (second, first)
    name = escape_markdown(teams.get(played.winner or 0, "")) or f"The {played.result.replace('_', ' ')}"
    against = f"{clock(best)} to {clock(other)}" if other is not None else f"in {clock(best)}, the others were held"
    return f"{name} win {place}, {against}"


def score_words(score: tuple[int, int], first: int = 1) -> str:
    """Return the score of an evening, that of team *first* first: ``evening 3:2``."""
    return f"evening {score[first - 1]}:{score[2 - first]}"


def evening_words(score: tuple[int, int], teams: Mapping[int, str]) -> str:
    """Return in words who has won an evening; "" where there are no two teams."""
    if not teams:
        return ""
    one, two = (escape_markdown(teams[team]) for team in (1, 2))
    if not any(score):
        return f"{one} against {two}: no map was won"
    if score[0] == score[1]:
        return f"{one} and {two} part {score[0]}:{score[1]}"
    winner, best = (one, score) if score[0] > score[1] else (two, score[::-1])
    return f"{winner} win the evening {best[0]}:{best[1]}"
