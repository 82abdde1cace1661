"""What a round that comes live costs in statements, of the import and of all three importing plugins together."""

import pytest

from benchmarks.live_round import IMPORT, NOTICE, TOGETHER, measure

MOST = {
    (IMPORT, 1): 15,
    (IMPORT, 2): 14,
    (TOGETHER, 1): 50,
    (TOGETHER, 2): 28,
    (NOTICE, 1): 18,
    (NOTICE, 2): 18,
}
"""Statements, by who works on what and by the round's number. An R1 takes one more: it is given its new match.

The invented evening has other people in each round: now and then a round changes who has won an earlier map.
"""


@pytest.mark.parametrize("late", [False, True], ids=["notice first", "notice later"])
async def test_a_live_round_takes_few_statements(database_url: str, late: bool) -> None:
    """R1 and R2, at the beginning of an evening and within it; a file without its notice takes one statement less."""
    costs = await measure(database_url, history=20, live=16, late=late)

    assert {(one.who, one.round_number) for one in costs} == {key for key in MOST if late or key[0] != NOTICE}
    for one in costs:
        most = MOST[one.who, one.round_number] - (late and one.who != NOTICE)
        assert len(one.statements) <= most, "\n".join((f"{one.who}, R{one.round_number}:", *one.statements))
