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


async def _cost(steps: list[int], call: Callable[[], Awaitable[object]]) -> int:
    steps.clear()
    await call()
    return sum(steps)
