"""What the second game may send: any text is read or refused, and the order of a race depends on what was decided."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.redline.lines import Race, Ruling, parse_lines
from examples.redline.order import ordered
from roundhook import BadInputError

ids = st.from_regex(r"[a-z0-9._-]{1,40}", fullmatch=True)
small = st.integers(0, 40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda one: st.lists(one, max_size=3)
)
drivers = st.fixed_dictionaries(
    {"id": ids, "name": st.just("Nika"), "grid": small, "laps": small, "time_ms": st.integers(0, 10_000)},
    optional={"car": st.just("Lynx"), "best_ms": st.none() | small, "out": st.sampled_from(["", "engine"])},
)
races = st.fixed_dictionaries(
    {
        "race": ids, "server": ids, "track": st.just("Oval"), "laps": small, "ended": st.integers(0, 2_000_000_000),
        "drivers": st.lists(drivers, min_size=1, max_size=3, unique_by=lambda one: one["id"]),
    }
)  # fmt: skip
spoilt = st.tuples(races, st.sampled_from(["race", "server", "track", "laps", "ended", "drivers"]), values)


def refusal_of(text: str) -> str:
    """Return why *text* is refused, "" if it is read."""
    try:
        parse_lines(text)
    except BadInputError as error:
        return str(error)
    return ""


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")) | values.map(json.dumps))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else is raised."""
    assert isinstance(refusal_of(text), str)


@given(spoilt)
def test_a_field_of_any_value_is_taken_or_named(spoil: tuple[dict[str, Any], str, Any]) -> None:
    """One wrong field refuses the race, and is named."""
    line, key, value = spoil
    refusal = refusal_of(json.dumps(line | {key: value}))
    assert not refusal or f": {key} must" in refusal or (key == "drivers" and "driver 1: " in refusal)


@given(races, st.lists(st.tuples(small, st.booleans(), st.integers(0, 6)), max_size=4), st.randoms())
def test_the_order_depends_on_what_was_decided(line: dict[str, Any], decided: list[Any], random: Any) -> None:
    """However drivers and rulings came; each driver is in it once, and places have no gap."""
    (race,) = parse_lines(json.dumps(line))
    assert isinstance(race, Race)
    known = [one.driver for one in race.drivers]
    rulings = [
        Ruling(race.race, number, known[who % len(known)], penalty, expelled, "")
        for number, (penalty, expelled, who) in enumerate(decided)
    ]
    found = ordered(race.drivers, rulings)
    turned_drivers, turned_rulings = list(race.drivers), list(rulings)
    random.shuffle(turned_drivers)
    random.shuffle(turned_rulings)

    assert ordered(turned_drivers, turned_rulings) == found
    assert sorted(one.driver.driver for one in found) == sorted(known)
    places = [one.place for one in found]
    classified = [place for place in places if place is not None]
    assert classified == list(range(1, len(classified) + 1))
    assert places == [*classified, *[None] * (len(places) - len(classified))]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": NaN}', "1" * 5000, '{"race": "R-1", "ruling": 1e400}'])
def test_odd_json_is_refused(text: str) -> None:
    """Too deep, too large, no number at all."""
    with pytest.raises(BadInputError, match="Line 1 is not to be understood"):
        parse_lines(text)
