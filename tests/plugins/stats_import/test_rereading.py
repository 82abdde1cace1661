"""``import --reread``: afterwards everything is as if it had been imported under the parser and the zone of now."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from core.cli.terminal import Terminal
from core.config import parse_config
from core.db import Database
from core.kernel.options import Settings
from plugins.stats_import.rereading import Rereading
from plugins.stats_import.service import ImportService
from tests.plugins.stats_import.invented import Folder, name_of, odd_evening, random_evening, stats_file
from tests.plugins.stats_import.snapshot import everything, snapshot, wipe

RIGHT = ZoneInfo("Europe/Ljubljana")
WRONG = ("Asia/Tokyo", "America/New_York", "UTC", "Europe/London")


async def import_all(database: Database, folder: Folder, zone: ZoneInfo) -> None:
    """Import everything of a folder, in *zone*."""
    service = ImportService(database, zone_of=lambda _: zone, read=folder.read, log=logging.getLogger("stats_import"))
    await service.import_files(folder.files)
    for notice in folder.notices:
        await service.store_notice(notice)


async def read_again(url: str, zone: str, server: str = "puran") -> dict[str, int]:
    """Read everything of a server again; return what came of it."""
    config = parse_config({"database": {"url": url}, "servers": {server: {"timezone": zone}}}, Path())
    async with Terminal(config, Settings({})) as terminal:
        one = Rereading(terminal, terminal.servers[server])
        await one.run(quiet=True)
        return one.counts


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
    service = ImportService(
        database, zone_of=lambda _: RIGHT, read=folder.read, log=logging.getLogger("stats_import"),
        now=lambda: datetime(2099, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    await service.import_files(early.files)

    await read_again(database_url, RIGHT.key)

    found = await snapshot(database)
    (aside,) = [row for row in found.pop("stats_files") if row not in wanted["stats_files"]]
    assert aside[5] == "aside"
    assert found == {table: rows for table, rows in wanted.items() if table != "stats_files"}
