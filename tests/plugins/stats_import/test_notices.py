"""Which notice belongs to which round."""

import pytest

from plugins.stats_import.notices import Ended, Written, match_notices

ROUND = Written("a", "supply", 1, (1000,))


@pytest.mark.parametrize(
    ("notice", "found"),
    [
        (Ended(1, "supply", 1, 996), {1: "a"}),
        (Ended(1, "supply", 1, 850), {1: "a"}),
        (Ended(1, "supply", 1, 849), {}),
        (Ended(1, "supply", 1, 1060), {1: "a"}),
        (Ended(1, "supply", 1, 1061), {}),
        (Ended(1, "supply", 2, 996), {}),
        (Ended(1, "etl_supply", 1, 996), {}),
    ],
)
def test_window_map_and_number(notice: Ended, found: dict[int, str]) -> None:
    """The file is written from 60 s before to 150 s after the end; map and number are equal."""
    assert match_notices([notice], [ROUND]) == found


def test_each_round_gets_the_nearest_notice_and_each_notice_the_nearest_round() -> None:
    """One notice for one round."""
    rounds = [ROUND, Written("b", "supply", 1, (1100,))]
    notices = [Ended(1, "supply", 1, 990), Ended(2, "supply", 1, 996), Ended(3, "supply", 1, 1095)]

    assert match_notices(notices, rounds) == {2: "a", 3: "b"}
    assert match_notices(reversed(notices), reversed(rounds)) == {2: "a", 3: "b"}


def test_both_readings_of_a_repeated_hour_count() -> None:
    """A name that means two times is matched by either."""
    assert match_notices([Ended(1, "supply", 1, 4596)], [Written("a", "supply", 1, (1000, 4600))]) == {1: "a"}


def test_an_aborted_notice_belongs_to_either_number() -> None:
    """The file of an aborted round may claim the other number; it must be of that map and in the window."""
    second = Written("b", "supply", 2, (1000,))

    assert match_notices([Ended(1, "supply", 1, 1000)], [second], aborted={1}) == {1: "b"}
    assert match_notices([Ended(1, "supply", 1, 1000)], [second]) == {}
    assert match_notices([Ended(1, "supply", 1, 849)], [second], aborted={1}) == {}
    assert match_notices([Ended(1, "radar", 1, 1000)], [second], aborted={1}) == {}
    assert match_notices([Ended(1, "supply", 1, 1000)], [second, ROUND], aborted={1}) == {1: "a"}


def test_an_aborted_notice_takes_no_other_notices_round() -> None:
    """A round that a complete notice is nearer to, or as near, is that notice's."""
    complete, aborted = Ended(2, "supply", 1, 996), Ended(1, "supply", 1, 940)

    assert match_notices([complete, aborted], [ROUND], aborted={1}) == {2: "a"}
    assert match_notices([complete, Ended(1, "supply", 2, 996)], [ROUND], aborted={1}) == {2: "a"}
