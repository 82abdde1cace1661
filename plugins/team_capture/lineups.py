"""Who played with whom: two teams out of the line-ups of a session, through all swaps of sides. No database."""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

LEAST_AGREEMENT = 0.9
"""Share of all that anybody played that must fit two fixed teams; below it the line-ups are mixed."""
CLEAR = 0.5
"""How much larger one team's share of a side must be than the other's, to say that the side is that team."""
_TRIES = 6
"""How many rounds, the fullest first, are taken as a beginning; the best outcome counts."""


class LineUp(NamedTuple):
    """Who was on each side in one round: sets of GUIDs."""

    axis: frozenset[str]
    allies: frozenset[str]

    def signs(self) -> Iterable[tuple[str, int]]:
        """Give each player with 1 (Axis) or -1 (Allies)."""
        yield from ((guid, 1) for guid in sorted(self.axis))
        yield from ((guid, -1) for guid in sorted(self.allies))


def teams_of(lineups: Sequence[LineUp]) -> dict[str, int]:
    """Return the team (1 or 2) of each player; empty where the line-ups are mixed, or nobody played against anybody.

    *lineups* stand in the order of play. Team 1 was on Axis in the first round. A player who has changed belongs to the
    team that he played with more often; as often with both: to the first.
    """
    played = [one for one in lineups if one.axis and one.allies]
    fullest = sorted(range(len(played)), key=lambda index: -len(played[index].axis | played[index].allies))
    teams, most = dict[str, int](), 0.0
    for index in fullest[:_TRIES]:
        found = _settle(played, index)
        if (agreement := _agreement(played, found)) > most:
            teams, most = found, agreement
        if most == 1:
            break
    if most < LEAST_AGREEMENT:
        return {}
    turn = next(way for one in played if (way := _way(one, teams)))
    return {guid: 1 if sign == turn else 2 for guid, sign in teams.items()}


def axis_team(lineup: LineUp, teams: Mapping[str, int]) -> int:
    """Return which team was on Axis in a round, 0 where that is not clear."""
    signs = {guid: 3 - 2 * team for guid, team in teams.items()}  # 1, 2 → 1, -1
    total = _sum(lineup, signs)
    if abs(total) < CLEAR * len(lineup.axis | lineup.allies) or not total:
        return 0
    return 1 if total > 0 else 2


def _settle(lineups: Sequence[LineUp], first: int) -> dict[str, int]:
    """Return each player's sign (1 or -1): begun with one round's sides, until nothing changes."""
    signs = dict(lineups[first].signs())
    for _ in lineups:
        ways = [_way(one, signs) for one in lineups]
        sums: Counter[str] = Counter()
        earliest: dict[str, int] = {}
        for lineup, way in zip(lineups, ways, strict=True):
            for guid, side in lineup.signs() if way else ():
                sums[guid] += side * way
                earliest.setdefault(guid, side * way)
        new = {guid: (1 if total > 0 else -1) if total else earliest[guid] for guid, total in sums.items()}
        if new == signs:
            break
        signs = new
    return signs


def _sum(lineup: LineUp, signs: Mapping[str, int]) -> int:
    nobody = itertools.repeat(0)
    return sum(map(signs.get, lineup.axis, nobody)) - sum(map(signs.get, lineup.allies, nobody))


def _way(lineup: LineUp, signs: Mapping[str, int]) -> int:
    """Return 1 where the players of sign 1 are on Axis, -1 where they are on Allies, 0 where that is undecided."""
    total = _sum(lineup, signs)
    return (total > 0) - (total < 0)


def _agreement(lineups: Sequence[LineUp], signs: Mapping[str, int]) -> float:
    """Return the share of all that anybody played that fits."""
    fits = played = 0
    for one in lineups:
        way = _way(one, signs)
        played += len(one.axis) + len(one.allies)
        fits += sum(signs.get(guid) == way for guid in one.axis) + sum(signs.get(guid) == -way for guid in one.allies)
    return fits / played if played else 0.0
