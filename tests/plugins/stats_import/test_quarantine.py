"""Refused files: told to the admins once, kept, and read again by a generation that can read them."""

import pytest

from roundhook.testing import Stage
from tests.plugins.rounds import filename, hand_over
from tests.plugins.stats_import.invented import stats_file

PLUGINS = ["stats_import", "timing_override", "team_capture"]


def told(stage: Stage) -> list[str]:
    return [str(message.text) for message in stage.discord.messages(stage.discord.admin_channel)]


async def test_a_refused_file_is_told_once(database_url: str) -> None:
    """File, line and reason; not again for the same file, after a reload or after a restart."""
    async with Stage(PLUGINS, database=database_url) as stage:
        name = filename(stage)
        await hand_over(stage, name, stats_file()[:-7])
        await hand_over(stage, name, stats_file()[:-7])
        assert (await stage.plugins.reload("stats_import")).ok
        await stage.settled()
        found = told(stage)

    async with Stage(PLUGINS, database=database_url) as stage:
        await hand_over(stage, name, stats_file()[:-7])
        assert told(stage) == []
        rows = await stage.db.fetch("SELECT filename, state, reason FROM stats_files")

    assert len(found) == 1
    assert f"{name} of local was refused" in found[0]
    assert "line 5: cut off" in found[0]
    assert [(row["filename"], row["state"]) for row in rows] == [(name, "quarantined")]


async def test_a_new_generation_reads_it_again(database_url: str) -> None:
    """What an earlier parser has refused is imported, with its teams, when a parser that can read it is loaded."""
    async with Stage(PLUGINS, database=database_url) as stage:
        name = filename(stage)
        await hand_over(stage, name, stats_file(), trigger="poll")
        async with stage.db.transaction() as transaction:  # as an earlier parser would have left it
            for table in ("rounds", "matches", "sessions", "players", "player_names", "player_days", "player_totals"):
                await transaction.execute(f"DELETE FROM {table}")
            await transaction.execute("DELETE FROM events")
            await transaction.execute("UPDATE stats_files SET state = 'quarantined', content_key = NULL, reason = 'x'")

        assert (await stage.plugins.reload("stats_import")).ok
        await stage.until(lambda: _has(stage, "rounds"))
        await stage.settled()

        assert await stage.db.fetch("SELECT filename, state, reason FROM stats_files") == [
            {"filename": name, "state": "imported", "reason": None}
        ]
        assert await stage.count("player_rounds") == await stage.count("player_totals") == 4
        assert await stage.count("lua_round_teams") == 1
        assert told(stage) == []


async def _has(stage: Stage, table: str) -> bool:
    return await stage.count(table) > 0


@pytest.mark.parametrize("data", [b"", b"\n", b"x" * 1_000_000, b"\xff\xfe" * 500, b"\\" * 100_000 + b"\n"])
async def test_nonsense_is_refused_and_the_next_file_goes_on(data: bytes) -> None:
    """A zero-byte file, a megabyte line, binary: refused with a reason, and the round after it is stored."""
    async with Stage(PLUGINS) as stage:
        await hand_over(stage, filename(stage, ago=900), data)
        row = await hand_over(stage, filename(stage), stats_file())

        assert row["status"] == "ok"
        reasons = await stage.db.fetch("SELECT reason FROM stats_files WHERE state = 'quarantined'")
        assert len(reasons) == 1
        assert "-supply-round-1.txt: " in reasons[0]["reason"]
