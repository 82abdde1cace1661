"""The commands that show what is stored, as text and as JSON; and that looking changes nothing."""

import asyncio
import contextlib
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.core.cli.conftest import Command, Process
from tests.core.cli.evening import FIRST, OTHER, ROUNDS, SECOND, write_evening
from tests.plugins.stats_import.invented import stats_file


def execute(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_rounds(roundhook: Command, filled: str) -> None:
    """The latest first, as a table and as rows with every column and the number of players."""
    text = roundhook("rounds", "--db", filled)
    few = roundhook("rounds", "--db", filled, "--limit", 1)
    document = roundhook("rounds", "--json", "--db", filled).document

    lines = text.out.splitlines()
    assert lines[0].split() == ["id", "played", "(UTC)", "server", "map", "real", "file", "from", "end", "status",
                                "players"]  # fmt: skip
    assert [line.split()[4] for line in lines[1:]] == ["te_escape2", "supply", "supply"]
    assert "3:20" in lines[1]
    assert len(few.out.splitlines()) == 2
    assert [row["filename"] for row in document] == list(reversed(ROUNDS))
    assert document[0]["played_at"] == "2026-01-10T21:30:00+00:00"
    assert {row["players"] for row in document} == {4}


def test_one_round(roundhook: Command, filled: str) -> None:
    """A round with its players, weapons, awards, duels, match and notice."""
    ids = {row["filename"]: row["id"] for row in roundhook("rounds", "--json", "--db", filled).document}
    text = roundhook("round", ids[SECOND], "--db", filled)
    document = roundhook("round", ids[SECOND], "--json", "--db", filled).document

    assert text.out.startswith("supply round 2 on local, 2026-01-10 21:10:00 UTC\nAxis won, Axis defended;")
    assert "played 5:00 (by the players); the file says 6:05 of 6:05" in text.out
    assert "two x" in text.out
    assert document["match"]["round1_id"] == ids[FIRST]
    assert {one["guid"] for one in document["players"]} == {"AAAAAAA1", "AAAAAAA2", "BBBBBBB1", "BBBBBBB2"}
    assert {one["weapon"] for one in document["weapons"]} == {"knife", "mp40", "grenade"}
    assert document["awards"][0].keys() == {"round_id", "award", "guid", "value"}
    assert {one["killer_guid"] for one in document["duels"]} == {"AAAAAAA1", "BBBBBBB1"}
    assert document["notice"] is None


def test_audit_of_what_adds_up_and_what_does_not(roundhook: Command, filled: str, tmp_path: Path) -> None:
    """Impossible rows, quarantined files and notices without files are each named; the exit code stays 0."""
    bad = tmp_path / "2026-01-11-210000-supply-round-1.txt"
    bad.write_bytes(stats_file()[:-5])
    roundhook("import", bad, "--db", filled)
    execute(
        tmp_path / "filled.db",
        "UPDATE player_rounds SET kills = kills + 50 WHERE round_id = 1 AND guid = 'AAAAAAA1'",
        "UPDATE rounds SET actual_duration_seconds = 10 WHERE id = 1",
        "INSERT INTO round_notices (server, map_name, round_number, round_end_unix, notice) "
        "VALUES ('local', 'radar', 2, 1768000000, '{}')",
    )
    said, document = roundhook("audit", "--db", filled), roundhook("audit", "--json", "--db", filled).document

    kinds = [one["what"] for one in document["impossible"]]
    assert said.code == 0
    assert any("kills and deaths" in one for one in kinds)
    assert any("played longer than the round" in one for one in kinds)
    assert [one["filename"] for one in document["quarantined"]] == [bad.name]
    assert [one["map_name"] for one in document["notices_without_file"]] == ["radar"]
    for words in ("kills and deaths of the round differ", f"refused: {bad.name} of local: ", "no file came: radar R2"):
        assert words in said.out


def test_events_and_their_replay(roundhook: Command, filled: str, tmp_path: Path) -> None:
    """The journal, newest first; a failed delivery is listed and made pending again by its id, once."""
    every = roundhook("events", "--json", "--db", filled).document
    none = roundhook("events", "--failed", "--json", "--db", filled).document
    two = roundhook("events", "--db", filled, "--limit", 2)
    event = next(one for one in every if one["plugin"] == "team_capture")
    execute(
        tmp_path / "filled.db",
        f"UPDATE deliveries SET state = 'failed', error = 'no such luck' WHERE event_id = {event['id']} "
        "AND plugin = 'team_capture'",
    )
    failed = roundhook("events", "--failed", "--json", "--db", filled).document
    text = roundhook("events", "--failed", "--db", filled)
    replayed = roundhook("events", "replay", event["id"], "--db", filled)
    again = roundhook("events", "--db", filled, "replay", event["id"], 2**60)

    assert {one["state"] for one in every} == {"done"}
    types = {one["type"] for one in every} - {"RoundAmended"}  # there where the evening came in more than one batch
    assert types == {"FetchedFile", "ImportedRound"}
    assert every == sorted(every, key=lambda one: (-one["id"], one["plugin"]))
    assert none == []
    assert len(two.out.splitlines()) == 3
    assert [(one["id"], one["plugin"], one["error"]) for one in failed] == [
        (event["id"], "team_capture", "no such luck")
    ]
    assert "no such luck" in text.out
    assert (replayed.code, replayed.out) == (
        0, "1 delivery will be tried again: by the running bot within half a minute, else at its next start.\n",
    )  # fmt: skip
    assert again.code == 1
    assert "has failed. `roundhook events --failed` lists what has." in again.err


def test_database_status_upgrade_and_backup(roundhook: Command, filled: str, tmp_path: Path) -> None:
    """What is due and stored; upgrading runs what is due, once; a backup is a database with the same rows."""
    with contextlib.closing(sqlite3.connect(filled.removeprefix("sqlite:///"))) as database:
        database.execute("DELETE FROM migration WHERE name LIKE 'team_capture%'")
        database.commit()
    before = roundhook("db", "status", "--db", filled, "--json")
    upgraded = roundhook("db", "upgrade", "--db", filled, "--json").document
    document, nothing = before.document, roundhook("db", "upgrade", "--db", filled)
    status = roundhook("db", "status", "--db", filled)
    backup = roundhook("db", "backup", "--db", filled, "copy.db")
    copied = roundhook("rounds", "--json", "--db", "sqlite:///copy.db").document

    assert (before.code, document["rows"]["rounds"]) == (1, 3)
    assert upgraded["done"] == document["pending"]["team_capture"] != []
    assert nothing.out == "The database is up to date.\n"
    assert status.code == 0
    assert {"rounds: 3", "players: 4", "player_rounds: 12"} <= set(status.out.splitlines())
    assert backup.out == "copied to copy.db\n"
    assert len(copied) == 3


def test_an_empty_database_can_be_made_and_read(roundhook: Command, empty_database_url: str) -> None:
    """``db upgrade`` makes the tables on both databases; every view of nothing is empty and no error."""
    made = roundhook("db", "upgrade", "--db", empty_database_url)
    listed = [
        roundhook(*words, "--json", "--db", empty_database_url)
        for words in (["rounds"], ["events"], ["audit"], ["db", "status"])
    ]
    text = [roundhook(*words, "--db", empty_database_url) for words in (["rounds"], ["events"], ["audit"])]

    assert "core_2026" in made.out
    assert [said.code for said in (*listed, *text)] == [0] * 7
    assert listed[0].document == listed[1].document == []
    assert listed[3].document["rows"]["rounds"] == 0
    assert text[2].out == "Everything adds up.\n"


READING = (["rounds"], ["round", "1"], ["audit"], ["events"], ["db", "status"], ["db", "backup", "b.db"],
           ["events", "replay", "1"])  # fmt: skip


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_without_a_database_nothing_is_made(roundhook: Command, tmp_path: Path, words: list[str]) -> None:
    """No command that reads makes a database or a folder; it says what does, in one line."""
    said = roundhook(*words)

    assert (said.code, said.out) == (78 if words[0] == "run" else 1, "")
    assert said.err == f"roundhook: There is no database at {tmp_path}/roundhook.db yet. Import files or start the bot first.\n"  # fmt: skip  # noqa: E501
    assert list(tmp_path.iterdir()) == []


def test_reading_writes_nothing(roundhook: Command, filled: str, tmp_path: Path) -> None:
    """The database file is the same, byte for byte, after every reading command."""
    before = (tmp_path / "filled.db").read_bytes()
    for words in (["rounds"], ["round", "1"], ["audit"], ["events", "--failed"], ["db", "status"], ["plugin", "list"]):
        assert roundhook(*words, "--db", filled).code == 0

    assert (tmp_path / "filled.db").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("rounds", "--config", "gone.toml"), "gone.toml cannot be read (No such file or directory). Copy roundhook."),
        (("rounds", "--db", "sqlite:///gone/x.db"), "/gone, which is no folder. Create it, or set another path."),
        (("rounds", "--db", "sqlite:///text.db"), "The database cannot be used (file is not a database). Correct"),
        (("rounds", "--db", "sqlite:///old.db"), "not up to date. Run `roundhook db upgrade`"),
        (("rounds", "--db", "postgres://nobody@127.0.0.1:1/x"), "PostgreSQL does not answer"),
        (("round", "7", "--db", "sqlite:///new.db"), "There is no round 7. `roundhook rounds` lists those"),
        (("round", str(10**30), "--db", "sqlite:///new.db"), "There is no round 1000"),
        (("db", "backup", "old.db"), "old.db exists already; a backup does not overwrite. Name a new file."),
        (("db", "backup", "gone/b.db", "--db", "sqlite:///new.db"), "gone/b.db would be in a folder that does not"),
        (("rounds", "--config", "typo.toml"), " is not a setting. Did you mean discord.token? Correct"),
        (("rounds", "--config", "type.toml"), "plugins.watch is 'yes'"),
        (("rounds", "--config", "broken.toml"), "broken.toml is not valid TOML"),
        (("run", "--config", "literal.toml"), "discord.token holds a literal token (not shown here)"),
    ],
)
def test_mistakes_are_one_line(roundhook: Command, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    """A wrong setting, database or id: one line on stderr that names it and the remedy; exit code 1, of ``run`` 78."""
    (tmp_path / "text.db").write_text("words\n" * 100)
    (tmp_path / "old.db").touch()
    (tmp_path / "typo.toml").write_text('[discord]\ntokn = "sentinel"')
    (tmp_path / "type.toml").write_text('[plugins]\nwatch = "yes"')
    (tmp_path / "broken.toml").write_text("[discord\n")
    (tmp_path / "literal.toml").write_text('[discord]\ntoken = "MTIz.sentinel.token"')
    if "sqlite:///new.db" in words:
        roundhook("db", "upgrade", "--db", "sqlite:///new.db")
    said = roundhook(*words)

    assert (said.code, said.out) == (78 if words[0] == "run" else 1, "")
    assert said.err.startswith("roundhook: ")
    assert said.err.count("\n") == 1
    assert says in said.err
    assert "sentinel" not in said.err


@pytest.mark.parametrize(
    "words", [(), ("fly",), ("db",), ("db", "fly"), ("events", "replay"), ("rounds", "--limit", "x")]
)
def test_wrong_usage_is_code_2(roundhook: Command, words: tuple[str, ...]) -> None:
    """What is no command is answered with how it is used, on stderr."""
    said = roundhook(*words)

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("usage: roundhook")


def test_every_command_has_help(roundhook: Command) -> None:
    """--help of each command and action works and says what it does."""
    commands = [line.split()[0] for line in roundhook("--help").out.splitlines() if line.startswith("    ")]
    assert {"demo", "run", "check", "import", "rounds", "round", "audit", "plugin", "events", "db"} <= set(commands)
    for words in (*([command] for command in commands), ["db", "backup"], ["plugin", "new"], ["events", "replay"]):
        said = roundhook(*words, "--help")

        assert said.code == 0
        assert said.out.startswith(f"usage: roundhook {' '.join(words)}")


async def test_output_into_a_pipe_that_closes(roundhook: Command, tmp_path: Path) -> None:
    """``roundhook rounds | head -1`` ends without a traceback."""
    write_evening(tmp_path / "evening")
    await asyncio.to_thread(roundhook, "import", "evening")
    repository = Path(__file__).parents[3]
    process = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m roundhook rounds --json | true", cwd=tmp_path, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(repository)},
    )  # fmt: skip
    _, error = await process.communicate()

    assert error.decode() == ""


async def test_names_in_a_terminal_without_unicode(roundhook: Command, separately: Process, tmp_path: Path) -> None:
    """JSON stays JSON where the output takes ASCII only."""
    write_evening(tmp_path / "evening")
    (tmp_path / "evening" / OTHER).write_bytes(stats_file("te_escape2").replace(b"three", "Črt".encode()))
    await asyncio.to_thread(roundhook, "import", "evening")
    said = await separately("round", 3, "--json", PYTHONIOENCODING="ascii")
    names: list[Any] = [one["name"] for one in said.document["players"]]

    assert "Črt" in names
    assert said.out.isascii()
