"""A round that comes live costs as much beside a long history as beside a short one: counted by SQLite's own steps."""

from datetime import datetime, timedelta
from pathlib import Path

from core.db import Database
from core.rounds.sightings import keep_sightings
from roundhook.testing import Stage
from tests.plugins.stats_import.invented import first_and_second, name_of

PLUGINS = ["stats_import", "timing_override", "team_capture"]
FEW, MANY = 300, 3_000
"""Sessions before, each of a round of its own."""
SESSION = "INSERT INTO sessions (id, server, started_at, ended_at) VALUES (?, 'local', ?, ?)"
ROUND = (
    "INSERT INTO rounds (id, server, filename, file_sha256, map_name, round_number, played_at, status, session_id) "
    "VALUES (?, 'local', ?, ?, 'supply', ?, ?, 'ok', ?)"
)
FILE = (
    "INSERT INTO stats_files (server, filename, sha256, kind, state, modified_at, fetched_at) "
    "VALUES ('local', ?, ?, 'round', 'imported', ?, ?)"
)
PLAYER = "INSERT INTO player_rounds (round_id, guid, name, raw_name, side) VALUES (?, ?, 'x', 'x', 1)"
MATCH = "INSERT INTO matches (server, map_name, round1_id) VALUES ('local', 'supply', ?)"


async def test_a_live_round_beside_few_and_beside_many(tmp_path: Path, steps: list[int]) -> None:
    """R1 and R2: of the ten times as many evenings before nothing is gone through."""
    async with Stage(PLUGINS, folder=tmp_path) as stage:
        now = stage.clock.now()
        cost: list[int] = []
        for number, (first, last) in enumerate(((1, FEW), (FEW + 1, MANY))):
            await play_before(stage.db, now - timedelta(days=20), range(first, last + 1))
            await live(stage, now - timedelta(days=10 - 4 * number), "ice")  # the plans are made
            steps.clear()
            await live(stage, now - timedelta(days=8 - 4 * number), "supply")
            cost.append(sum(steps))

    assert cost[0] > 1_000
    assert cost[1] <= 1.3 * cost[0]


async def live(stage: Stage, at: datetime, map_name: str) -> None:
    """Let a map be played."""
    there = at.astimezone(stage.app.services.servers["local"].settings.zone)
    for half, data in enumerate(first_and_second(map_name), 1):
        name = name_of(f"{there + timedelta(minutes=10 * half):%Y-%m-%d-%H%M%S}", map_name, half)
        await stage.publish(await stage.app.services.files.put("local", name, data))
        await stage.settled()


async def play_before(database: Database, end: datetime, numbers: range) -> None:
    """Store sessions that ended before *end*, the later numbers further back, each with a round and two people."""
    when = {number: end - timedelta(hours=8 * number) for number in numbers}
    people = {number: (f"{number:08X}", f"{number + 2**20:08X}") for number in numbers}
    async with database.transaction() as transaction:
        await transaction.execute_many(SESSION, [(-n, at, at + timedelta(hours=1)) for n, at in when.items()])
        await transaction.execute_many(ROUND, [(-n, f"{n}", f"{n}", 1 + n % 2, at, -n) for n, at in when.items()])
        await transaction.execute_many(FILE, [(f"{n}", f"{n}", at, at) for n, at in when.items()])
        await transaction.execute_many(PLAYER, [(-n, guid) for n in numbers for guid in people[n]])
        await transaction.execute_many(MATCH, [(-n,) for n in numbers if n % 2 == 0])
        await keep_sightings(transaction, "local", [(g, f"player {g}", when[n]) for n in numbers for g in people[n]])
