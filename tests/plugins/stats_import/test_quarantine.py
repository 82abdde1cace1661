"""Refused files: told to the admins once, kept, read again by a generation that can read them; cut files in none."""

import random
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.db import Database
from plugins.stats_import.service import ImportService
from roundhook.testing import Stage
from tests.plugins.rounds import filename, hand_over
from tests.plugins.stats_import.invented import ENDSTATS, PLAYERS, Folder, name_of, named, stats_file
from tests.plugins.stats_import.snapshot import snapshot, wipe

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
        await stage.until(lambda: _is_told(stage))

        assert await stage.db.fetch("SELECT filename, state, reason FROM stats_files") == [
            {"filename": name, "state": "imported", "reason": None}
        ]
        assert await stage.count("player_rounds") == await stage.count("player_totals") == 4
        assert await stage.count("lua_round_teams") == 1
        assert told(stage) == []


async def _is_told(stage: Stage) -> bool:
    """Tell whether what was read again has been published and handled; it is stored a moment before that."""
    await stage.app.services.journal.flush()
    states = {row["state"] for row in await stage.db.fetch("SELECT state FROM deliveries")}
    return states == {"done"}


NONSENSE = (b"", b"\n", b"x" * 1_000_000, b"\xff\xfe" * 500, b"\\" * 100_000 + b"\n")


async def test_nonsense_is_refused_and_the_next_file_goes_on() -> None:
    """A zero-byte file, a megabyte line, binary: refused with a reason, and the round after it is stored."""
    async with Stage(PLUGINS) as stage:
        for number, data in enumerate(NONSENSE):
            refused = filename(stage, ago=9000 - 1000 * number)
            await hand_over(stage, refused, data)
            players = [replace(one, fields={9: number}) for one in PLAYERS]
            row = await hand_over(stage, filename(stage, ago=8500 - 1000 * number), stats_file(players=players))

            assert row["status"] == "ok"
            reasons = await stage.db.fetch("SELECT filename, reason FROM stats_files WHERE state = 'quarantined'")
            assert len(reasons) == number + 1
            (reason,) = [one["reason"] for one in reasons if one["filename"] == refused]
            assert "-supply-round-1.txt: line 1: " in reason


Rows = dict[str, set[tuple[Any, ...]]]


def some_cuts(whole: bytes) -> list[int]:
    """Return places over the whole file: every 41st byte, and those around the end of each line."""
    ends = [index + 1 for index, byte in enumerate(whole) if byte == 10]
    around = (end + step for end in ends for step in (-2, -1, 0, 1))
    return sorted({cut for cut in (*range(0, len(whole), 41), *around) if cut <= len(whole)})


def times(count: int) -> list[str]:
    """Return so many times of files, five minutes apart."""
    return [f"{datetime(2025, 10, 1) + timedelta(minutes=5 * number):%Y-%m-%d-%H%M%S}" for number in range(count)]  # noqa: DTZ001


async def rows_of(database: Database, columns: str, table: str) -> Rows:
    """Return the rows of each round, by the name of its file."""
    found: Rows = {}
    rows = await database.fetch(f"SELECT r.filename, {columns} FROM rounds r LEFT JOIN {table} p ON p.round_id = r.id")
    for row in rows:
        name, *values = row.values()
        found.setdefault(name, set()).update([tuple(values)] if any(value is not None for value in values) else [])
    return found


async def check_cut(database: Database, service: ImportService, folder: Folder, whole: bytes, path: str) -> None:
    """Import a file cut at many places, each under a name of its own: stored with whole lines only, or refused."""
    name, cuts = named(path), some_cuts(whole)
    names = [name_of(time, name.map_name, name.round_number) for time in times(len(cuts))]
    files = [folder.put(one, whole[:cut]) for one, cut in zip(names, cuts, strict=True)]

    results = await service.import_files(files)

    stored = await rows_of(
        database, "p.guid, p.raw_name, p.side, p.kills, p.shots, p.xp, p.time_played_seconds", "player_rounds"
    )
    everybody = stored[names[-1]]
    assert len(everybody) == whole.count(b"\n") - 1
    for one, cut, result in zip(names, cuts, results, strict=True):
        lines = whole[:cut].count(b"\n")
        if cut and whole[cut - 1] == 10:
            assert (result.state, len(stored[one])) == ("imported", lines - 1)
            assert stored[one] <= everybody
        else:
            assert str(result.reason).startswith(f"{one}: line {lines + 1}: "), result.reason
            assert (result.state, stored.get(one)) == ("quarantined", None)


async def test_an_invented_file_cut_anywhere(database: Database, service: ImportService, folder: Folder) -> None:
    """Half a line is never stored; a cut exactly at the end of a line cannot be seen, and has its whole lines."""
    await check_cut(database, service, folder, stats_file(ninth="365000"), name_of("2025-10-19-220000"))


