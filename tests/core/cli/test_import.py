"""``roundhook import``: what is taken, what is said about the rest, and that it can be repeated."""

import asyncio
import contextlib
import re
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.cli.terminal import Offline
from tests.core.cli.conftest import Command, Process, Said
from tests.core.cli.evening import AWARDS, FIRST, OTHER, ROUNDS, write_evening
from tests.plugin_maker import write_plugin
from tests.plugins.stats_import.invented import stats_file

TABLES = ("stats_files", "rounds", "matches", "sessions", "players", "player_names", "player_rounds", "weapon_rounds",
          "awards", "duels", "lua_round_teams", "events", "deliveries")  # fmt: skip


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, ids, revisions and times of writing included."""
    return {table: sorted(rows(path, f"SELECT * FROM {table}"), key=repr) for table in TABLES}


def test_the_real_files(roundhook: Command, samples: Path, tmp_path: Path) -> None:
    """157 rounds are stored, two files are left aside with a word, and the same again changes nothing."""
    words = ("import", samples, "--db", f"sqlite:///{tmp_path}/real.db", "--timezone", "Europe/Ljubljana", "--json")
    first = roundhook(*words)
    before = dump(tmp_path / "real.db")
    second = roundhook(*words)

    summary = first.document
    assert (first.code, first.err) == (0, "")
    assert (summary["seen"], summary["imported"], summary["known"], summary["rejected"]) == (159, 157, 0, [])
    assert len(before["rounds"]) == 157
    assert {Path(one["file"]).name: one["reason"].partition(":")[0] for one in summary["aside"]} == {
        "README.md": "not the name of a stats file",
        "2026-01-12-224606-te_escape2-round-2-endstats.txt": "endstats",
    }
    again = second.document
    assert second.code == 0
    assert (again["seen"], again["imported"], again["known"], len(again["aside"])) == (159, 0, 157, 2)
    assert dump(tmp_path / "real.db") == before


def test_an_evening_on_both_databases(roundhook: Command, database_url: str, tmp_path: Path) -> None:
    """Rounds, awards and teams are stored on SQLite and on PostgreSQL; the same again is known."""
    folder = write_evening(tmp_path / "evening")
    first, second = [roundhook("import", folder, "--db", database_url, "--json").document for _ in range(2)]
    stored = roundhook("rounds", "--db", database_url, "--json").document
    shown = roundhook("round", stored[0]["id"], "--db", database_url, "--json").document
    audit = roundhook("audit", "--db", database_url, "--json").document

    assert (first["imported"], first["known"], second["imported"], second["known"]) == (4, 0, 0, 4)
    assert [row["filename"] for row in stored] == list(reversed(ROUNDS))
    assert shown["map_name"] == "te_escape2"
    assert set(audit) >= {"impossible", "quarantined", "notices_without_file"}


async def test_in_a_process_of_its_own(separately: Process, tmp_path: Path) -> None:
    """Stdout is the one JSON document, stderr is silent, relative paths count from the working directory."""
    write_evening(tmp_path / "evening")
    said = await separately("import", "evening", "--json")

    assert (said.code, said.err) == (0, "")
    assert said.document["imported"] == 4
    assert rows(tmp_path / "roundhook.db", "SELECT DISTINCT server FROM rounds") == [("local",)]


async def test_what_it_does_not_load(tmp_path: Path) -> None:
    """An import touches neither Discord nor SSH nor pictures; help touches no library at all.

    It has few dataclasses: each is compiled anew at every start.
    """
    write_evening(tmp_path / "evening")
    heavy = "{'hikari', 'lightbulb', 'asyncssh', 'PIL', 'aiohttp', 'asyncpg'}"
    code = f"""
import dataclasses, sys
made, make = [], dataclasses._process_class
dataclasses._process_class = lambda cls, *options: made.append(cls.__qualname__) or make(cls, *options)
from core.cli import main
try:
    main(['--help'])
except SystemExit:
    pass
