"""Counters that do not follow R1 and R2: what is stored is the round's own, or unknown; never more than it allows."""

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.db import Database
from plugins.stats_import.service import ImportService
from tests.plugins.stats_import.conftest import service_of
from tests.plugins.stats_import.engine import Evening, Truth, evening
from tests.plugins.stats_import.invented import CUMULATIVE, MP40, Folder, Line, name_of, stats_file
from tests.plugins.stats_import.snapshot import snapshot, wipe

R1, R2 = name_of("2026-03-01-200000"), name_of("2026-03-01-200900", number=2)
AGAIN = name_of("2026-03-01-201800"), name_of("2026-03-01-202700", number=2)
GUIDS = ("AAAAAAA1", "AAAAAAA2", "AAAAAAA3", "BBBBBBB1", "BBBBBBB2", "BBBBBBB3")
EXAMPLES = settings(
    max_examples=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@EXAMPLES
@given(seed=st.integers(0, 2**32))
async def test_nothing_exceeds_its_round(database: Database, seed: int) -> None:
    """Resets, rematches on one map, late joiners, leavers: a value is true or unknown wherever the file tells."""
    played = evening(Random(seed))  # noqa: S311 - an evening, no secret
    await _import(database, played.folder, list(played.folder.files))

    await _check(database, played)


@settings(EXAMPLES, max_examples=12)
@given(seed=st.integers(0, 2**32))
async def test_the_order_of_arrival_does_not_matter(database: Database, seed: int) -> None:
    """The same evening, file by file in any order, is stored the same."""
    random = Random(seed)  # noqa: S311 - an evening, no secret
    played = evening(random)
    await _import(database, played.folder, list(played.folder.files))
    expected = await snapshot(database)

    await _import(database, played.folder, random.sample(played.folder.files, len(played.folder.files)), at_once=1)

    found = await snapshot(database)
    for table, rows in expected.items():
        assert found[table] == rows, table


async def _import(database: Database, folder: Folder, files: list[Any], *, at_once: int = 100) -> None:
    await wipe(database)
    service = service_of(database, folder)
    for start in range(0, len(files), at_once):
        await service.import_files(files[start : start + at_once])


async def _check(database: Database, played: Evening) -> None:
    rows = await database.fetch(
        "SELECT r.filename, r.status, p.* FROM player_rounds p JOIN rounds r ON r.id = round_id"
    )
    assert {row["filename"] for row in rows} == set(played.truths)
    assert {row["status"] for row in rows} == {"ok"}
    for row in rows:
        truth = played.truths[row["filename"]]
        _allowed(row, truth)
        if truth.allowed == truth.seconds:
            for column, value in truth.players[row["guid"]].items():
                assert row[column] in (None, value), (row["filename"], row["guid"], column)


def _allowed(row: dict[str, Any], truth: Truth) -> None:
    for column in ("time_played_seconds", "time_dead_seconds"):
        assert (row[column] or 0) <= max(truth.allowed * 1.1, truth.allowed + 6), (row["filename"], row["guid"], column)


# --- what is known of real servers, one by one


def crowd(minutes: float, kills: int, damage: int, *, rounds: int = 0, guids: tuple[str, ...] = GUIDS) -> list[Line]:
    """Return players who all have done the same."""
    fields = dict.fromkeys(CUMULATIVE, 0) | {0: damage, 1: damage, 20: 150, 25: 0}
    weapons = {MP40: (40, 150, kills, kills, 5)}
    return [Line(guid, guid, rounds, 1 + (guid < "B"), weapons, round(minutes * 10), fields) for guid in guids]


async def stored(database: Database, name: str) -> tuple[dict[str, Any], list[tuple[Any, ...]], list[str]]:
    """Return a round, each player's kills, damage and time, and what is remarked."""
    (row,) = await database.fetch("SELECT * FROM rounds WHERE filename = ?", (name,))
    columns = "guid, kills, damage_given, time_played_seconds"
    players = await database.fetch(
        f"SELECT {columns} FROM player_rounds WHERE round_id = ? ORDER BY guid", (row["id"],)
    )
    remarks = [one["remark"] for one in json.loads(row["remarks"] or "[]")]
    return row, [tuple(player.values())[1:] for player in players], remarks


@pytest.mark.parametrize("rounds", [0, 1])
@pytest.mark.parametrize("ninth", ["240000", None])
async def test_a_map_reset_before_r2(
    database: Database, service: ImportService, folder: Folder, rounds: int, ninth: str | None
) -> None:
    """The counters begin anew for everybody: the numbers are R2's own, whatever the counter of rounds says."""
    folder.put(R1, stats_file(players=crowd(4, 3, 600), limit="10:00", shown="4:00", ninth=ninth))
    players = crowd(4, 6, 900, rounds=rounds)
    folder.put(R2, stats_file(number=2, players=players, limit="4:00", shown="4:00", winner=1, ninth=ninth))
    await service.import_files(folder.files)

    row, found, remarks = await stored(database, R2)
    assert (row["status"], row["match_id"] is not None) == ("ok", True)
    assert (await database.fetch("SELECT result FROM matches"))[0]["result"] == "first_attackers"
    assert found == [(6, 900, 240)] * 6
    assert remarks == ["the counters began anew after R1, for everybody: the numbers are taken as written"]


def rematch(folder: Folder) -> None:
    """Put a match of 240 and 180 s and another on the same map, into which an old server carries the first."""
    folder.put(R1, stats_file(players=crowd(4, 3, 600), limit="10:00", shown="4:00", ninth="240000"))
    second = crowd(7, 5, 1000, rounds=1)
    folder.put(R2, stats_file(number=2, players=second, limit="4:00", shown="3:00", ninth="180000"))
    folder.put(AGAIN[0], stats_file(players=crowd(12, 9, 1700), limit="10:00", shown="5:00", ninth="300000"))
    last = crowd(16, 11, 2000)
    folder.put(AGAIN[1], stats_file(number=2, players=last, limit="5:00", shown="4:00", ninth="240000"))


@pytest.mark.parametrize("order", [1, -1])
async def test_a_rematch_on_an_old_server(
    database: Database, service: ImportService, folder: Folder, order: int
) -> None:
    """The first match's last numbers are subtracted, also when its files come last; R2 goes on from its R1."""
    rematch(folder)
    for file in folder.files[::order]:
        await service.import_files([file])

    row, found, remarks = await stored(database, AGAIN[0])
    assert (row["status"], found) == ("ok", [(4, 700, 300)] * 6)
    assert remarks[0].startswith("numbers of earlier rounds are in it")
    row, found, _ = await stored(database, AGAIN[1])
    assert (row["status"], found) == ("ok", [(2, 300, 240)] * 6)


async def test_a_rematch_without_the_match_before(database: Database, service: ImportService, folder: Folder) -> None:
    """What would have to be subtracted is not there: unknown, with the reason; R2 is known all the same."""
    rematch(folder)
    await service.import_files(folder.files[2:])

    _, found, remarks = await stored(database, AGAIN[0])
    assert found == [(None, None, None)] * 6
    assert "played 720 s, says the file, in a round of 300 s: earlier numbers are in it that are not known" in remarks
    assert (await stored(database, AGAIN[1]))[1] == [(2, 300, 240)] * 6


async def test_another_map_between_clears_the_counters(
    database: Database, service: ImportService, folder: Folder
) -> None:
    """Nothing is carried over another map: there is nothing to subtract."""
    rematch(folder)
    folder.put(name_of("2026-03-01-201000", "radar"), stats_file("radar", players=crowd(1, 1, 100), shown="1:00"))
    await service.import_files(folder.files)

    assert (await stored(database, AGAIN[0]))[1] == [(None, None, None)] * 6


async def test_who_came_back_in_a_rematch_counts_from_nothing(
    database: Database, service: ImportService, folder: Folder
) -> None:
    """Of one who reconnected between the matches the numbers are his own; of one who fits both ways none is taken."""
    rematch(folder)
    again = crowd(12, 9, 1700, guids=GUIDS[:4]) + crowd(5, 2, 500, guids=GUIDS[4:5])
    short = replace(crowd(0.4, 1, 60, rounds=1, guids=GUIDS[5:])[0])
    longer = crowd(4, 3, 700, guids=GUIDS[5:])
    before = stats_file(
        number=2, players=[*crowd(7, 5, 1000, rounds=1, guids=GUIDS[:5]), short], limit="4:00", shown="3:00",
        ninth="180000",
    )  # fmt: skip
    evening = Folder()
    evening.put(R1, folder.contents[folder.files[0].sha256])
    evening.put(R2, before)
    evening.put(AGAIN[0], stats_file(players=[*again, *longer], limit="10:00", shown="5:00", ninth="300000"))
    folder.contents |= evening.contents
    await service.import_files(evening.files)

    assert (await stored(database, AGAIN[0]))[1] == [*[(4, 700, 300)] * 4, (2, 500, 300), (None, None, None)]


async def test_two_readings_that_fit_are_both_not_taken(
    database: Database, service: ImportService, folder: Folder
) -> None:
    """A held R2 whose clock allows both, with too few numbers to tell: unknown, and the remark says so."""
    few = GUIDS[:1]
    folder.put(R1, stats_file(players=crowd(2, 1, 100, guids=few), limit="10:00", shown="10:00", winner=1))
    second = crowd(5, 2, 300, rounds=1, guids=few)
    folder.put(R2, stats_file(number=2, players=second, limit="10:00", shown="10:00", winner=1))
    await service.import_files(folder.files)

    row, found, remarks = await stored(database, R2)
    assert (row["status"], found) == ("ok", [(None, None, None)])
    assert remarks[0].startswith("two readings fit")
