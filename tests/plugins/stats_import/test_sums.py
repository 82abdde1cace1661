"""The players' sums and names that the import keeps are the same as when they are worked out anew."""

from datetime import UTC, datetime
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.db import Database
from core.db.database import Row
from core.db.tables import columns_of
from core.rounds import rollups, sightings
from core.rounds.events import FetchedFile, RoundNotice
from core.rounds.tables import PlayerDay, PlayerTotal, WeaponDay
from tests.plugins.stats_import.conftest import service_of
from tests.plugins.stats_import.invented import PLAYERS, Folder, Line, name_of, odd_evening, random_evening, stats_file
from tests.plugins.stats_import.snapshot import wipe

EXAMPLES = settings(
    max_examples=12, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
R1, R2 = name_of("2025-10-19-220000"), name_of("2025-10-19-221000", number=2)


@EXAMPLES
@given(seed=st.integers(0, 2**32), odd=st.booleans())
async def test_kept_sums_are_those_worked_out_anew(database: Database, seed: int, odd: bool) -> None:
    """After each handful of shuffled imports, amendments, re-imports, notices and removals the sums are right."""
    random = Random(seed)  # noqa: S311 - an order, no secret
    await wipe(database)
    folder = odd_evening() if odd else random_evening(random)
    service = service_of(database, folder)
    arrivals: list[FetchedFile | RoundNotice] = [*folder.files, *folder.notices]
    arrivals += random.sample(arrivals, len(arrivals) // 4)
    random.shuffle(arrivals)

    while arrivals:
        count = random.randint(1, 6)
        some, arrivals = arrivals[:count], arrivals[count:]
        await service.import_files([one for one in some if isinstance(one, FetchedFile)])
        for notice in (one for one in some if isinstance(one, RoundNotice)):
            await service.store_notice(notice)
        kept = await _sums(database)
        names = await _names(database)
        await rollups.rebuild_rollups(database)
        await sightings.rebuild_sightings(database)

        assert kept == await _sums(database)
        assert names == await _names(database)


async def test_only_what_counts_is_added_up(database: Database, folder: Folder) -> None:
    """Spectators, bots and an R2 without its R1 count nowhere; when the R1 comes, the R2 does."""
    people = [*PLAYERS, Line("OMNIBOT0", "[BOT]x", side=3), Line("AAAAAAA9", "watching", side=3)]
    later = [line.later() for line in PLAYERS]
    one = folder.put(R1, stats_file(players=people))
    two = folder.put(R2, stats_file(number=2, players=later, limit="6:05", shown="6:05", winner=1))
    service = service_of(database, folder)

    await service.import_files([two])
    assert await _sums(database) == ([], [], [])
    await service.import_files([one])

    days, totals, _ = await _sums(database)
    assert {row["guid"]: (row["day"], row["rounds"], row["kills"]) for row in days} == {
        "AAAAAAA1": ("2025-10-19", 2, 6), "AAAAAAA2": ("2025-10-19", 2, 10),
        "BBBBBBB1": ("2025-10-19", 2, 6), "BBBBBBB2": ("2025-10-19", 2, 4),
    }  # fmt: skip
    assert [row["rounds"] for row in totals] == [2, 2, 2, 2]


async def test_an_aborted_round_is_taken_out(database: Database, folder: Folder) -> None:
    """A notice that comes late and says the round was aborted takes its numbers out of days and totals."""
    service = service_of(database, folder)
    await service.import_files([folder.put(R1, stats_file())])
    assert len((await _sums(database))[1]) == 4

    await service.store_notice(folder.tell("supply", 1, "2025-10-19 19:59:56", end_reason="aborted"))

    assert await _sums(database) == ([], [], [])


async def test_days_are_those_of_utc(database: Database, folder: Folder) -> None:
    """22:00 in Ljubljana is the same day in UTC, 01:45 there is the day before; all make one total."""
    service = service_of(database, folder)
    one, two = folder.play("supply", "2025-10-19-220000", "2025-10-19-221000")
    late, later = folder.play("frostbite", "2025-10-21-014500", "2025-10-21-021500", shown="5:00")

    await service.import_files([one, two, late, later])

    days, totals, _ = await _sums(database)
    assert sorted({row["day"] for row in days}) == ["2025-10-19", "2025-10-20", "2025-10-21"]
    assert {row["rounds"] for row in totals} == {4}


async def test_what_nobody_could_say_is_null(database: Database, folder: Folder) -> None:
    """Rounds of an old script do not know revives given: their sum is unknown, beside a newer one it is the newer's."""
    service = service_of(database, folder)
    await service.import_files([folder.put(R1, stats_file(count=33))])
    assert (await database.fetch("SELECT DISTINCT revives_given FROM player_totals")) == [{"revives_given": None}]

    await service.import_files([folder.put(name_of("2025-10-22-220000"), stats_file(shown="4:00"))])

    assert (await database.fetch("SELECT DISTINCT revives_given FROM player_totals")) == [{"revives_given": 137}]


async def test_names_are_those_of_each_server(database: Database, folder: Folder) -> None:
    """A name is known where it was used; a corrected file takes away what it named, and by what that was found."""
    service = service_of(database, folder)
    await service.import_files(
        [folder.put(R1, stats_file(players=[Line("AAAAAAA1", "^1wrong"), Line("OMNIBOT0", "b")]))]
    )
    assert [tuple(row.values())[:3] for row in (await _names(database))[0]] == [("AAAAAAA1", "puran", "wrong")]

    longer = stats_file(players=[Line("AAAAAAA1", "right"), Line("AAAAAAA2", "two", side=2)])
    await service.import_files([folder.put(R1, longer, modified_at=datetime(2026, 3, 2, tzinfo=UTC))])

    seen, parts = await _names(database)
    assert [row["name"] for row in seen] == ["right", "two"]
    assert {row["part"] for row in parts if row["guid"] == "AAAAAAA1"} == {" ri", "rig", "igh", "ght", "ht ", "t  "}


async def _names(database: Database) -> tuple[list[Row], list[Row]]:
    seen = await database.fetch(
        "SELECT guid, server, name, last_seen FROM player_sightings ORDER BY guid, server, name"
    )
    return seen, await database.fetch("SELECT part, guid FROM name_parts ORDER BY part, guid")


async def _sums(database: Database) -> tuple[list[Row], list[Row], list[Row]]:
    days = await database.fetch(
        f"SELECT {', '.join(columns_of(PlayerDay))} FROM player_days ORDER BY day, server, guid"
    )
    totals = await database.fetch(
        f"SELECT {', '.join(columns_of(PlayerTotal, without=('version',)))} FROM player_totals ORDER BY server, guid"
    )
    weapons = await database.fetch(
        f"SELECT {', '.join(columns_of(WeaponDay))} FROM weapon_days ORDER BY day, server, guid, weapon"
    )
    return days, totals, weapons
