"""A crash between any two steps from message to message costs nothing: the bot dies before and after each of them."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.faults.evening import MAPS, Evening, Left, differences
from tests.patience import PATIENCE

CRASHING = str(Path(__file__).with_name("crashing.py"))
LEAST_STEPS = 30
STRIDE = 24
"""The short form dies at each twenty-fourth step, beginning at another one each time."""


async def undisturbed(folder: Path, wanted: Callable[[list[str]], list[str]]) -> tuple[Left, list[str], list[str]]:
    """Play as many rounds as *wanted* picks of the first one's steps; return what is left, the steps, and the picked.

    One process plays them all: that a bot is started again for each costs much, and changes nothing.
    """
    async with Evening(folder, 0) as evening:
        await begin(evening, "")
        await play(evening, 0)
        await evening.until_quiet()
        counted = steps_of(evening)
        points = wanted(counted)
        for number in range(1, len(points)):
            await play(evening, number)
        await evening.until_quiet()
        return evening.left(), counted, points


async def crashing(folder: Path, points: Sequence[str]) -> tuple[Left, list[list[str]]]:
    """Play a round for each of *points*, at which the bot dies; return what is left and the steps."""
    async with Evening(folder, 0) as evening:
        steps = []
        for number, point in enumerate(points):
            await begin(evening, point)
            await play(evening, number)
            await died_or_done(evening)
            steps.append(steps_of(evening))
        await evening.until_quiet()
        return evening.left(), steps


async def begin(evening: Evening, point: str) -> None:
    """Have a bot that dies at step *point* of what is played next; it is ready and has nothing to do."""
    sessions = evening.discord.identifies
    if sessions:
        await evening.kill()
    (evening.folder / "steps.log").write_text("")
    evening.wrapper = (CRASHING, point)
    await evening.start()
    await evening.discord.until(lambda: evening.discord.identifies > sessions, PATIENCE)
    await evening.until_quiet()
    evening.bot.send_signal(signal.SIGUSR1)


async def play(evening: Evening, number: int) -> None:
    """Play a round of the series."""
    map_name = f"{MAPS[number % len(MAPS)]}{number}"
    await evening.play("beta", map_name=map_name, round_number=1, surrender_at=200.0 + number, seed=number)


def steps_of(evening: Evening) -> list[str]:
    """Return the steps that were taken since the bot was ready."""
    return (evening.folder / "steps.log").read_text("utf-8").splitlines()


async def died_or_done(evening: Evening) -> None:
    """Wait until the bot has died at its step, or has come to the end of the round before it."""
    dying = asyncio.ensure_future(evening.bot.wait())
    done = asyncio.ensure_future(evening.until_quiet())
    await asyncio.wait({dying, done}, return_when=asyncio.FIRST_COMPLETED)
    for task in (dying, done):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_some_crash_points(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """What is left is what is left without a crash; the series begins at another step each time."""
    first = int(request.config.getoption("randomly_seed")) % STRIDE
    counted, _ = await compare(tmp_path, lambda steps: steps[first::STRIDE])

    assert len(counted) >= LEAST_STEPS


@pytest.mark.full
async def test_each_crash_point(tmp_path: Path) -> None:
    """Each kind of step is the last one at least once."""
    counted, died_at = await compare(tmp_path, list)

    kinds = {name_of(step) for step in counted if "GET" not in step}  # what is read belongs to the start
    assert kinds == {name_of(step) for step in died_at if "GET" not in step}
    assert len(died_at) >= 0.9 * len(counted)  # some commits are shared or not, as it happens


async def compare(folder: Path, wanted: Callable[[list[str]], list[str]]) -> tuple[list[str], list[str]]:
    """Compare a series with crashes with one without; return all steps, and those that were the last ones."""
    expected, counted, points = await undisturbed(folder / "undisturbed", wanted)
    found, steps = await crashing(folder / "crashing", points)

    assert differences(expected, found) == [], f"crashed at {points}"
    return counted, [point for taken, point in zip(steps, points, strict=True) if taken[-1] == point]


def name_of(step: str) -> str:
    return step.partition(" ")[2]
