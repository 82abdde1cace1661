"""A folder that has more files with each evening holds up nothing else: it is gone through beside the loop."""

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.rounds import filenames
from roundhook.testing import Stage
from tests.plugins.ssh_poller.test_plugin import OFTEN, PLUGINS, stored
from tests.plugins.stats_import.invented import name_of, stats_file

FEW, MANY = 20, 2_000


@pytest.mark.parametrize("files", [FEW, MANY])
async def test_names_are_read_beside_the_loop(files: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listed for a file that nobody awaited: of thousands of old ones the loop reads no name and no time."""
    read = Counter[bool]()
    times = filenames.StatsFilename.possible_times

    def counted(self: filenames.StatsFilename, *args: Any) -> Any:
        read[threading.current_thread() is threading.main_thread()] += 1
        return times(self, *args)

    monkeypatch.setattr(filenames.StatsFilename, "possible_times", counted)
    config = {"plugin": {"ssh_poller": {**OFTEN["plugin"]["ssh_poller"], "backfill_days": 1.0}}}
    async with Stage(PLUGINS, config=config, folder=tmp_path) as stage:
        stats = stage.games["local"].root
        for number in range(files):
            (
                stats
                / name_of(f"2020-01-{1 + number // 1_000:02d}-{number % 1_000 // 60:04d}{number % 60:02d}", "supply")
            ).touch()
        now = stage.clock.now()
        (stats / name_of(f"{now:%Y-%m-%d-%H%M%S}", "radar")).write_bytes(stats_file("radar"))
        await stored(stage, 1)

    assert sum(read.values()) >= files
    assert read[True] <= 10 * FEW
