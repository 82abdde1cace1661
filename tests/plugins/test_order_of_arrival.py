"""What the three importing plugins store is a function of the files and notices, however and how often they come."""

import asyncio
from datetime import timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.app import Application, offline_application
from core.config import parse_config
from core.kernel.contracts import Event
from tests.patience import PATIENCE
from tests.plugins.stats_import.invented import Folder, copied_evening, named, odd_evening, random_evening
from tests.plugins.stats_import.snapshot import Snapshot, snapshot, wipe

TEAMS = (
    "SELECT t.server, t.match_id, t.round_number, t.axis_players, t.allies_players, t.actual_duration_seconds, "
    "t.winner_team, t.end_reason, r.filename FROM lua_round_teams t LEFT JOIN rounds r ON r.id = t.round_id "
    "WHERE (SELECT count(*) FROM rounds o WHERE o.server = t.server AND o.round_number = t.round_number "
    "AND substr(o.filename, 1, 17) = t.match_id) = 1"
)
"""Without those that two rounds would share: on no server do two end in one second."""
SETTINGS = settings(
    max_examples=4, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
LONG = settings(SETTINGS, max_examples=60)
ZONE = "Europe/Ljubljana"
seeds = st.integers(0, 2**32)


class Import:
    """The importing plugins on one database; each play begins with empty tables."""

    def __init__(self, url: str, home: Path) -> None:
        self._expected: dict[tuple[str, ...], Snapshot] = {}
        self._config = parse_config({"database": {"url": url}, "servers": {"puran": {"timezone": ZONE}}}, home)

    async def compare(self, folder: Folder, random: Random) -> None:
        """Play all in the order of names and notices first, then a shuffle with repeats; both store the same."""
        async with offline_application(self._config) as app:
            files = {one.key: one for one in folder.files}  # the same file twice is one event, whatever time it bears
            events: list[Event] = [*folder.notices, *sorted(files.values(), key=lambda file: file.filename)]
            keys = tuple(one.key for one in events)
            if keys not in self._expected:  # the same evening is played by many examples
                self._expected[keys] = await _play(app, folder, [[one] for one in events])
            found = await _play(app, folder, _handfuls(events, random))
        for table, rows in self._expected[keys].items():
            assert found[table] == rows, table


@pytest.fixture
def importing(database_url: str, tmp_path: Path) -> Import:
    return Import(database_url, tmp_path)


@SETTINGS
@given(seed=seeds)
async def test_an_odd_evening(importing: Import, seed: int) -> None:
    """Pairs, copies, late contents, aborted rounds, endstats, notices, a repeated hour."""
    await importing.compare(odd_evening(), Random(seed))  # noqa: S311 - an order, no secret


@pytest.mark.full
@LONG
@given(seed=seeds)
async def test_nonsense(importing: Import, seed: int) -> None:
    """Rounds, copies, endstats and notices at random times."""
    random = Random(seed)  # noqa: S311 - an order, no secret
    await importing.compare(random_evening(random), random)


@settings(SETTINGS, max_examples=12)
@given(seed=seeds)
async def test_copies(importing: Import, seed: int) -> None:
    """Rounds that go, as their file turns out to be a copy, are in no team."""
    random = Random(seed)  # noqa: S311 - an order, no secret
    await importing.compare(copied_evening(random), random)


@settings(SETTINGS, max_examples=2)
@given(seed=seeds)
async def test_a_real_evening(importing: Import, samples: Path, seed: int) -> None:
    """An evening across midnight, with notices of some of its rounds."""
    await importing.compare(real_evening(samples, "2025-10-19", "2025-10-20"), Random(seed))  # noqa: S311


@pytest.mark.full
@settings(SETTINGS, max_examples=10)
@given(seed=seeds)
async def test_a_real_month(importing: Import, samples: Path, seed: int) -> None:
    """All evenings of October 2025 at once."""
    await importing.compare(real_evening(samples, "2025-10"), Random(seed))  # noqa: S311


def real_evening(samples: Path, *days: str) -> Folder:
    """Return the files of some *days*, and notices of every second round: plausible, too long, aborted, a surrender."""
    folder = Folder()
    for path in sorted(path for day in days for path in samples.glob(f"{day}*.txt")):
        folder.put(path.name, path.read_bytes())
    for number, file in enumerate(folder.files[::2]):
        name = named(file.filename)
        end = name.played_at(ZoneInfo(ZONE)) - timedelta(seconds=4)
        reason = ("objective", "surrender", "time_expired", "aborted")[number % 4]
        more = {"actual_duration_seconds": (700.0, 512.0, 9999.0, None)[number % 4], "sender": "roundhook 9"}
        folder.tell(name.map_name, name.round_number, f"{end:%Y-%m-%d %H:%M:%S}", end_reason=reason, **more)
    if not folder.files:
        pytest.skip("these evenings are not among the samples")
    return folder


def _handfuls(events: list[Event], random: Random) -> list[list[Event]]:
    """Return *events* in another order, some twice, in groups of those that come at the same time."""
    arrivals = [*events, *random.sample(events, len(events) // 4)]
    random.shuffle(arrivals)
    groups: list[list[Event]] = [[]]
    for one in arrivals:
        groups[-1].append(one)
        if random.random() < 0.4:
            groups.append([])
    return groups


async def _play(app: Application, folder: Folder, groups: list[list[Event]]) -> Snapshot:
    await wipe(app.services.database, "events", "lua_round_teams")
    files = {one.key: one for one in folder.files}
    for group in groups:
        for one in group:
            if file := files.get(one.key):
                await app.services.files.put(file.server, file.filename, folder.contents[file.sha256])
        await asyncio.gather(*(app.services.publish(one) for one in group))
        await app.kernel.dispatcher.settled(PATIENCE)
    failed = await app.services.database.fetch("SELECT plugin, error FROM deliveries WHERE state <> 'done'")
    assert failed == []
    teams = [tuple(row.values()) for row in await app.services.database.fetch(TEAMS)]
    return {**await snapshot(app.services.database), "lua_round_teams": sorted(teams, key=repr)}
