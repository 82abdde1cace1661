"""When to look for the file of a notice: close around the moment that was learnt, seldom elsewhere."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.ssh_poller.delays import REMEMBERED, ROUGHEST_SECONDS, Delays

LOOK = 0.1
AWAIT = 30.0
ROUND_TRIP = 0.002


def played(delays: Delays, delay: float) -> tuple[int, float]:
    """Look until a file that comes after *delay* is there, or for half a minute; return how often, and how late."""
    looks, before, now = 1, -60.0, 0.01
    while now < delay and now < AWAIT:
        looks, before, now = looks + 1, now, now + delays.pause(now) + ROUND_TRIP
    if now < AWAIT:
        delays.learn(before, now)
    return looks, now - delay


@pytest.mark.parametrize("delay", [0.5, 1.0, 3.1, 4.9, 12.0])
def test_a_steady_delay_is_hit(delay: float) -> None:
    """Within 15 ms in the median, with no more looks than one every 0.1 s, a delay that varies by some 20 ms."""
    delays, chance = Delays(LOOK), random.Random(str(delay))  # noqa: S311
    rounds = [played(delays, delay + chance.uniform(-0.02, 0.02)) for _ in range(40)]

    assert statistics.median(late for _, late in rounds) <= 0.015
    assert statistics.mean(looks for looks, _ in rounds) <= delay / LOOK + 4


def test_a_delay_that_changes_is_learnt_again() -> None:
    """The first round after it is found at the wide looks; those after it are hit."""
    delays = Delays(LOOK)
    for delay in (3.0, 1.2, 6.0):
        rounds = [played(delays, delay) for _ in range(6)]
        assert rounds[0][1] <= 5 * LOOK + ROUND_TRIP
        assert max(late for _, late in rounds[2:]) <= 0.015


@given(st.lists(st.floats(0.0, 60.0), max_size=30), st.floats(0.0, 60.0))
def test_looks_are_bounded_whatever_the_delays(before: list[float], delay: float) -> None:
    """Never more often than ten times as often, never more seldom than five times as seldom as without learning."""
    delays = Delays(LOOK)
    for one in before:
        played(delays, one)

    assert LOOK / 10 <= delays.pause(delay) <= 5 * LOOK
    assert len(delays.export()) <= REMEMBERED


def test_a_file_that_never_comes_costs_less_than_before() -> None:
    """Looked for at every tenth of a second it was 300 looks."""
    unknown, known = Delays(LOOK), Delays(LOOK)
    for _ in range(REMEMBERED):
        played(known, 3.0)

    assert played(unknown, 3600.0)[0] <= 150
    assert played(known, 3600.0)[0] <= 90


def test_what_nobody_saw_is_not_learnt() -> None:
    """A file that came while the server was away, or before its notice by another clock, says nothing."""
    delays = Delays(LOOK)
    delays.learn(1.0, 1.1 + ROUGHEST_SECONDS)
    delays.learn(-9.0, -8.0)
    assert delays.export() == []

    delays.learn(-0.05, 0.02)  # between the look before the notice and the one that it made
    assert delays.export() == [(0.0, 0.02)]
    delays.learn(0.011, 0.014)  # known more closely
    assert delays.export() == [(0.011, 0.014)]