assert not ({heavy} | {{'piccolo', 'pluggy', 'msgspec'}}) & set(sys.modules), 'help'
assert main(['import', 'evening']) == 0
assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)
assert len(made) < 40, made
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=tmp_path, env={"PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, error = await process.communicate()

    assert process.returncode == 0, error.decode()


async def test_what_the_event_loop_does_not_wait_for(tmp_path: Path) -> None:
    """While it runs, it imports nothing but modules of our own: libraries come before, or in a thread."""
    write_evening(tmp_path / "evening")
    code = """
import asyncio, sys
from core.cli import main
from core.db import migration_run

migration_run.kept_schema = lambda *_: []  # else no migration is run: nothing has to be imported for it

class Watch:
    found = []
    def find_spec(self, name, path=None, target=None):
        if asyncio._get_running_loop() is not None:
            self.found.append(name)

sys.meta_path.insert(0, Watch())
assert main(['import', 'evening']) == 0
assert 'piccolo.conf.apps' in sys.modules, 'the migrations have not run'
assert not {'black', 'packaging'} & set(sys.modules), 'what writes migrations and reads requirements'
ours = ('core.', 'core_', 'team_capture_', 'roundhook', '_strptime')
foreign = [one for one in Watch.found if not one.startswith(ours)]
assert foreign == [], foreign
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=tmp_path, env={"PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, error = await process.communicate()

    assert process.returncode == 0, error.decode()


def test_so_many_files_are_on_their_way(
    roundhook: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """However many there are: a chunk is taken when the last but one is worked off."""
    folder = write_evening(tmp_path / "evening")
    for number in range(400):
        time = datetime(2026, 1, 10, tzinfo=UTC) + timedelta(minutes=number)
        (folder / f"{time:%Y-%m-%d-%H%M%S}-supply-round-1.txt").write_bytes(b"nonsense\n")
    published, ended, most = [0], [0], [0]
    publish, settled = Offline.__call__, Offline.settled

    async def publishing(self: Offline, event: Any) -> None:
        published[0] += 1
        most[0] = max(most[0], published[0] - ended[0])
        await publish(self, event)

    async def settling(self: Offline) -> None:
        before = published[0]
        await settled(self)
        ended[0] = max(ended[0], before)

    monkeypatch.setattr(Offline, "__call__", publishing)
    monkeypatch.setattr(Offline, "settled", settling)

    said = roundhook("import", folder, "--json")

    assert (said.document["imported"], len(said.document["rejected"])) == (4, 400)
    assert published[0] == 404
    assert 128 < most[0] <= 256


def test_what_is_refused_is_named(roundhook: Command, tmp_path: Path) -> None:
    """Broken files are named with reasons, the rest is stored, the exit code is 1; so is that of a second run."""
    folder = write_evening(tmp_path / "evening")
    (folder / "2026-01-10-220000-supply-round-1.txt").write_bytes(stats_file()[:-20])
    (folder / "2026-01-10-221000-radar-round-1.txt").write_bytes(stats_file("supply"))
    (folder / "2026-01-10-222000-huge-round-1.txt").write_bytes(b"x" * (5 * 1024 * 1024))
    (folder / "notes.txt").write_text("not a stats file")
    url = f"sqlite:///{tmp_path}/x.db"
    first, second = [roundhook("import", folder, "--db", url, "--json") for _ in range(2)]
    text = roundhook("import", folder, "--db", url)
    audit = roundhook("audit", "--db", url).out

    reasons = {Path(one["file"]).name: one["reason"] for one in first.document["rejected"]}
    assert (first.code, first.document["imported"], len(first.document["aside"])) == (1, 4, 1)
    assert "cut off" in reasons["2026-01-10-220000-supply-round-1.txt"]
    assert "the header says 'supply'" in reasons["2026-01-10-221000-radar-round-1.txt"]
    assert "at most" in reasons["2026-01-10-222000-huge-round-1.txt"]
    assert (second.code, second.document["imported"], second.document["known"]) == (1, 0, 4)
    assert second.document["rejected"] == first.document["rejected"]
    assert f"refused: {folder}/2026-01-10-220000-supply-round-1.txt: " in text.out
    assert f"left aside: {folder}/notes.txt: not the name of a stats file" in text.out
    assert "8 files seen: 0 imported, 4 already known." in text.out
    assert "refused: 2026-01-10-220000-supply-round-1.txt of local" in audit


def test_awards_are_refused_without_their_round_too(roundhook: Command, tmp_path: Path) -> None:
    """It is not said of a broken endstats file that it is kept until its round comes; the exit code is 1."""
    folder = tmp_path / "evening"
    folder.mkdir()
    (folder / AWARDS).write_bytes(b"cut o")
    first, second = [roundhook("import", folder, "--json") for _ in range(2)]

    for said in (first, second):
        assert (said.code, said.document["aside"]) == (1, [])
        (refused,) = said.document["rejected"]
        assert "cut off" in refused["reason"]


def test_one_file_named_twice_counts_once(roundhook: Command, tmp_path: Path) -> None:
    """A file and its folder, named together, are each seen once."""
    folder = write_evening(tmp_path / "evening")
    said = roundhook("import", folder, folder / FIRST, "evening", "--json")

    assert (said.document["seen"], said.document["imported"]) == (4, 4)


def test_awards_that_come_before_their_round(roundhook: Command, tmp_path: Path) -> None:
    """An endstats file alone is left aside with a word; with its round it counts as known, and its awards are there."""
    folder = write_evening(tmp_path / "evening")
    alone = roundhook("import", folder / AWARDS, "--json").document
    then = roundhook("import", folder, "--json").document

    assert (alone["imported"], [Path(one["file"]).name for one in alone["aside"]]) == (0, [AWARDS])
    assert (then["imported"], then["known"], then["aside"]) == (3, 1, [])
    assert rows(tmp_path / "roundhook.db", "SELECT count(*) FROM awards")[0][0] > 0


@pytest.mark.parametrize(
    ("config", "words", "server", "played_at"),
    [
        ("", (), "local", "2026-01-10 21:30:00"),
        ("", ("--server", "puran", "--timezone", "America/New_York"), "puran", "2026-01-11 02:30:00"),
        ("puran", (), "puran", "2026-01-10 20:30:00"),
        ("puran other", (), "local", "2026-01-10 21:30:00"),
        ("puran other", ("--server", "other"), "other", "2026-01-10 20:30:00"),
    ],
)
def test_server_and_zone(
    roundhook: Command, tmp_path: Path, config: str, words: tuple[str, ...], server: str, played_at: str
) -> None:
    """The server is the one named, else the only one configured, else local in UTC; a zone given counts."""
    servers = enumerate(config.split(), 1)
    tables = [f'[servers.{key}]\ntimezone = "Europe/Ljubljana"\nwebhook_ids = [{hook}]\n' for hook, key in servers]
    (tmp_path / "roundhook.toml").write_text("\n".join(tables))
    said = roundhook("import", write_evening(tmp_path / "evening") / OTHER, *words)
    (row,) = rows(tmp_path / "roundhook.db", "SELECT server, played_at FROM rounds")

    assert said.code == 0, said.err
    assert (row[0], row[1][:19].replace("T", " ")) == (server, played_at)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nowhere",), "nowhere does not exist. Name stats files, or folders of them."),
        ((".", "--timezone", "Mars/Base"), "timezone is 'Mars/Base', which is no time zone. Write one such as"),
        ((".", "--server", "A B"), "use a short key of a-z, 0-9, _ and -"),
        ((".", "--db", "sqlite:///no/such/folder/x.db"), "no/such/folder, which is no folder. Create it"),
        ((".", "--db", "mysql://x"), "Use sqlite:///path/to/file.db or postgres://user@host/database."),
        ((".", "--config", "none.toml"), "none.toml cannot be read"),
    ],
)
def test_mistakes_are_one_line(roundhook: Command, words: tuple[str, ...], says: str) -> None:
    """A wrong path, zone, key or database: one line on stderr that says what to do, and exit code 1."""
    said = roundhook("import", *words)

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("roundhook: ")
    assert said.err.count("\n") == 1
    assert says in said.err


FAILING = """
from roundhook import Plugin, hookimpl
class Late(Plugin):
    left = {times}
    @hookimpl
    async def on_round_imported(self, round):
        self.left -= 1
        if self.left >= 0:
            raise ValueError("the printer is out of paper")
"""


def import_beside(roundhook: Command, folder: Path, *, times: int) -> Said:
    """Import an evening of four rounds beside a plugin that fails so many times."""
    write_plugin(folder / "plugins", "late", FAILING.format(times=times), manifest="offline = true")
    (folder / "roundhook.toml").write_text(f'[plugins]\npaths = ["{folder / "plugins"}"]\n')
    return roundhook("import", write_evening(folder / "evening"), "--json")


def test_what_waits_is_said(roundhook: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that fails is told of while it is tried again, and when that is over: number, reason and remedy."""
    monkeypatch.setattr("core.cli.waiting.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("core.kernel.dispatcher.RETRY_SECONDS", (0.5,) * 5)

    said = import_beside(roundhook, tmp_path, times=4)

    assert (said.code, said.document["imported"]) == (0, 4)
    *lines, over = [line for line in said.err.splitlines() if line.startswith("late: ")]
    assert over == "late: nothing waits any more."
    assert 1 <= len(lines) == len(set(lines)) <= 5, "each once"
    said_once = r"late: [1-4] events? waits?, attempt [12] of 6 has failed \(ValueError: the printer is out of paper\)"
    assert all(re.match(said_once, line) for line in lines)
    assert "Mend what the error says, or the plugin. Ctrl-C ends this" in lines[-1]


def test_what_waits_for_too_long_stays(roundhook: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the end the command says what is left and where it is; that is no mistake in roundhook."""
    monkeypatch.setattr("core.cli.terminal.SETTLE_SECONDS", 0.9)

    said = import_beside(roundhook, tmp_path, times=99)

    assert said.code == 1
    assert re.search(r"late: [1-4] events? waits?, attempt 1 of 6 has failed", said.err)
    last = said.err.splitlines()[-1]
    assert last.startswith("roundhook: Not all was handled (not settled after 0.9 s: ")
    assert last.endswith("for late). It stays in the journal: the bot or the next import goes on with it.")
    left = rows(tmp_path / "roundhook.db", "SELECT DISTINCT plugin FROM deliveries WHERE state <> 'done'")
    assert left == [("late",)]
