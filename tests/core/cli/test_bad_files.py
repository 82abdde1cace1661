"""``roundhook import`` over a folder of bad files: each refused with file and reason, the good ones stored."""

import hashlib
import os
from pathlib import Path

import pytest

from tests.core.cli.conftest import Command
from tests.plugins.stats_import.invented import ENDSTATS, MP40, PLAYERS, Line, name_of, stats_file

GOOD, CROWD, LINKED = [name_of(f"2026-01-10-2{hour}0000") for hour in range(3)]
LONG = hashlib.shake_256(b"a name").hexdigest(3000)
"""Too long for an index of PostgreSQL, also when it is compressed."""
BAD = {
    name_of("2026-01-11-210000"): (b"", 1),
    name_of("2026-01-11-214000"): (stats_file(players=[Line("AAAAAAA1", weapons={MP40: ()})]), 2),
    name_of("2026-01-11-215000"): (b"x" * 1_000_000 + b"\n", 1),
    name_of("2026-01-11-215100"): (stats_file() + b"x" * 1_000_000 + b"\n", 6),
    name_of("2026-01-11-215500"): (stats_file(players=[Line(f"C{number:07X}") for number in range(100)]), 98),
    name_of("2026-01-11-215600"): (stats_file(players=[PLAYERS[0], PLAYERS[0]]), 3),
    name_of("2026-01-11-215700"): (stats_file(players=[Line("AAAAAAA1", LONG)]), 2),
    name_of("2026-01-11-215800"): (stats_file()[:-1], 5),
    name_of("2026-01-10-200001", end="-endstats"): (b"", 1),
    name_of("2026-01-10-200004", end="-endstats"): (ENDSTATS + b"three\t3\t\n", 11),
    name_of("2026-01-10-200005", end="-endstats"): (ENDSTATS + b"x" * 1_000_000 + b"\n", 11),
    name_of("2026-01-10-200006", end="-endstats"): (ENDSTATS[:-2], 10),
    name_of("2026-01-10-200007", end="-endstats"): (
        b"".join(b"p%d\t1\t0\n" % number for number in range(100)),
        97,
    ),
}
ODD = {
    name_of("2026-01-11-211000"): (stats_file(players=[Line("AAAAAAA1", weapons={MP40: (2**70, 1, 1, 1, 1)})]), 2),
    name_of("2026-01-11-212000"): (stats_file(players=[Line("AAAAAAA1", weapons={MP40: (1, -4, 1, 1, 1)})]), 2),
    name_of("2026-01-11-213000"): (stats_file(players=[PLAYERS[0], Line("AAAAAAA2", fields={0: -300})]), 3),
    name_of("2026-01-11-215959"): (stats_file(players=[Line("AAAAAAA1", fields={22: 2**80})]), 2),
    name_of("2026-01-10-200002", end="-endstats"): (ENDSTATS + b"three\t18446744073709551616\t1\n", 11),
    name_of("2026-01-10-200003", end="-endstats"): (ENDSTATS + b"three\t-3\t1\n", 11),
}
"""Files with one odd value, and its line: they are imported without it."""
FOLDER, PIPE, BROKEN, ROUND_ABOUT, MEMORY = [name_of(f"2026-01-12-21{minute}000") for minute in range(5)]
NO_FILES = {
    FOLDER: "is a folder, no plain file. It is left where it is; rename it, or move it away.",
    PIPE: "is a named pipe, no plain file.",
    BROKEN: "is a link that leads nowhere, no plain file.",
    ROUND_ABOUT: "is a folder, no plain file.",
    MEMORY: "cannot be read (Input/output error). Correct that and import it again.",
}


def bad_folder(folder: Path) -> Path:
    """Fill a folder with three good files, one of them by a link, and with all that is bad."""
    inside = folder / FOLDER
    inside.mkdir(parents=True)
    (inside / name_of("2026-01-12-220000")).write_bytes(stats_file(shown="4:00"))
    os.mkfifo(folder / PIPE)
    for name, target in ((BROKEN, "nowhere"), (ROUND_ABOUT, "."), (MEMORY, "/proc/self/mem"), (LINKED, "kept.dat")):
        (folder / name).symlink_to(target)
    (folder / "kept.dat").write_bytes(stats_file(shown="4:44"))
    crowd = [Line(f"C{number:07X}", f"player {number}", side=1 + number % 2) for number in range(96)]
    (folder / GOOD).write_bytes(stats_file(players=PLAYERS))
    (folder / CROWD).write_bytes(stats_file(players=crowd, shown="5:00"))
    for name, (data, _) in (BAD | ODD).items():
        (folder / name).write_bytes(data)
    return folder


