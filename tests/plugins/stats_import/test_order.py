"""The tables are a function of the set of files and notices: order, repetition and grouping do not matter."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.db import Database
from core.rounds.events import FetchedFile, RoundNotice
from plugins.stats_import.service import ImportService
from tests.plugins.stats_import.conftest import service_of
from tests.plugins.stats_import.invented import (
    PLAYERS,
    Folder,
    copied_evening,
    name_of,
    named,
    odd_evening,
    random_evening,
    stats_file,
)
from tests.plugins.stats_import.snapshot import Snapshot, everything, snapshot, wipe

EXAMPLES = settings(
    max_examples=8, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@pytest.fixture
def expected() -> Snapshot:
    """What one evening leaves, for all its orders: filled by the first example."""
    return {}


@EXAMPLES
@given(seed=st.integers(0, 2**32))
async def test_an_odd_evening_in_any_order(database: Database, expected: Snapshot, seed: int) -> None:
    """Pairs, a lost R1, copies, late contents, aborted rounds, endstats, notices, a repeated hour: in any order."""
    await _compare(database, odd_evening(), expected, Random(seed))  # noqa: S311 - an order, no secret


@settings(EXAMPLES, max_examples=20)
@example(seed=24)  # a notice that leaves an empty round
@example(seed=51)  # an R1 that comes before an empty R2 that was given up
@given(seed=st.integers(0, 2**32))
async def test_nonsense_in_any_order(database: Database, seed: int) -> None:
    """Rounds, copies, endstats and notices at random times, also around a change of the clock: in any order."""
    random = Random(seed)  # noqa: S311 - an order, no secret
    await _compare(database, random_evening(random), {}, random)


@settings(EXAMPLES, max_examples=30)
@given(seed=st.integers(0, 2**32))
async def test_copies_in_any_order(database: Database, seed: int) -> None:
    """Several contents under a name, several names for a content, times that turn out to be earlier: in any order."""
    random = Random(seed)  # noqa: S311 - an order, no secret
    await _compare(database, copied_evening(random), {}, random)


@settings(EXAMPLES, max_examples=3)
@given(seed=st.integers(0, 2**32))
async def test_a_real_evening_in_any_order(database: Database, samples: Path, expected: Snapshot, seed: int) -> None:
    """A real evening across midnight, notices included, in any order."""
    folder = _real_evening(samples, "2025-10-19", "2025-10-20")
    await _compare(database, folder, expected, Random(seed))  # noqa: S311 - an order, no secret


async def test_in_parallel(database: Database) -> None:
    """Imports and notices at the same time end the same."""
    folder = odd_evening()
    service = service_of(database, folder)
    expected = await _expected(database, folder)
    await wipe(database)

    files = (service.import_files([file]) for file in folder.files)
    await asyncio.gather(*files, *(service.store_notice(notice) for notice in folder.notices))

    assert await snapshot(database) == expected


async def test_again_changes_nothing(database: Database) -> None:
    """A second import and the same notices again change no column of any row, ids and revisions included."""
    folder = odd_evening()
    service = service_of(database, folder)
    await _bring(service, [*folder.files, *folder.notices], Random(1))  # noqa: S311 - an order, no secret
    before = await everything(database)

    await _bring(service, [*folder.notices, *folder.files], Random(2))  # noqa: S311 - an order, no secret

    assert await everything(database) == before


@pytest.mark.parametrize("last", [0, 1])
async def test_a_copy_of_a_content_that_counts_again(
    database: Database, service: ImportService, folder: Folder, last: int
) -> None:
    """It was superseded by one that is older than was thought, or that turns out to be a beginning."""
    name, other = name_of("2025-10-19-220000"), name_of("2025-10-19-224000")
    times = [datetime(2025, 10, 19, 20, minute, tzinfo=UTC) for minute in range(3)]
    folder.put(other, stats_file(shown="7:00"))
    folder.put(name, stats_file(players=PLAYERS[:3]), modified_at=times[2])
    folder.put(name, stats_file(shown="7:00"), modified_at=times[1])
    folder.put(name, stats_file(players=PLAYERS[: 3 + last]), modified_at=times[0])

    for file in folder.files:
        await service.import_files([file])

    stored = await database.fetch("SELECT filename FROM stats_files WHERE state = 'imported'")
    assert [row["filename"] for row in stored] == [name]
    assert [row["filename"] for row in await database.fetch("SELECT filename FROM rounds")] == [name]
    assert len(await database.fetch("SELECT * FROM player_rounds")) == 4


async def _compare(database: Database, folder: Folder, expected: Snapshot, random: Random) -> None:
    if not expected:
        expected.update(await _expected(database, folder))
    await wipe(database)
    arrivals: list[FetchedFile | RoundNotice] = [*folder.files, *folder.notices]
    arrivals += random.sample(arrivals, len(arrivals) // 4)
    random.shuffle(arrivals)

    await _bring(service_of(database, folder), arrivals, random)

    found = await snapshot(database)
    for table, rows in expected.items():
        assert found[table] == rows, table


async def _expected(database: Database, folder: Folder) -> Snapshot:
    """Return what is stored after all at once, notices first."""
    await wipe(database)
    service = service_of(database, folder)
    for notice in folder.notices:
        await service.store_notice(notice)
    await service.import_files(sorted(folder.files, key=lambda file: file.filename))
    return await snapshot(database)


async def _bring(service: ImportService, arrivals: list[FetchedFile | RoundNotice], random: Random) -> None:
    """Bring one after the other, files in handfuls of different sizes."""
    waiting: list[FetchedFile] = []
    for one in arrivals:
        if isinstance(one, RoundNotice):
            await service.store_notice(one)
        else:
            waiting.append(one)
        if waiting and random.random() < 0.5:
            await service.import_files(waiting)
            waiting = []
    await service.import_files(waiting)


def _real_evening(samples: Path, *days: str) -> Folder:
    folder = Folder()
    for path in sorted(path for day in days for path in samples.glob(f"{day}-*.txt")):
        folder.put(path.name, path.read_bytes())
    if not folder.files:
        pytest.skip("this evening is not among the samples")
    for file in folder.files[::2]:
        name = named(file.filename)
        end = name.played_at(ZoneInfo("Europe/Ljubljana")) - timedelta(seconds=4)
        reason = "aborted" if end.second % 10 == 3 else "objective"
        folder.tell(name.map_name, name.round_number, f"{end:%Y-%m-%d %H:%M:%S}", end_reason=reason)
    return folder
