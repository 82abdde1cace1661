"""Invented evenings: two teams through swaps of sides, substitutes, late joiners and who changes; and mixed ones."""

from random import Random
from typing import NamedTuple

from plugins.team_capture.lineups import LineUp


class Evening(NamedTuple):
    """The line-ups in the order of play, and the team of each who played for one only."""

    lineups: list[LineUp]
    teams: dict[str, int]


def evening(random: Random, *, size: int, maps: int, changer: bool = False) -> Evening:
    """Return an evening of two teams; team 1 is the one on Axis in the first round.

    Each team has up to two substitutes, somebody is late now and then, sides are drawn anew for each map. With
    *changer* one player goes over at half-time.
    """
    squads = [[f"{team}{number:07d}" for number in range(size + changer + random.randint(0, 2))] for team in "AB"]
    lineups, first_axis = [], 0
    for number in range(maps):
        sides = [random.sample(squad, size) for squad in squads]
        if changer and number == maps // 2:
            squads[1].append(squads[0].pop())
        turned = random.random() < 0.5
        for side in (turned, not turned):
            one, two = (frozenset(people[: size - random.randint(0, 1)]) for people in (sides[side], sides[not side]))
            lineups.append(LineUp(one, two))
        if number == 0:
            first_axis = int(turned)
    names = {guid for lineup in lineups for guid in lineup.axis | lineup.allies}
    teams = {guid: 1 if (guid[0] == "B") == bool(first_axis) else 2 for guid in names}
    return Evening(lineups, teams)


def mixed(random: Random, *, size: int, maps: int) -> list[LineUp]:
    """Return an evening whose teams are drawn anew for each map."""
    people = [f"{number:08d}" for number in range(2 * size)]
    lineups = []
    for _ in range(maps):
        drawn = random.sample(people, 2 * size)
        lineup = LineUp(frozenset(drawn[:size]), frozenset(drawn[size:]))
        lineups += [lineup, LineUp(lineup.allies, lineup.axis)]
    return lineups
