"""What a notice has changed is stored and told together: who fails in between tells all of it when he tries again."""

import pytest

from core.kernel import dispatcher
from roundhook.testing import Stage
from tests.plugins.away import once_away
from tests.plugins.notices import notice
from tests.plugins.rounds import play_match


async def test_what_a_notice_changes_is_told_though_the_database_went_away(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first round was aborted, so the second has none any more: both are told about."""
    monkeypatch.setattr(dispatcher, "RETRY_SECONDS", (0.0,))
    async with Stage(["stats_import"], database=database_url) as stage:
        first, second = await play_match(stage)
        failed = once_away(stage, "stats_import", monkeypatch)
        end = first["played_at"].timestamp() - 4
        await stage.publish(notice(map_name="supply", round_number=1, round_end_unix=end, end_reason="aborted"))
        await stage.settled()
        rows = await stage.db.fetch("SELECT key FROM events WHERE type = 'RoundAmended' ORDER BY key")
        status = await stage.db.fetch("SELECT status FROM rounds ORDER BY id")

    assert failed
    assert [row["status"] for row in status] == ["aborted", "unpaired"]
    assert [row["key"] for row in rows] == [f"amended:{one['id']}:{one['revision'] + 1}" for one in (first, second)]