def test_bad_files_do_not_stop_the_good(roundhook: Command, database_url: str, tmp_path: Path) -> None:
    """Each is refused with file, line and reason: cut, empty, out of range, too much, no file at all."""
    folder = bad_folder(tmp_path / "files")

    said = roundhook("import", folder, "--db", database_url, "--json")

    refused = {Path(one["file"]).name: one["reason"] for one in said.document["rejected"]}
    assert (said.code, said.document["imported"]) == (1, 3 + len(ODD))
    assert set(refused) == {*BAD, *NO_FILES}
    for name, (_, line) in BAD.items():
        assert refused[name].startswith(f"{name}: line {line}: "), refused[name]
    for name, reason in NO_FILES.items():
        assert f"{name} {reason}" in refused[name]
    assert [Path(one["file"]).name for one in said.document["aside"]] == ["kept.dat"]
    assert roundhook("db", "status", "--db", database_url, "--json").document["rows"]["player_rounds"] == 109
    audited = roundhook("audit", "--db", database_url, "--json").out
    assert [name for name in ODD if "endstats" not in name and name not in audited] == []


def test_what_is_no_file_may_be_named_itself(roundhook: Command, tmp_path: Path) -> None:
    """A folder with a stats file's name, a pipe and a broken link on the command line: refused, the file goes on."""
    folder = bad_folder(tmp_path / "files")

    said = roundhook("import", *(folder / name for name in (FOLDER, PIPE, BROKEN, GOOD)))

    assert said.code == 1
    assert "4 files seen: 1 imported, 0 already known." in said.out
    for name in (FOLDER, PIPE, BROKEN):
        assert f"refused: {folder / name}: {name} {NO_FILES[name]}" in said.out


def test_a_name_of_odd_bytes_is_named(roundhook: Command, tmp_path: Path) -> None:
    """Names are bytes: what is no text is told so that it can be printed, and the others go on."""
    for name in (b"caf\xe9.txt", b"2026-01-12-220000-caf\xe9-round-1.txt"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(stats_file("caf"))
    (tmp_path / GOOD).write_bytes(stats_file())

    said = roundhook("import", tmp_path, "--json", "--db", f"sqlite:///{tmp_path}/.db")

    assert (said.code, said.document["imported"]) == (1, 1)
    assert [one["file"] for one in said.document["aside"]] == [f"{tmp_path}/caf\\xe9.txt"]
    assert [one["file"] for one in said.document["rejected"]] == [f"{tmp_path}/2026-01-12-220000-caf\\xe9-round-1.txt"]


def test_what_may_not_be_read_is_named(roundhook: Command, tmp_path: Path) -> None:
    """A file and a folder without the right to read them, each refused by itself."""
    folder, closed = tmp_path / "files", tmp_path / "files" / "closed"
    closed.mkdir(parents=True)
    (folder / GOOD).write_bytes(stats_file())
    (folder / CROWD).write_bytes(stats_file(shown="5:00"))
    (folder / CROWD).chmod(0)
    closed.chmod(0)
    if os.access(closed, os.R_OK):
        pytest.skip("this user may read everything")

    said = roundhook("import", folder, "--json")
    closed.chmod(0o700)

    assert (said.code, said.document["imported"]) == (1, 1)
    reasons = {Path(one["file"]).name: one["reason"] for one in said.document["rejected"]}
    assert "cannot be read (Permission denied)" in reasons[CROWD]
    assert "the folder cannot be listed. Give yourself the right" in reasons["closed"]


def test_the_sums_can_be_rebuilt(roundhook: Command, database_url: str, tmp_path: Path) -> None:
    """``db rebuild`` works the players' sums out anew and says how many there are; the audit is content."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / GOOD).write_bytes(stats_file(players=PLAYERS))
    roundhook("import", folder, "--db", database_url)

    said = roundhook("db", "rebuild", "--db", database_url, "--json")

    assert (said.code, said.document) == (0, {"player_days": 4, "player_totals": 4, "player_sightings": 4})
    assert roundhook("audit", "--db", database_url, "--json").document["sums"] == []
