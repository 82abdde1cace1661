"""What stands in channels costs nothing when something else is said: counted by SQLite's own steps."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.discord import channel_sender
from roundhook.testing import Stage
from tests.core.discord.test_posting import POST, SAYS, rows, say
from tests.plugin_maker import write_plugin

FEW, MANY = 300, 3_000
STANDS = (
    "INSERT INTO announcements (plugin, subject, guild_id, channel_id, content, message_id, wanted, revision, "
    "created_at) VALUES ('says', ?, 1, ?, '{}', ?, 1, 1, ?)"
)


async def test_beside_few_and_beside_many(tmp_path: Path, steps: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A message whose answer was lost is looked for, and old ones that nobody edits are forgotten."""
    monkeypatch.setattr(channel_sender, "PAUSES", (0.01, 0.02))
    write_plugin(tmp_path, "says", SAYS.format(cls="Says"))
    async with Stage(["says"], folders=[tmp_path]) as stage:
        found, thinned = list[int](), list[int]()
        for first, last in ((1, FEW), (FEW + 1, MANY)):
            await _stand(stage, range(first, last + 1))
            found.append(await _lost(stage, steps))
            steps.clear()
            await stage.app.services.discord.thin()
            thinned.append(sum(steps))
        left = await rows(stage, "subject LIKE 'single:%'")

    assert found[1] <= found[0] + 500
    assert thinned[1] <= thinned[0] + 500
    assert len(left) == 2


@pytest.mark.parametrize("due", ["", channel_sender._DUE_FIRST])
async def test_which_is_next_is_said_by_an_index(tmp_path: Path, due: str) -> None:
    """Of all that wait in a channel that takes nothing only the one that is sent is read, with its pictures."""
    async with Stage(["says"], folders=[write_plugin(tmp_path, "says", SAYS.format(cls="Says")).parent]) as stage:
        now = stage.clock.now()
        sql = f"EXPLAIN QUERY PLAN {channel_sender._NEXT.format(due=due)}"
        plan = [row["detail"] for row in await stage.db.fetch(sql, (now, 5, now) if due else (now, 5))]

    assert any("COVERING INDEX announcements_waiting" in line for line in plan)
    assert not [line for line in plan if line.startswith("SCAN")]


async def _stand(stage: Stage, numbers: range) -> None:
    channel, long_ago = stage.discord.stats_channel, stage.clock.now() - timedelta(days=20)
    async with stage.db.transaction() as transaction:
        await transaction.execute_many(STANDS, [(f"round:{one}", channel, one, long_ago) for one in numbers])


async def _lost(stage: Stage, steps: list[int]) -> int:
    """Return what it takes to post a message once more, since nobody knows whether it stands there."""
    steps.clear()
    stage.discord.fail_next("POST", POST, status=500)
    await say(stage, "again")
    await stage.settled()
    return sum(steps)
