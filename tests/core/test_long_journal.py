"""What the bot looks for in its journal again and again costs as much beside a long one as beside a short one."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import MovableClock
from core.db import Database
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.commits import Commits
from tests.core.test_journal import append, event, journal_on, open_for
from tests.plugin_maker import recorder, write_plugin

FEW, MANY = 500, 5_000
"""Events that all plugins have handled."""
PLUGINS = ("stats_import", "timing_override", "team_capture")
"""They catch up with what was published without them."""
DEAF = "from roundhook import Plugin\nclass Late(Plugin): pass"
EVENT = "INSERT INTO events (id, key, type, payload, published_at, owner) VALUES (?, ?, 'FetchedFile', '{}', ?, 'x')"
DELIVERY = "INSERT INTO deliveries (event_id, plugin, state, updated_at) VALUES (?, ?, 'done', ?)"


async def test_taking_over_beside_few_events_and_beside_many(tmp_path: Path, steps: list[int]) -> None:
    """Twice a minute: of what was there at the last look nothing is gone through."""
    async with Stage(PLUGINS, folder=tmp_path) as stage:
        cost: list[int] = []
        for first, last in ((1, FEW), (FEW + 1, MANY)):
            await _handled(stage, range(first, last + 1))
            await stage.app.kernel.take_over()
            steps.clear()
            await stage.app.kernel.take_over()
            cost.append(sum(steps))

    assert cost[1] <= cost[0] + 1_000


async def test_what_comes_later_is_caught_up_with(database: Database, tmp_path: Path) -> None:
    """Also what was published, by another process, since the last look; and by other types all there is."""
    async with journal_on(database, tmp_path) as mine:
        async with journal_on(database, tmp_path) as others:
            await append(others, event(1), "a")
            upto = await mine.catch_up("new", ["ImportedRound"])
            await append(others, event(2), "a")
            await append(others, event(3), "a", "new")

            await mine.catch_up("new", ["ImportedRound"], upto)
        await mine.take_over()

        assert await open_for(mine, "new") == [(f"round:{number}:a", "new") for number in (1, 2, 3)]


async def test_after_a_reload_all_is_caught_up_with(tmp_path: Path) -> None:
    """What was published for nobody reaches a plugin that handles it only now."""
    folder = write_plugin(tmp_path, "late", DEAF, manifest="catch_up = true")
    async with Stage(["late"], folders=[tmp_path], folder=tmp_path) as stage:
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await stage.app.kernel.take_over()
        (folder / "plugin.py").write_text(recorder())

        assert (await stage.plugins.reload("late")).ok
        await stage.settled()

        assert await stage.db.fetch("SELECT plugin, state FROM deliveries") == [{"plugin": "late", "state": "done"}]


async def test_an_import_of_old_is_forgotten_piece_by_piece(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has published gets old in the same moment; whoever has something to write gets in between."""
    clock = MovableClock()
    async with journal_on(database, tmp_path, clock) as journal:
        async with database.transaction() as transaction:
            rows = [(number, f"event {number}", clock.now() - timedelta(days=31)) for number in range(-1_200, 0)]
            await transaction.execute_many(EVENT, rows)
        young = await append(journal, event(1))
        commits = Commits(database, monkeypatch)

        await journal.thin(timedelta(days=30))

    assert commits.count == 3
    assert await database.fetch("SELECT id FROM events") == [{"id": young}]


async def _handled(stage: Stage, numbers: range) -> None:
    at = stage.clock.now() - timedelta(days=9)
    async with stage.db.transaction() as transaction:
        await transaction.execute_many(EVENT, [(number, f"event {number}", at) for number in numbers])
        rows = [(number, plugin, at) for number in numbers for plugin in PLUGINS]
        await transaction.execute_many(DELIVERY, rows)
