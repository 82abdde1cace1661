"""What the import stores, and what it has published."""

import asyncio
import logging
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.db import Database, worker
from core.errors import BadInputError
from core.kernel.contracts import Event
from core.rounds.events import FetchedFile, ImportedRound, RoundAmended, RoundNotice
from plugins.stats_import.batch import Imported
from plugins.stats_import.parser import StatsFileError
from plugins.stats_import.service import ImportService
from plugins.stats_import.writing import Writer
from tests.plugins.stats_import.conftest import service_of
from tests.plugins.stats_import.invented import ENDSTATS, PLAYERS, Folder, first_and_second, name_of, stats_file
from tests.plugins.stats_import.snapshot import everything

R1, R2 = name_of("2025-10-19-220000"), name_of("2025-10-19-221000", number=2)

BY_PLAYERS = ("actual_duration_seconds", "duration_source", "file_duration_seconds", "file_duration_source")
"""Changed where the header is not believed any more."""


async def import_one(service: ImportService, file: FetchedFile) -> Imported:
    (result,) = await service.import_files([file])
    return result


async def rounds(database: Database) -> dict[str, dict[str, Any]]:
    return {row["filename"]: row for row in await database.fetch("SELECT * FROM rounds")}


def amended(events: Iterable[Event]) -> dict[str, tuple[str, ...]]:
    return {event.round.filename: event.changed for event in events if isinstance(event, RoundAmended)}


async def test_a_map_live(database: Database, service: ImportService, folder: Folder) -> None:
    """R1 and R2 as they come: each is told once as new, R2 is R2 alone, and they are one match of one session."""
    one, two = folder.play("supply", "2025-10-19-220000", "2025-10-19-221000")

    told = [*(await import_one(service, one)).events, *(await import_one(service, two)).events]

    assert all(isinstance(event, ImportedRound) for event in told)
    stored = await rounds(database)
    first, second = stored[R1], stored[R2]
    assert (first["status"], second["status"], first["revision"]) == ("ok", "ok", 1)
    assert (first["match_id"], first["session_id"]) == (second["match_id"], second["session_id"])
    assert first["played_at"] == datetime(2025, 10, 19, 20, tzinfo=UTC)
    assert (first["actual_duration_seconds"], first["duration_source"]) == (365, "file")
    assert (second["actual_duration_seconds"], second["duration_source"]) == (300, "players")
    (match,) = await database.fetch("SELECT round1_id, round2_id, result FROM matches")
    assert match == {"round1_id": first["id"], "round2_id": second["id"], "result": "first_attackers"}
    event = told[1]
    assert event == ImportedRound(
        round_id=second["id"], file_sha256=two.sha256, server="puran", map_name="supply", round_number=2,
        match_id=second["match_id"], session_id=second["session_id"], played_at=second["played_at"], filename=R2,
        trigger="poll", notice=False,
    )  # fmt: skip


async def test_a_late_first_round_heals_its_second(database: Database, service: ImportService, folder: Folder) -> None:
    """An R2 without R1 is unpaired and does not know its share; when R1 comes it is amended in the same transaction."""
    one, two = folder.play("supply", "2025-10-19-220000", "2025-10-19-221000")
    await import_one(service, two)
    before = await rounds(database)
    assert (before[R2]["status"], before[R2]["match_id"], before[R2]["duration_source"]) == ("unpaired", None, None)
    assert (await database.fetch("SELECT kills, xp FROM player_rounds WHERE guid = 'AAAAAAA1'"))[0]["kills"] is None

    told = (await import_one(service, one)).events

    new, healed = told
    assert isinstance(new, ImportedRound)
    assert isinstance(healed, RoundAmended)
    assert (healed.revision, healed.round.filename) == (2, R2)
    assert set(healed.changed) == {
        "players", "status", "match_id", "actual_duration_seconds", "duration_source", "file_duration_seconds",
        "file_duration_source", "remarks",
    }  # fmt: skip
    kills = await database.fetch("SELECT kills FROM player_rounds WHERE guid = 'AAAAAAA1'")
    assert [row["kills"] for row in kills] == [3, 3]


async def test_the_same_file_again_is_known_and_told_again(
    database: Database, service: ImportService, folder: Folder
) -> None:
    """After a crash between commit and publication the same events come again, and nothing is written or read."""
    one, two = folder.play("supply", "2025-10-19-220000", "2025-10-19-221000")
    await import_one(service, two)
    first = await import_one(service, one)
    before = await everything(database)
    folder.contents.clear()

    again = await import_one(service, one)

    assert again.state == "known"
    assert {event.key for event in again.events} == {event.key for event in first.events}
    assert await everything(database) == before


