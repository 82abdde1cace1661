"""An evening with faults leaves what an undisturbed one leaves: tables by natural keys, and channels."""

import os
import random
from pathlib import Path

import pytest

from tests.faults.evening import Conditions, Evening, Left, differences, undisturbed

SOAKED = int(os.environ.get("ROUNDHOOK_SOAK_SEEDS", "12"))
ALONE = {
    "killed": Conditions(kills=6),
    "history takes 2 s": Conditions(history_seconds=2.0, kills=2),
    "every call takes 0.3 s": Conditions(rest_seconds=0.3, kills=2),
    "nonces are forgotten": Conditions(nonces_forgotten=True, kills=3, discord_faults=4),
    "Discord fails": Conditions(discord_faults=12),
    "game servers come and go": Conditions(ssh_outages=5),
    "a guild refuses": Conditions(refusing_guild=True, kills=1),
}


@pytest.fixture
def first(request: pytest.FixtureRequest) -> int:
    """The first seed of this run: that of the order, which is printed at the end and repeats both."""
    return int(request.config.getoption("randomly_seed"))


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Left]:
    """What undisturbed evenings leave, by their rounds; filled by the first test that needs one."""
    return {}


async def as_expected(folder: Path, expected: dict[int, Left], rounds: int) -> Left:
    if rounds not in expected:
        async with undisturbed(folder / "undisturbed", rounds) as left:
            expected[rounds] = left
    return expected[rounds]


async def lived_through(folder: Path, seed: int, conditions: Conditions, expected: Left, rounds: int = 20) -> None:
    async with Evening(folder / "disturbed", seed, rounds, conditions) as evening:
        left = await evening.live_through()
        story = "\n".join(evening.log)
    assert differences(expected, left) == [], f"seed {seed}, {conditions}\n{story}"


async def test_an_evening_undisturbed_and_disturbed(tmp_path: Path, expected: dict[int, Left], first: int) -> None:
    """All conditions mixed, and the process killed again and again; before that, what the undisturbed one leaves.

    Each run has another mixture, the long form has many. Twenty rounds, ten of which one guild does not see; each has
    one card there, and none is left.
    """
    left = await as_expected(tmp_path, expected, 20)

    assert len(left.tables["rounds"]) == 20
    assert len(left.tables["matches"]) == 10
    assert left.tables["failed"] == left.tables["refused"] == []
    assert {guild: len(texts) for guild, texts in left.channels.items()} == {1: 10, 2: 20}
    assert all(text.endswith("[1]") for texts in left.channels.values() for text in texts)
    await lived_through(tmp_path, first, Conditions.mixed(first, kills=4), left)


@pytest.mark.full
@pytest.mark.parametrize("conditions", ALONE.values(), ids=ALONE)
async def test_each_condition_alone(
    tmp_path: Path, expected: dict[int, Left], conditions: Conditions, first: int
) -> None:
    await lived_through(tmp_path, first, conditions, await as_expected(tmp_path, expected, 20))


@pytest.mark.full
@pytest.mark.parametrize("number", range(SOAKED))
async def test_many_seeds(tmp_path: Path, expected: dict[int, Left], number: int, first: int) -> None:
    """More of the same, with more kills; ``make soak`` asks for as many as there is time."""
    seed = first + 100 + number
    kills = random.Random(seed).randint(3, 9)  # noqa: S311
    await lived_through(tmp_path, seed, Conditions.mixed(seed, kills), await as_expected(tmp_path, expected, 20))