async def test_a_real_file_cut_anywhere(
    database: Database, service: ImportService, folder: Folder, samples: Path
) -> None:
    """The same with a real file."""
    path = samples / "2025-10-26-201727-etl_sp_delivery-round-1.txt"

    await check_cut(database, service, folder, path.read_bytes(), path.name)


async def test_awards_cut_anywhere(database: Database, service: ImportService, folder: Folder) -> None:
    """The same with endstats files: refused, or with the awards and duels of the whole lines that are there."""
    cuts = some_cuts(ENDSTATS)
    for number, (time, cut) in enumerate(zip(times(len(cuts)), cuts, strict=True)):
        folder.put(name_of(time), stats_file(players=[replace(one, fields={9: number}) for one in PLAYERS]))
        folder.put(name_of(time, end="-endstats"), ENDSTATS[:cut])

    results = await service.import_files(folder.files)

    tables = (("awards", "p.award, p.guid, p.value", 4), ("duels", "p.killer_guid, p.victim_guid, p.kills", 3))
    for table, columns, count in tables:
        stored = await rows_of(database, columns, table)
        whole = stored[name_of(times(len(cuts))[-1])]
        assert len(whole) == count
        for time, cut, result in zip(times(len(cuts)), cuts, results[1::2], strict=True):
            refused = not cut or ENDSTATS[cut - 1] != 10
            assert result.state == ("quarantined" if refused else "imported")
            assert stored[name_of(time)] <= (set() if refused else whole)


@pytest.mark.parametrize("seconds", [0, 1])
@pytest.mark.parametrize(
    ("end", "whole"), [("", stats_file()), ("-endstats", ENDSTATS)], ids=["stats file", "endstats file"]
)
async def test_a_cut_at_the_end_of_a_line_gives_way_to_the_whole(
    database: Database, service: ImportService, folder: Folder, end: str, whole: bytes, seconds: int
) -> None:
    """Such a file looks whole, and is imported; the whole one counts once it is there, in whichever order they come.

    It was written in the same second, and then the larger one counts, or later.
    """
    name, early = name_of("2025-10-19-220000", end=end), datetime(2026, 3, 1, tzinfo=UTC)
    others = [folder.put(name_of("2025-10-19-220000"), stats_file())] if end else []
    full = folder.put(name, whole, modified_at=early + timedelta(seconds=seconds))
    ends = [index + 1 for index, byte in enumerate(whole[:-1]) if byte == 10]
    cuts = [folder.put(name, whole[:cut], modified_at=early) for cut in ends]
    await service.import_files([*others, full])
    alone = await snapshot(database)

    for order in ([*cuts, full], [full, *reversed(cuts)], [*cuts[::2], full, *cuts[1::2]]):
        await wipe(database)
        for file in [*others, *order]:
            await service.import_files([file])

        found = await snapshot(database)
        states = await database.fetch("SELECT sha256, state FROM stats_files WHERE filename = ?", (name,))
        assert {row["sha256"] for row in states if row["state"] == "imported"} == {full.sha256}
        assert {row["sha256"] for row in states if row["state"] == "superseded"} == {file.sha256 for file in cuts}
        assert {table: rows for table, rows in found.items() if table != "stats_files"} == {
            table: rows for table, rows in alone.items() if table != "stats_files"
        }


async def test_what_is_kept_of_refused_files_is_bounded(
    database: Database, service: ImportService, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each the first 64 KiB, of so many a day; the rest are rows without bytes, and all are told."""
    monkeypatch.setattr("plugins.stats_import.service.KEPT_A_DAY", 3)
    noise = random.Random(1).randbytes(200_000)  # noqa: S311 - no secret
    for number in range(5):
        await service.import_files([folder.put(name_of(f"2026-01-10-20000{number}"), noise + bytes([number]))])
    rows = await database.fetch("SELECT state, content, reason FROM stats_files ORDER BY id")

    assert [row["state"] for row in rows] == ["quarantined"] * 5
    assert [len(zlib.decompress(row["content"])) if row["content"] else 0 for row in rows] == [64 * 1024] * 3 + [0, 0]
    assert all(row["reason"] for row in rows)
    assert await service.read_again() == []


async def test_whatever_a_file_makes_the_parser_do_concerns_that_file(
    database: Database, service: ImportService, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("plugins.stats_import.prepare.parse_stats_file", fail)
    (one,) = await service.import_files([folder.put(name_of("2026-01-10-200000"), b"x")])

    assert one.state == "quarantined"
    assert one.reason == f"{name_of('2026-01-10-200000')}: it cannot be read (RecursionError)"
