"""What a plugin keeps, and what it has done, costs nothing when it plans or reads something else: counted in steps."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from roundhook.testing import Stage
from tests.core.kernel.test_jobs import reminds
from tests.plugin_maker import running, write_plugin

FEW, MANY = 300, 3_000
DONE = (
    "INSERT INTO plugin_jobs (plugin, method, key, data, due_at, state) VALUES ('reminds', 'remind', ?, '1', ?, 'done')"
)
KEPT = "INSERT INTO plugin_store (plugin, guild_id, key, value) VALUES ('reminds', 0, ?, '1')"


async def test_jobs_beside_few_and_beside_many_that_are_done(tmp_path: Path, steps: list[int]) -> None:
    """One that is planned under a key, replaced, shown, and taken back."""
    write_plugin(tmp_path, "reminds", reminds())
    async with Stage(["reminds"], folders=[tmp_path]) as stage:
        plugin, schedule, now = running(stage, "reminds"), stage.app.kernel.jobs.schedule, stage.clock.now()
        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: plugin.ctx.at(now + timedelta(days=1), plugin.remind, 1, key="one"),
            lambda: plugin.ctx.at(now + timedelta(days=2), plugin.remind, 2, key="one"),
            lambda: schedule.overview("reminds"),
            lambda: plugin.ctx.at(None, plugin.remind, key="one"),
        ]
        costs: list[list[int]] = []
        for first, last in ((1, FEW), (FEW + 1, MANY)):
            async with stage.db.transaction() as transaction:
                await transaction.execute_many(DONE, [(f"{number}", now) for number in range(first, last + 1)])
            costs.append([await _cost(steps, call) for call in calls])

    assert all(many <= few + 500 for few, many in zip(*costs, strict=True)), costs


async def test_what_is_kept_is_found_by_its_beginning(tmp_path: Path, steps: list[int]) -> None:
    """Beside few keys that begin otherwise and beside many."""
    write_plugin(tmp_path, "reminds", reminds())
    async with Stage(["reminds"], folders=[tmp_path]) as stage:
        store, costs = running(stage, "reminds").ctx.store, list[int]()
        await store.set("day:1", 1)
        for first, last in ((1, FEW), (FEW + 1, MANY)):
            async with stage.db.transaction() as transaction:
                await transaction.execute_many(KEPT, [(f"person:{number}",) for number in range(first, last + 1)])
            costs.append(await _cost(steps, lambda: store.items("day:")))

        assert await store.items("day:") == {"day:1": 1}
        assert len(await store.items()) == MANY + 1
    assert costs[1] <= costs[0] + 500


async def test_all_that_begins_so_is_found(tmp_path: Path, database_url: str) -> None:
    """Whatever the letters are before and behind it, and however the database sorts texts."""
    write_plugin(tmp_path, "reminds", reminds())
    keys = [
        "a",
        "a-b",
        "ab",
        "aB",
        "aŠ",
        "a\U0010ffff",
        "a\U0010ffffb",
        "b",
        "B",
        "\ud7ff",
        "\ud7ffx",
        "\ue000",
        "A",
        "ä",
    ]
    async with Stage(["reminds"], folders=[tmp_path], database=database_url) as stage:
        store = running(stage, "reminds").ctx.store
        for key in keys:
            await store.set(key, key)
        for prefix in ("", *keys):
            assert list(await store.items(prefix)) == sorted(key for key in keys if key.startswith(prefix))


async def _cost(steps: list[int], call: Callable[[], Awaitable[object]]) -> int:
    steps.clear()
    await call()
    return sum(steps)
