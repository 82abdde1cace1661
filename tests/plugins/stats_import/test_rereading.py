"""``import --reread``: afterwards everything is as if it had been imported under the parser and the zone of now."""

import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from unittest.mock import Mock
from zoneinfo import ZoneInfo

import pytest

from core.cli.terminal import Terminal
from core.config import parse_config
from core.db import Database
from core.kernel.options import Settings
from plugins.stats_import.rereading import Rereading
from plugins.stats_import.service import ImportService
from roundhook import Event, RoundAmended
from tests.plugins.stats_import.invented import PLAYERS, Folder, name_of, odd_evening, random_evening, stats_file
from tests.plugins.stats_import.snapshot import everything, snapshot, wipe

RIGHT = ZoneInfo("Europe/Ljubljana")
WRONG = ("Asia/Tokyo", "America/New_York", "UTC", "Europe/London")


async def import_all(database: Database, folder: Folder, zone: ZoneInfo) -> None:
    """Import everything of a folder, in *zone*."""
    service = ImportService(database, zone_of=lambda _: zone, read=folder.read, log=logging.getLogger("stats_import"))
    await service.import_files(folder.files)
    for notice in folder.notices:
        await service.store_notice(notice)


async def import_in_2099(database: Database, folder: Folder) -> None:
    """Store files whose time has come by then."""
    service = ImportService(
        database, zone_of=lambda _: RIGHT, read=folder.read, log=logging.getLogger("stats_import"),
        now=lambda: datetime(2099, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    await service.import_files(folder.files)


@contextlib.asynccontextmanager
async def rereading(url: str, zone: str, told: list[Event] | None = None) -> AsyncIterator[Rereading]:
    """Give what reads everything of the server again; what it publishes is *told*."""
    config = parse_config({"database": {"url": url}, "servers": {"puran": {"timezone": zone}}}, Path())

    async def publish(event: Event) -> None:
        (told if told is not None else []).append(event)

    async with Terminal(config, Settings({})) as terminal:
        yield Rereading(terminal, terminal.servers["puran"], publish)


async def read_again(url: str, zone: str) -> dict[str, int]:
    """Read everything of the server again; return what came of it."""
    async with rereading(url, zone) as one:
        await one.run(quiet=True)
        return one.counts


async def break_off(url: str, zone: str) -> list[Event]:
    """Begin to read again, and end before the first evening is mended; return what was told."""
    told: list[Event] = []
    async with rereading(url, zone, told) as one:
        with pytest.MonkeyPatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(one, "_mend", Mock(side_effect=KeyboardInterrupt))
            await one.run(quiet=True)
    return told


@pytest.mark.parametrize("number", range(8))
async def test_as_if_imported_under_the_zone_of_now(database_url: str, database: Database, number: int) -> None:
    """Times, sessions, matches, sums, who was seen when and the notices' rounds are those of a fresh import."""
    folder = random_evening(Random(number)) if number else odd_evening()  # noqa: S311 - an evening, no secret
    await import_all(database, folder, RIGHT)
    wanted = await snapshot(database)
    await wipe(database)
    await import_all(database, folder, ZoneInfo(WRONG[number % len(WRONG)]))
    wrong = await snapshot(database)

    await read_again(database_url, RIGHT.key)

    assert wrong["rounds"] != wanted["rounds"]
    found = await snapshot(database)
    for table, rows in wanted.items():
        assert found[table] == rows, table


async def test_under_the_same_zone_nothing_changes(database_url: str, database: Database) -> None:
    """Not an id, not a revision."""
    await import_all(database, odd_evening(), RIGHT)
    before = await everything(database)

    counts = await read_again(database_url, RIGHT.key)

    assert (counts["moved"], counts["changed"]) == (0, 0)
    assert await everything(database) == before


async def test_what_was_stored_before_its_time_is_taken_out(database_url: str, database: Database) -> None:
    """A round of 2099 that an earlier version has stored is aside afterwards, and nobody was seen in 2099."""
    folder = Folder()
    folder.play("supply", "2025-10-19-220000", "2025-10-19-221000")
    await import_all(database, folder, RIGHT)
    wanted = await snapshot(database)
    early = Folder(contents=folder.contents)
    early.put(name_of("2099-01-01-120000", "radar"), stats_file("radar"))
    await import_in_2099(database, early)

    await read_again(database_url, RIGHT.key)

    found = await snapshot(database)
    (aside,) = [row for row in found.pop("stats_files") if row not in wanted["stats_files"]]
    assert aside[5] == "aside"
    assert found == {table: rows for table, rows in wanted.items() if table != "stats_files"}


async def test_what_is_out_of_time_is_taken_out_though_it_was_broken_off(database_url: str, database: Database) -> None:
    """The first run has judged the files and ended; the next one takes their rounds out all the same."""
    folder = Folder()
    folder.put(name_of("2099-01-01-120000", "radar"), stats_file("radar"))
    await import_in_2099(database, folder)

    await break_off(database_url, RIGHT.key)
    await read_again(database_url, RIGHT.key)

    found = await snapshot(database)
    assert (found["rounds"], found["players"], found["player_totals"]) == ([], [], [])


async def test_what_was_moved_is_told_though_it_was_broken_off(database_url: str, database: Database) -> None:
    """The next run would find nothing to move, and say nothing."""
    folder = Folder()
    folder.play("supply", "2025-10-19-220000", "2025-10-19-221000")
    await import_all(database, folder, ZoneInfo("Asia/Tokyo"))

    told = await break_off(database_url, RIGHT.key)

    assert [one.changed for one in told if isinstance(one, RoundAmended)] == [("played_at",)] * 2


async def test_a_better_copy_that_comes_meanwhile_counts(database_url: str, database: Database) -> None:
    """The bot stores it after the files were judged and before their evening is mended."""
    folder, name = Folder(), name_of("2025-10-19-220000")
    folder.put(name, stats_file(), modified_at=datetime(2026, 3, 1, tzinfo=UTC))
    await import_all(database, folder, RIGHT)
    better = folder.put(name, stats_file(shown="7:00"), modified_at=datetime(2026, 3, 1, 5, tzinfo=UTC))

    async with rereading(database_url, RIGHT.key) as one:
        mend = one._mend

        async def late(names: Sequence[str]) -> None:
            await import_all(database, folder, RIGHT)
            await mend(names)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(one, "_mend", late)
            await one.run(quiet=True)

    (row,) = await database.fetch("SELECT file_sha256, time_shown_seconds FROM rounds")
    assert (row["file_sha256"], row["time_shown_seconds"]) == (better.sha256, 420)


async def test_the_beginning_of_another_content_does_not_take_over(database_url: str, database: Database) -> None:
    """It was fetched while the file was being written, and its time is later."""
    folder, name = Folder(), name_of("2025-10-19-220000")
    folder.put(name, stats_file(), modified_at=datetime(2026, 3, 1, tzinfo=UTC))
    folder.put(name, stats_file(players=PLAYERS[:3]), modified_at=datetime(2026, 3, 1, 5, tzinfo=UTC))
    await import_all(database, folder, RIGHT)
    before = await everything(database)

    await read_again(database_url, RIGHT.key)

    assert await everything(database) == before


async def test_a_large_file_that_is_refused_stays_so(database_url: str, database: Database) -> None:
    """Only its beginning is kept: it costs no other file its turn."""
    folder = Folder()
    folder.play("supply", "2025-10-19-220000", "2025-10-19-221000")
    folder.put(name_of("2025-10-20-220000"), b"x" * 100_000 + b"\n")
    await import_all(database, folder, RIGHT)
    before = await everything(database)

    counts = await read_again(database_url, RIGHT.key)

    assert counts == {"files": 3, "moved": 0, "changed": 0, "refused": 1}
    assert await everything(database) == before
