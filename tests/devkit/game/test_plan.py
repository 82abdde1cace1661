"""Plans: wishes are completed sensibly, and refused where they cannot be."""

import pytest

from devkit.game.people import ALLIES, AXIS
from devkit.game.plan import RoundPlan, make_plan


def plan(**wishes: object) -> RoundPlan:
    """Return a plan for a round 1 of twelve minutes."""
    return make_plan(map_name="supply", round_number=1, time_limit=720, **wishes)  # type: ignore[arg-type]


def test_surrender_is_the_attackers_by_default() -> None:
    """Without a side it is the attackers who give up, so the defenders win."""
    assert (plan(surrender_at=512).surrender_side, plan(surrender_at=512).winner) == (ALLIES, AXIS)
    assert (plan(surrender_at=512, defender=ALLIES).surrender_side) == AXIS
    assert plan(surrender_at=512, surrender_side=AXIS).winner == ALLIES


def test_duration_decides_who_wins() -> None:
    """Before the limit the attackers win, at the limit the defenders."""
    assert (plan(duration=300).ending, plan(duration=300).winner) == ("objective", ALLIES)
    assert (plan(duration=720).ending, plan(duration=720).winner) == ("time_expired", AXIS)
    assert plan(winner=AXIS).seconds == 720


def test_seed_decides_the_rest() -> None:
    """Without any wish the seed decides, and every plan can be played."""
    plans = [plan(seed=seed) for seed in range(50)]

    assert {entry.ending for entry in plans} == {"objective", "time_expired"}
    assert plans == [plan(seed=seed) for seed in range(50)]


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        ({"winner": AXIS, "duration": 100}, "surrender_at=100"),
        ({"duration": 0.5}, "does not fit"),
        ({"surrender_at": 900}, "does not fit"),
        ({"duration": 100, "pauses": [(200, 30)]}, "within the round"),
        ({"duration": 100, "pauses": [(50, 5)]}, "10.05"),
    ],
)
def test_impossible_wishes(wishes: dict[str, object], told: str) -> None:
    """A plan that the engine could not play is refused, and the text says what would do."""
    with pytest.raises(ValueError, match=told):
        plan(**wishes)
