"""Who played with whom, out of line-ups alone."""

import itertools
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.team_capture.lineups import LEAST_AGREEMENT, LineUp, axis_team, teams_of
from tests.plugins.team_capture.evenings import evening, mixed

seeds, sizes, maps = st.integers(0, 2**32), st.integers(3, 6), st.integers(1, 12)


@given(seed=seeds, size=sizes, maps=maps)
def test_everybody_is_in_his_team(seed: int, size: int, maps: int) -> None:
    """Whatever the sides, whoever sat out and came late."""
    played = evening(Random(seed), size=size, maps=maps)  # noqa: S311

    assert teams_of(played.lineups) == played.teams


@given(seed=seeds, size=st.integers(4, 6), maps=st.integers(5, 12))
def test_who_changes_at_half_time_takes_nobody_with_him(seed: int, size: int, maps: int) -> None:
    """All others stay where they are; he is where he played more."""
    played = evening(Random(seed), size=size, maps=maps, changer=True)  # noqa: S311
    found = teams_of(played.lineups)
    moved = [guid for guid in found if found[guid] != played.teams[guid]]

    assert found.keys() == played.teams.keys()
    assert len(moved) <= 1


@given(seed=seeds, size=st.integers(2, 4), maps=st.integers(2, 5))
@settings(max_examples=60, deadline=None)
def test_line_ups_are_mixed_where_no_two_teams_fit(seed: int, size: int, maps: int) -> None:
    """Compared with every possible division: none is given that fits worse than the rule, and the best is found."""
    lineups = mixed(Random(seed), size=size, maps=maps)  # noqa: S311
    people = sorted(lineups[0].axis | lineups[0].allies)
    best = max(_fit(lineups, dict(zip(people, (1, *signs), strict=True))) for signs in
               itertools.product((1, -1), repeat=len(people) - 1))  # fmt: skip
    found = teams_of(lineups)

    assert bool(found) == (best >= LEAST_AGREEMENT)
    if found:
        assert _fit(lineups, {guid: 3 - 2 * team for guid, team in found.items()}) == best


@given(seed=seeds, size=sizes, maps=maps, order=st.randoms())
def test_the_names_of_players_mean_nothing(seed: int, size: int, maps: int, order: Random) -> None:
    """Other GUIDs give the same division."""
    played = evening(Random(seed), size=size, maps=maps)  # noqa: S311
    guids = sorted(played.teams)
    other = dict(zip(guids, order.sample(guids, len(guids)), strict=True))
    renamed = [LineUp(*(frozenset(other[guid] for guid in side) for side in one)) for one in played.lineups]

    assert teams_of(renamed) == {other[guid]: team for guid, team in played.teams.items()}


def test_people_who_were_never_opponents_are_no_two_teams() -> None:
    """Nobody, one side alone, and two evenings of other people in one session."""
    alone = LineUp(frozenset("A"), frozenset())
    one, other = LineUp(frozenset("ab"), frozenset("cd")), LineUp(frozenset("ef"), frozenset("gh"))

    assert [teams_of(found) for found in ([], [alone], [one, other])] == [{}, {}, {}]


def test_which_team_was_on_axis() -> None:
    """Told where three quarters of a side belong together."""
    teams = {"a": 1, "b": 1, "c": 1, "d": 1, "e": 2, "f": 2, "g": 2, "h": 2}

    assert axis_team(LineUp(frozenset("abcd"), frozenset("efgh")), teams) == 1
    assert axis_team(LineUp(frozenset("efgx"), frozenset("abcd")), teams) == 2
    assert axis_team(LineUp(frozenset("abce"), frozenset("dfgh")), teams) == 1
    assert axis_team(LineUp(frozenset("abef"), frozenset("cdgh")), teams) == 0
    assert axis_team(LineUp(frozenset("abcd"), frozenset("efgh")), {}) == 0


def _fit(lineups: list[LineUp], signs: dict[str, int]) -> float:
    """Return the share of all that anybody played that fits a division."""
    fits = played = 0
    for one in lineups:
        agreed = sum(signs[guid] for guid in one.axis) - sum(signs[guid] for guid in one.allies)
        played += len(one.axis) + len(one.allies)
        fits += (len(one.axis) + len(one.allies) + abs(agreed)) // 2 if agreed else 0
    return fits / played
