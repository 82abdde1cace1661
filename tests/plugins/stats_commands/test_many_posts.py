"""What is said about a round costs as much beside many messages and maps as beside few: counted by SQLite's steps."""

from datetime import timedelta
from pathlib import Path

from roundhook.testing import Stage
from tests.plugins.rounds import play_match

PLUGINS = ["stats_import", "stats_commands"]
FEW, MANY = 200, 2_000
STANDING = 20
"""Messages of the last days, each about a map and in a session of its own."""
SAID = (
    "INSERT INTO announcements (plugin, subject, guild_id, channel_id, content, message_id, wanted, revision, "
    "created_at) VALUES ('stats_commands', ?, 1, 5, '{\"content\": \"\"}', ?, 1, 1, ?)"
)
MATCH = "INSERT INTO matches (id, server, map_name, round1_id, round2_id) VALUES (?, 'local', 'supply', ?, ?)"
SESSION = "INSERT INTO sessions (id, server, started_at, ended_at) VALUES (?, 'local', ?, ?)"


async def test_a_map_beside_few_and_beside_many(tmp_path: Path, steps: list[int]) -> None:
    """Live, and missed: of what was said before nothing is gone through, nor of the maps and sessions."""
    async with Stage(PLUGINS, folder=tmp_path) as stage:
        live, missed = list[int](), list[int]()
        for first, last in ((1, FEW), (FEW + 1, MANY)):
            await _said_before(stage, range(first, last + 1))
            for cost, ago in ((live, 5), (missed, 1500)):
                await play_match(stage, f"warm{first}{ago}", ago=ago)  # the plans are made
                await stage.clock.advance(5_000)
                steps.clear()
                await play_match(stage, f"map{first}{ago}", ago=ago)
                cost.append(sum(steps))
                await stage.clock.advance(5_000)
        (stands,) = await stage.db.fetch(
            "SELECT count(*) AS n FROM announcements WHERE channel_id = 5 AND content IS NOT NULL"
        )

    assert live[1] <= 2.5 * live[0]  # the sums of a day are those of more rounds
    assert missed[1] <= 2.5 * missed[0]
    assert stands["n"] == MANY + 2 * STANDING


async def _said_before(stage: Stage, numbers: range) -> None:
    """Store maps and sessions, the first of which are told of since yesterday, and cards of long ago."""
    yesterday, long_ago = (stage.clock.now() - timedelta(days=days) for days in (1, 30))
    known = [number for number in numbers if number <= STANDING]
    said = [(f"round:{number + 10**6}", number, long_ago) for number in numbers]
    said += [(f"{kind}:{-number}", number, yesterday) for kind in ("match", "session") for number in known]
    async with stage.db.transaction() as transaction:
        await transaction.execute_many(MATCH, [(-n, -2 * n, -2 * n - 1) for n in numbers])
        await transaction.execute_many(SESSION, [(-n, long_ago, long_ago) for n in numbers])
        await transaction.execute_many(SAID, said)