async def test_a_bad_file_does_not_disturb_the_others(
    database: Database, service: ImportService, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    """Refused with file, line and reason, kept with its bytes; unknown names and unreadable files are left aside."""
    good = folder.put(R1, stats_file())
    bad = folder.put(R2, stats_file(number=2)[:-1])
    other = folder.put("README.md", b"hello")
    gone = replace(good, filename=name_of("2025-10-19-230000"), sha256="0" * 64)
    torn = replace(good, filename=name_of("2025-10-19-233000"), sha256="1" * 64)
    folder.contents[torn.sha256] = b"other bytes than these"

    results = await service.import_files([other, bad, gone, torn, good])

    assert [one.state for one in results] == ["aside", "quarantined", "aside", "aside", "imported"]
    assert f"{R2}: line 5: cut off" in str(results[1].reason)
    kept = {row["filename"]: row for row in await database.fetch("SELECT * FROM stats_files")}
    assert set(kept) == {R1, R2}
    assert (kept[R2]["state"], kept[R2]["reason"]) == ("quarantined", results[1].reason)
    assert zlib.decompress(kept[R2]["content"]) == folder.contents[bad.sha256]
    assert set(await rounds(database)) == {R1}
    assert len(caplog.records) == 3


async def test_the_whole_file_after_half_of_it(database: Database, service: ImportService, folder: Folder) -> None:
    """Half a file is refused; the whole one under the same name is a new round."""
    await import_one(service, folder.put(R1, stats_file()[:-30]))

    result = await import_one(service, folder.put(R1, stats_file()))

    assert (result.state, [type(event) for event in result.events]) == ("imported", [ImportedRound])
    assert len(await database.fetch("SELECT * FROM player_rounds")) == 4


async def test_changed_content_replaces_the_rows(database: Database, service: ImportService, folder: Folder) -> None:
    """A later content of a name amends the round, which keeps its id; R2 follows; an older content changes nothing."""
    one, two = folder.play("supply", "2025-10-19-220000", "2025-10-19-221000")
    await service.import_files([one, two])
    before = await rounds(database)
    changed = [replace(player, tenths=70, name="new") for player in PLAYERS[:3]]

    later = folder.put(R1, stats_file(players=changed, winner=1), modified_at=datetime(2026, 3, 2, tzinfo=UTC))
    told = (await import_one(service, later)).events
    older = folder.put(R1, stats_file(players=PLAYERS[:2]), modified_at=datetime(2026, 1, 1, tzinfo=UTC))
    result = await import_one(service, older)

    after = await rounds(database)
    assert (after[R1]["id"], after[R1]["revision"], after[R1]["file_sha256"]) == (before[R1]["id"], 2, later.sha256)
    assert {"file_sha256", "winner_side", "actual_duration_seconds", "players"} <= set(amended(told)[R1])
    assert {"actual_duration_seconds", "players"} <= set(amended(told)[R2])
    assert not any(isinstance(event, ImportedRound) for event in told)
    assert (result.state, result.events) == ("superseded", ())
    states = {row["sha256"]: row["state"] for row in await database.fetch("SELECT sha256, state FROM stats_files")}
    assert (states[one.sha256], states[later.sha256], states[older.sha256]) == ("superseded", "imported", "superseded")
    assert {row["name"] for row in await database.fetch("SELECT name FROM player_names WHERE name = 'new'")} == {"new"}


@pytest.mark.parametrize("order", [1, -1])
async def test_a_beginning_never_wins(database: Database, service: ImportService, folder: Folder, order: int) -> None:
    """A file copied while it was written, with other line ends and modified later, gives way to the whole."""
    late = datetime(2026, 3, 9, tzinfo=UTC)
    half = folder.put(R1, stats_file(players=PLAYERS[:3]).replace(b"\n", b"\r\n"), modified_at=late)
    whole = folder.put(R1, stats_file())

    for file in (half, whole)[::order]:
        await import_one(service, file)

    states = {row["sha256"]: row["state"] for row in await database.fetch("SELECT sha256, state FROM stats_files")}
    assert states == {half.sha256: "superseded", whole.sha256: "imported"}
    assert len(await database.fetch("SELECT guid FROM player_rounds")) == 4


async def test_names_go_with_the_rows_they_came_from(
    database: Database, service: ImportService, folder: Folder
) -> None:
    """A name that only stood in a superseded content is forgotten, and its player with it."""
    await import_one(service, folder.put(R1, stats_file(players=[replace(PLAYERS[0], name="typo"), PLAYERS[1]])))
    late = datetime(2026, 3, 2, tzinfo=UTC)
    await import_one(service, folder.put(R1, stats_file(players=PLAYERS[:1]), modified_at=late))

    assert [row["name"] for row in await database.fetch("SELECT name FROM player_names")] == ["one"]
    assert [row["guid"] for row in await database.fetch("SELECT guid FROM players")] == ["AAAAAAA1"]


async def test_the_earlier_copy_takes_over(database: Database, service: ImportService, folder: Folder) -> None:
    """The same content under an earlier name counts instead; the later name's rows go, its file is a duplicate."""
    later = folder.put(name_of("2025-10-19-223000"), stats_file())
    earlier = folder.put(R1, stats_file(server="^2renamed"))
    await import_one(service, later)

    result = await import_one(service, earlier)
    third = await import_one(service, folder.put(name_of("2025-10-19-220500"), stats_file(server="x")))

    assert [type(event) for event in result.events] == [ImportedRound]
    assert (third.state, third.reason) == ("duplicate", f"same content as {R1}")
    assert set(await rounds(database)) == {R1}
    assert len(await database.fetch("SELECT * FROM player_rounds")) == 4
    assert (
        len(await database.fetch("SELECT * FROM matches")) == len(await database.fetch("SELECT * FROM sessions")) == 1
    )
    (player,) = await database.fetch("SELECT * FROM players WHERE guid = 'AAAAAAA1'")
    assert player["last_seen"] == datetime(2025, 10, 19, 20, tzinfo=UTC)


async def test_notice_before_and_after_the_file(database: Database, service: ImportService, folder: Folder) -> None:
    """Whichever comes first, notice and round are matched; a late notice amends the round, once."""
    one, two = folder.play("supply", "2025-10-19-220000", "2025-10-19-221000")
    early = folder.tell("supply", 1, "2025-10-19 19:59:56")
    late = folder.tell("supply", 2, "2025-10-19 20:09:56")

    assert await service.store_notice(early) == []
    (event,) = (await import_one(service, one)).events
    assert isinstance(event, ImportedRound)
    assert event.notice
    await import_one(service, two)
    told = await service.store_notice(late)
    again = await service.store_notice(late)

    assert amended(told) == {R2: ("notice",)}
    assert [event.key for event in again] == [event.key for event in told]
    assert (await rounds(database))[R2]["revision"] == 2
    assert await service.store_notice(early) == []


async def test_a_notice_of_another_map_or_time_is_kept_unmatched(
    database: Database, service: ImportService, folder: Folder
) -> None:
    """What has no round is kept for display only."""
    await import_one(service, folder.put(R1, stats_file()))

    await service.store_notice(folder.tell("etl_supply", 1, "2025-10-19 19:59:56"))
    await service.store_notice(folder.tell("supply", 1, "2025-10-19 19:57:00"))

    assert {row["round_id"] for row in await database.fetch("SELECT round_id FROM round_notices")} == {None}


async def test_the_same_notice_with_more_in_it(database: Database, service: ImportService, folder: Folder) -> None:
    """A second copy fills in what the first did not know, and changes nothing that it knew."""
    await import_one(service, folder.put(R1, stats_file()))
    await service.store_notice(folder.tell("supply", 1, "2025-10-19 19:59:56", winner_side=2))

    told = await service.store_notice(
        folder.tell("supply", 1, "2025-10-19 19:59:56", winner_side=1, end_reason="aborted", message_id=7)
    )

    assert set(amended(told)[R1]) == {"status", "match_id", "notice", "winner_side", *BY_PLAYERS}
    (row,) = await database.fetch("SELECT notice FROM round_notices")
    assert '"winner_side":2' in row["notice"]
    assert '"message_id":null' in row["notice"]


async def test_an_aborted_notice_takes_the_round_out(
    database: Database, service: ImportService, folder: Folder
) -> None:
    """An aborted R1 has no match, and its R2 is unpaired again."""
    await service.import_files(folder.play("supply", "2025-10-19-220000", "2025-10-19-221000"))

    told = await service.store_notice(folder.tell("supply", 1, "2025-10-19 19:59:56", end_reason="aborted"))

    changes = amended(told)
    assert set(changes[R1]) == {"status", "match_id", "notice", "winner_side", *BY_PLAYERS}
    assert set(changes[R2]) >= {"status", "match_id", "players"}
    assert await database.fetch("SELECT * FROM matches") == []


async def test_a_measured_time_is_not_undone(database: Database, service: ImportService, folder: Folder) -> None:
    """Times that another plugin took from a notice stay when a round is touched for another reason."""
    one, two = folder.play("supply", "2025-10-19-220000", "2025-10-19-221000")
    await import_one(service, one)
    timing = "actual_duration_seconds = 333, duration_source = 'notice', pause_count = 1"
    await database.execute(f"UPDATE rounds SET {timing}")

    await import_one(service, two)
    await import_one(service, folder.put(R1.replace(".txt", "-endstats.txt"), ENDSTATS))
    stored = (await rounds(database))[R1]
    assert (stored["actual_duration_seconds"], stored["pause_count"], stored["revision"]) == (333, 1, 2)

    late = datetime(2026, 3, 2, tzinfo=UTC)
    await import_one(service, folder.put(R1, stats_file(shown="6:06"), modified_at=late))
    stored = (await rounds(database))[R1]
    assert (stored["actual_duration_seconds"], stored["duration_source"], stored["pause_count"]) == (366, "file", None)


async def test_a_pair_found_late_changes_only_the_players_clock(
    database: Database, service: ImportService, folder: Folder
) -> None:
    """An R2's time by its header does not rest on R1 and stays; one by the players' clock does and is written."""
    first, second = first_and_second("supply")
    await import_one(service, folder.put(R2, second.replace(b"\\1\\1\\6:05\\6:05", b"\\1\\2\\6:05\\5:55")))
    await database.execute("UPDATE rounds SET actual_duration_seconds = 333, duration_source = 'notice'")

    await import_one(service, folder.put(R1, first))

    stored = (await rounds(database))[R2]
    assert (stored["status"], stored["actual_duration_seconds"], stored["duration_source"]) == ("ok", 333, "notice")


async def test_endstats_in_either_order(database: Database, service: ImportService, folder: Folder) -> None:
    """Awards and duels go to the round within 30 s, whichever of the two files comes first."""
    end = R1.replace("220000", "220004").replace(".txt", "-endstats.txt")
    await import_one(service, folder.put(end, ENDSTATS))
    await import_one(service, folder.put(R1, stats_file()))
    other = R1.replace("220000", "235957")
    await import_one(service, folder.put(other, stats_file(shown="6:01")))
    over_midnight = "2025-10-20-000004-supply-round-1-endstats.txt"

    told = (await import_one(service, folder.put(over_midnight, ENDSTATS))).events

    assert set(amended(told)[other]) == {"awards", "duels"}
    awards = await database.fetch("SELECT round_id, count(*) AS n FROM awards GROUP BY round_id")
    assert [row["n"] for row in awards] == [4, 4]
    duels = await database.fetch("SELECT DISTINCT killer_guid, victim_guid, kills FROM duels")
    assert {tuple(row.values()) for row in duels} == {
        ("AAAAAAA1", "BBBBBBB1", 3), ("BBBBBBB1", "AAAAAAA1", 1), ("AAAAAAA1", "BBBBBBB2", 2),
    }  # fmt: skip


async def test_sessions_merge_when_a_round_bridges_them(
    database: Database, service: ImportService, folder: Folder
) -> None:
    """Two evenings with a gap of 80 minutes become one when a round between them is found; the smaller id stays."""
    times = ("220000", "232000", "224000")
    files = [folder.put(name_of(f"2025-10-19-{time}"), stats_file(shown=f"6:0{n}")) for n, time in enumerate(times)]
    await service.import_files(files[:2])
    assert len(await database.fetch("SELECT * FROM sessions")) == 2

    told = (await import_one(service, files[2])).events

    (session,) = await database.fetch("SELECT * FROM sessions")
    assert (session["started_at"].hour, session["ended_at"].hour) == (20, 21)
    assert {row["session_id"] for row in (await rounds(database)).values()} == {session["id"]}
    assert amended(told) == {files[1].filename: ("session_id",)}


async def test_bots_are_marked(database: Database, service: ImportService, folder: Folder) -> None:
    """A bot has a GUID of its own and is marked."""
    bot = replace(PLAYERS[0], guid="OMNIBOT0", name="[BOT]x")
    await import_one(service, folder.put(R1, stats_file(players=[bot, PLAYERS[1]])))

    players = {row["is_bot"]: row["guid"] for row in await database.fetch("SELECT * FROM players")}
    assert players[True].startswith("BOT")
    assert players[False] == "AAAAAAA2"


async def test_quarantine_is_read_again(
    database: Database, service: ImportService, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an older parser refused is imported when it can be read; what is broken stays."""
    files = [folder.put(R1, stats_file()), folder.put(R2, stats_file(number=2)[:-1])]
    with monkeypatch.context() as older:
        older.setattr("plugins.stats_import.prepare.parse_stats_file", _refuse)
        results = await service.import_files(files)
    assert [one.state for one in results] == ["quarantined", "quarantined"]
    folder.contents.clear()

    (again,) = await service.read_again()

    assert (again.file.filename, again.state) == (R1, "imported")
    assert [type(event) for event in again.events] == [ImportedRound]
    states = {row["filename"]: row["state"] for row in await database.fetch("SELECT * FROM stats_files")}
    assert states == {R1: "imported", R2: "quarantined"}
    assert await service.read_again() == []


def _refuse(*_: object) -> None:
    raise StatsFileError("a form that is not known yet", 2)


@pytest.mark.parametrize("time", ["0001-01-01-000000", "9999-12-31-235959"])
async def test_times_that_cannot_be_are_left_aside(
    database: Database, service: ImportService, folder: Folder, time: str
) -> None:
    """A name from another millennium does not stop the import, nor does a notice."""
    odd, good = folder.put(name_of(time), stats_file(shown="6:06")), folder.put(R1, stats_file())

    assert [one.state for one in await service.import_files([odd, good])] == ["aside", "imported"]
    for end in (-1e18, 0.0, 1e18, float("inf"), float("nan")):
        with pytest.raises(BadInputError):
            await service.store_notice(RoundNotice(server="puran", map_name="a", round_number=1, round_end_unix=end))


async def test_servers_are_apart(database: Database, service: ImportService, folder: Folder) -> None:
    """The same file of two servers is two rounds; players are everybody's."""
    one = folder.put(R1, stats_file())

    results = await service.import_files([one, replace(one, server="other"), one])

    assert [result.state for result in results] == ["imported"] * 3
    assert len(await rounds(database)) == 1
    assert len(await database.fetch("SELECT * FROM rounds")) == 2
    assert len(await database.fetch("SELECT * FROM players")) == 4


async def test_the_next_files_are_read_while_others_are_stored(database: Database, folder: Folder) -> None:
    """They are stored in the order of the calls, whichever is read first; a call that fails holds up no other."""
    one, two = folder.play("supply", "2025-10-19-220000", "2025-10-19-221000")
    three = folder.put(name_of("2025-10-19-230000"), stats_file())
    slow, read_first = asyncio.Event(), asyncio.Event()

    async def read(file: FetchedFile) -> bytes:
        if file is three:
            raise RuntimeError("a mistake")
        await (slow.wait() if file is one else asyncio.sleep(0))
        read_first.set()
        return await folder.read(file)

    service = ImportService(database, zone_of=lambda _: ZoneInfo("UTC"), read=read, log=logging.getLogger(__name__))
    calls = [asyncio.create_task(service.import_files([file])) for file in (three, one, two)]
    await read_first.wait()
    assert not calls[1].done()
    slow.set()
    failed, *imported = await asyncio.gather(*calls, return_exceptions=True)

    assert isinstance(failed, RuntimeError)
    assert [result.state for (result,) in imported] == ["imported"] * 2  # type: ignore[misc]
    assert [row["filename"] for row in await database.fetch("SELECT filename FROM rounds ORDER BY id")] == [R1, R2]


async def test_servers_are_stored_side_by_side(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What eight servers ask the database for goes there together: it takes no eight times as many ways as one does."""
    folders = [Folder(server=f"s{number}") for number in range(9)]
    by_server = {folder.server: folder for folder in folders}
    service = ImportService(
        database, zone_of=lambda _: ZoneInfo("UTC"), read=lambda file: by_server[file.server].read(file),
        log=logging.getLogger(__name__),
    )  # fmt: skip
    ways: list[Any] = []
    work_off = worker._work_off

    def counted(*asked: Any) -> bool:
        ways.append(asked)
        return work_off(*asked)

    monkeypatch.setattr(worker, "_work_off", counted)

    async def ways_of(some: Sequence[Folder]) -> int:
        """Import R1 and R2 of each, and take the notices of both."""
        before = len(ways)
        played = [folder.play("supply", "2025-10-19-220000", "2025-10-19-221000") for folder in some]
        for files in zip(*played, strict=True):
            await service.import_files(files)
        told = [folder.tell("supply", 2, "2025-10-19 22:10:00") for folder in some]
        told += [folder.tell("supply", 1, "2025-10-19 22:00:00") for folder in some]
        assert [len(events) for events in await service.store_notices(told)] == [1] * len(told)
        return len(ways) - before

    one, eight = await ways_of(folders[:1]), await ways_of(folders[1:])

    stored = "SELECT count(DISTINCT server) AS servers, count(DISTINCT id) AS rounds FROM rounds"
    assert await database.fetch(stored) == [{"servers": 9, "rounds": 18}]
    assert await database.fetch("SELECT count(DISTINCT round_id) AS n FROM round_notices") == [{"n": 18}]
    if database.dialect == "sqlite":
        assert 0 < eight < 2 * one


async def test_one_server_that_cannot_be_stored_undoes_all_of_the_call(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its error is raised when the others have ended: nothing of theirs is written after it."""
    folders = {f"s{number}": Folder(server=f"s{number}") for number in range(8)}
    service = ImportService(
        database, zone_of=lambda _: ZoneInfo("UTC"), read=lambda file: folders[file.server].read(file),
        log=logging.getLogger(__name__),
    )  # fmt: skip
    files = [folder.put(R1, stats_file()) for folder in folders.values()]
    write = Writer.write

    async def broken(writer: Writer) -> None:
        if writer._server == "s3":
            raise BadInputError("s3")
        await write(writer)

    with monkeypatch.context() as patched:
        patched.setattr(Writer, "write", broken)
        with pytest.raises(BadInputError, match="s3"):
            await service.import_files(files)
    assert await database.fetch("SELECT * FROM rounds") == []

    assert {one.state for one in await service.import_files(files)} == {"imported"}


async def test_an_error_of_the_database_leaves_nothing(
    database: Database, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If storing fails half way, nothing is stored, and a later try succeeds."""
    service = service_of(database, folder)
    file = folder.put(R1, stats_file())
    with monkeypatch.context() as broken:
        broken.setattr("plugins.stats_import.writing.Writer.finish", _broken)
        with pytest.raises(BadInputError):
            await import_one(service, file)
    assert await database.fetch("SELECT * FROM stats_files") == []

    assert (await import_one(service, file)).state == "imported"


async def _broken(_: object) -> None:
    raise BadInputError("half way")


async def test_all_samples_at_once(database: Database, samples: Path, folder: Folder) -> None:
    """The counts over the real files."""
    service = service_of(database, folder)
    _put_all(folder, samples)

    results = await service.import_files(folder.files)

    assert {one.state for one in results} == {"imported"}
    assert await _counts(database, "SELECT status, count(*) FROM rounds GROUP BY status") == {
        "ok": 146, "unpaired": 9, "empty": 1, "aborted": 1,
    }  # fmt: skip
    assert await _counts(database, "SELECT 'matches', count(*) FROM matches") == {"matches": 80}
    results_of_pairs = "SELECT result, count(*) FROM matches WHERE round2_id IS NOT NULL GROUP BY result"
    assert await _counts(database, results_of_pairs) == {
        "second_attackers": 42, "first_attackers": 22, "draw": 2,
    }  # fmt: skip
    assert await _counts(database, "SELECT 'players', count(*) FROM player_rounds") == {"players": 1007}
    own_clock = "SELECT r.filename, r.actual_duration_seconds FROM rounds r WHERE r.filename LIKE '2025-10-1%-22%'"
    durations = await _counts(database, own_clock)
    assert durations["2025-10-19-225156-sw_goldrush_te-round-1.txt"] == 510
    kills = "SELECT round_id, sum(kills) - sum(deaths) FROM player_rounds WHERE kills IS NOT NULL GROUP BY round_id"
    assert sum(difference != 0 for difference in (await _counts(database, kills)).values()) <= 4


def _put_all(folder: Folder, samples: Path) -> None:
    for path in sorted(samples.glob("*.txt")):
        folder.put(path.name, path.read_bytes(), trigger="import")


async def _counts(database: Database, query: str) -> dict[Any, Any]:
    return dict(tuple(row.values()) for row in await database.fetch(query))
