"""A server that quits in R2 leaves a file called R1 with both rounds in it: its notice says what it was."""

import itertools
import json
import logging
from typing import Any
from zoneinfo import ZoneInfo

from core.db import Database
from core.rounds.events import FetchedFile, RoundNotice
from plugins.stats_import.service import ImportService
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugins.stats_import.invented import Folder
from tests.plugins.stats_import.snapshot import snapshot, wipe

PLUGINS = ["lua_webhook", "ssh_poller", "stats_import", "timing_override", "team_capture"]


async def test_notice_file_and_row_say_one_thing(database: Database, folder: Folder) -> None:
    """Number, times and winner are the notice's, the numbers are R2's alone, in whatever order all arrives."""
    rows, players = await _play(folder)

    first, second = rows
    assert ("-round-1" in second["filename"], second["round_number"]) == (True, 2)
    assert (second["status"], second["end_reason"], second["winner_side"]) == ("aborted", "aborted", 0)
    assert (second["actual_duration_seconds"], second["duration_source"]) == (100, "notice")
    assert abs(second["round_end_unix"] - second["round_start_unix"] - 100) <= 1
    assert (first["status"], first["round_number"], first["actual_duration_seconds"]) == ("ok", 1, 300)
    assert players
    for before, after in players:
        assert after["time_played_seconds"] <= 106 < before["time_played_seconds"]
    await _in_any_order(database, folder)


async def _play(folder: Folder) -> tuple[list[dict[str, Any]], list[tuple[dict[str, Any], dict[str, Any]]]]:
    """Play both rounds through the real script; return the rounds, and each player's row of both."""
    async with Stage(PLUGINS) as stage:
        game, now = stage.games["local"], stage.clock.now().timestamp()
        played = [
            await game.play_round(map_name="supply", duration=300, ended_at=now - 400),
            await game.play_round(
                map_name="supply", round_number=2, duration=100, aborted_by="quit", ended_at=now - 30
            ),
        ]
        for one in played:
            assert one.path is not None
            folder.put(one.filename, one.path.read_bytes())
        await stage.until(lambda: _are_matched(stage), timeout=PATIENCE)
        await stage.settled()
        rows = await stage.db.fetch("SELECT * FROM rounds ORDER BY filename")
        teams = await stage.db.fetch("SELECT round_number FROM lua_round_teams ORDER BY round_number")
        stored = await stage.db.fetch("SELECT * FROM player_rounds ORDER BY guid")
        notices = await stage.db.fetch("SELECT notice FROM round_notices")
    assert [one["round_number"] for one in teams] == [1, 2]
    told = (RoundNotice.from_json({**json.loads(one["notice"]), "server": folder.server}) for one in notices)
    folder.notices = [one for one in told if isinstance(one, RoundNotice)]
    by_round = [{one["guid"]: one for one in stored if one["round_id"] == row["id"]} for row in rows]
    return rows, [(by_round[0][guid], by_round[1][guid]) for guid in by_round[1]]


async def _are_matched(stage: Stage) -> bool:
    return len(await stage.db.fetch("SELECT id FROM round_notices WHERE round_id IS NOT NULL")) == 2


async def _in_any_order(database: Database, folder: Folder) -> None:
    utc = ZoneInfo("UTC")
    service = ImportService(database, zone_of=lambda _: utc, read=folder.read, log=logging.getLogger("stats_import"))
    found = []
    for order in itertools.permutations([*folder.files, *folder.notices]):
        await wipe(database)
        for one in order:
            if isinstance(one, RoundNotice):
                await service.store_notice(one)
            elif isinstance(one, FetchedFile):
                await service.import_files([one])
        found.append(await snapshot(database))
    assert all(one == found[0] for one in found)
