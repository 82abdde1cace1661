"""Reloads while hundreds of events a second come: nothing is lost, doubled or failed, and the right version serves."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.under_load import BREAKS, CODE, PLUGINS, reload_under_load, write
from roundhook.testing import Stage


@pytest.fixture(autouse=True)
def _unlogged() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


async def test_nothing_is_lost_over_forty_reloads(tmp_path: Path) -> None:
    """Each of the seven kinds of broken version comes once."""
    await holds(tmp_path, 5 * len(BREAKS) + 5, events_per_second=100)


@pytest.mark.full
async def test_nothing_is_lost_over_a_thousand_reloads(tmp_path: Path) -> None:
    """The whole of it."""
    await holds(tmp_path, 1000, events_per_second=1000)


async def holds(folder: Path, reloads: int, *, events_per_second: int) -> None:
    """Reload so often, and compare."""
    names = [f"plugin_{number}" for number in range(PLUGINS)]
    for name in names:
        write(folder, name, CODE)
    async with Stage(plugins=names, folders=[folder]) as stage:
        result = await reload_under_load(stage, folder, reloads, events_per_second=events_per_second)

    broken = [report for report in result.reports if not report.ok]
    assert (len(result.reports), len(broken), result.wrong) == (reloads, reloads // 5, 0)
    assert result.published >= reloads
    assert (result.lost, result.doubled) == (0, 0)
    assert result.counted == PLUGINS * result.published
    assert result.deliveries == {"done after 1 attempt": PLUGINS * result.published}
