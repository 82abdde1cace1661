"""What ``roundhook audit`` finds: each impossible row by name of file, and nothing in what is possible."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.cli.terminal import Terminal
from core.config import Config
from core.db import Database
from core.kernel.options import Settings
from core.rounds import rollups
from plugins.stats_import.audit import audit, print_audit
from roundhook import FetchedFile
from tests.plugins.stats_import.conftest import service_of
from tests.plugins.stats_import.invented import MP40, Folder, Line, name_of, stats_file

R1, R2 = name_of("2025-10-19-220000"), name_of("2025-10-19-221000", number=2)
FAIR = (
    Line("AAAAAAA1", "one", 0, 1, {MP40: (20, 50, 3, 2, 5)}, fields={0: 300, 1: 200, 2: 7, 3: 0, 19: 1, 37: 0, 25: 9}),
    Line("BBBBBBB1", "two", 0, 2, {MP40: (20, 50, 2, 3, 5)}, fields={0: 200, 1: 300, 2: 0, 3: 7, 19: 0, 37: 1, 25: 9}),
)  # fmt: skip
SPOILS = {
    "kills and deaths": "UPDATE player_rounds SET kills = kills + 1 WHERE guid = 'AAAAAAA1'",
    "damage given and received": "UPDATE player_rounds SET damage_given = damage_given + 1 WHERE guid = 'AAAAAAA1'",
    "team damage": "UPDATE player_rounds SET team_damage_given = 99 WHERE guid = 'AAAAAAA1'",
    "revives": "UPDATE player_rounds SET times_revived = 9 WHERE guid = 'AAAAAAA1'",
    "longer than the round": "UPDATE player_rounds SET time_played_seconds = 376 WHERE guid = 'AAAAAAA1'",
    "dead longer": "UPDATE player_rounds SET time_dead_seconds = 361 WHERE guid = 'AAAAAAA1'",
    "longer than its limit": "UPDATE rounds SET actual_duration_seconds = 726",
    "head hits": "UPDATE player_rounds SET headshots = 21 WHERE guid = 'AAAAAAA1'",
    "hits than shots": "UPDATE weapon_rounds SET hits = 51 WHERE guid = 'AAAAAAA1'",
    "do not add up": "UPDATE weapon_rounds SET kills = 4 WHERE guid = 'AAAAAAA1'",
    "negative": "UPDATE player_rounds SET hits = -1 WHERE guid = 'AAAAAAA1'",
}


@pytest.mark.parametrize("words", SPOILS)
async def test_an_impossible_row_is_found(database: Database, words: str) -> None:
    """Nothing is said of a fair round; when a row of it is spoilt, it is found and its file named."""
    folder = Folder()
    await service_of(database, folder).import_files([folder.put(R1, stats_file(players=FAIR))])
    assert not any((await audit(database)).values())

    await database.execute(SPOILS[words])

    found = (await audit(database))["impossible"]
    assert any(words in row["what"] and row["filename"] == R1 and row["server"] == "puran" for row in found), found


async def test_what_was_refused_waits_or_was_taken_otherwise(database: Database) -> None:
    """Quarantined files with their reason, notices without a file, and each value that was changed, with its reason."""
    folder = Folder()
    service = service_of(database, folder)
    later = [FAIR[0].later(), Line("CCCCCCC1", "new", rounds=1, side=1, tenths=50, fields={25: 90})]
    files = [
        folder.put(R1, stats_file(players=FAIR)),
        folder.put(R2, stats_file(number=2, players=later, limit="6:05", shown="6:05", winner=1)),
        folder.put(name_of("2025-10-19-223000"), stats_file()[:-4]),
    ]
    await service.import_files(files)
    await service.store_notice(folder.tell("radar", 1, "2025-10-19 21:00:00"))

    found = await audit(database)

    (refused,) = found["quarantined"]
    assert "line 5: cut off" in refused["reason"]
    (waiting,) = found["notices_without_file"]
    assert (waiting["map_name"], waiting["round_number"]) == ("radar", 1)
    assert [(row["filename"], row["guid"], row["remark"]) for row in found["taken_otherwise"]] == [
        (R2, "BBBBBBB1", "is in the file of R1 and not in this one"),
        (R2, "CCCCCCC1", "is not in the file of R1: the numbers are taken as written"),
        (R2, "CCCCCCC1", "was dead for 540 s of 300 s played, says the file: 300 s are taken"),
    ]


async def test_sums_that_do_not_match_are_found(database: Database) -> None:
    """A total that is not what the rounds say is named, and a rebuild mends it."""
    folder = Folder()
    await service_of(database, folder).import_files([folder.put(R1, stats_file(players=FAIR))])
    await database.execute("UPDATE player_totals SET rounds = 5 WHERE guid = 'AAAAAAA1'")

    assert (await audit(database))["sums"] == [{"found": 6, "wanted": 2}]
    await rollups.rebuild_rollups(database)
    assert (await audit(database))["sums"] == []


async def test_the_samples_add_up(database: Database, samples: Path) -> None:
    """The real files hold no impossible row; what was taken otherwise is said, the 220 minutes dead among it."""
    folder = Folder()
    for path in sorted(samples.glob("*.txt")):
        folder.put(path.name, path.read_bytes(), trigger="import")
    await service_of(database, folder).import_files(folder.files)

    found = await audit(database)

    assert (found["impossible"], found["quarantined"], found["sums"]) == ([], [], [])
    remarks = {(row["filename"], row["guid"]): row["remark"] for row in found["taken_otherwise"]}
    assert "13242 s of 510 s" in remarks["2025-10-19-215817-supply-round-2.txt", "652EB4A6"]
    assert "began anew" in remarks["2025-10-26-203013-etl_sp_delivery-round-2.txt", "C74FB315"]
    assert "spectator" in remarks["2025-10-23-221355-etl_sp_delivery-round-2.txt", "0A26D447"]
    assert sum("not in the file of R1" in text for text in remarks.values()) == 1


async def test_a_file_whose_import_failed_is_named(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as a file that has not come: with the reason, and with what tries it again."""
    file = FetchedFile(server="local", filename=R1, sha256="a")
    owner = (
        "INSERT INTO events (id, key, type, payload, published_at, owner) VALUES (7, 'k', 'FetchedFile', ?, ?, 'me')"
    )
    now = datetime.now(UTC)
    await database.execute(owner, (file.to_text(), now))
    await database.execute(
        "INSERT INTO deliveries (event_id, plugin, state, attempts, error, updated_at) "
        "VALUES (7, 'stats_import', 'failed', 6, 'OSError: disk full', ?)",
        (now,),
    )
    for map_name in ("supply", "radar"):
        await database.execute(
            "INSERT INTO round_notices (server, map_name, round_number, round_end_unix, notice) "
            "VALUES ('local', ?, 1, 1760911200, '{}')",
            (map_name,),
        )
    terminal = Terminal(Config(), Settings({}))
    said: list[str] = []
    monkeypatch.setattr(terminal, "print", said.append)

    document = await audit(database)
    print_audit(terminal, document)

    assert [row["failed"] for row in document["notices_without_file"]] == [R1, None]
    text = "\n".join(said)
    assert f"the file came, its import failed: {R1} of local: OSError: disk full" in text
    assert "roundhook events replay 7" in text
    assert "no file came: radar R1 of local" in text
    assert "no file came: supply" not in text
