"""``roundhook import`` over a folder of bad files: each refused with file and reason, the good ones stored."""

from pathlib import Path

from tests.core.cli.conftest import Command
from tests.plugins.stats_import.invented import MP40, PLAYERS, Line, name_of, stats_file

GOOD, CROWD = name_of("2026-01-10-210000"), name_of("2026-01-10-220000")
BAD = {
    name_of("2026-01-11-210000"): b"",
    name_of("2026-01-11-211000"): stats_file(players=[Line("AAAAAAA1", weapons={MP40: (2**70, 1, 1, 1, 1)})]),
    name_of("2026-01-11-212000"): stats_file(players=[Line("AAAAAAA1", weapons={MP40: (1, -4, 1, 1, 1)})]),
    name_of("2026-01-11-213000"): stats_file(players=[Line("AAAAAAA1", fields={0: -300})]),
    name_of("2026-01-11-214000"): stats_file(players=[Line("AAAAAAA1", weapons={MP40: ()})]),
    name_of("2026-01-11-215000"): b"x" * 1_000_000 + b"\n",
    name_of("2026-01-11-215500"): stats_file(players=[Line(f"C{number:07X}") for number in range(100)]),
    name_of("2026-01-11-215959"): stats_file(players=[Line("AAAAAAA1", fields={22: 2**80})]),
}


def test_bad_files_do_not_stop_the_good(roundhook: Command, database_url: str, tmp_path: Path) -> None:
    """Empty, beyond 64 bits, negative, an empty group, a crowd, a megabyte line, a folder named like a file."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / name_of("2026-01-12-210000")).mkdir()
    crowd = [Line(f"C{number:07X}", f"player {number}", side=1 + number % 2) for number in range(96)]
    (folder / GOOD).write_bytes(stats_file(players=PLAYERS))
    (folder / CROWD).write_bytes(stats_file(players=crowd, shown="5:00"))
    for name, data in BAD.items():
        (folder / name).write_bytes(data)

    said = roundhook("import", folder, "--db", database_url, "--json")

    refused = {Path(one["file"]).name: one["reason"] for one in said.document["rejected"]}
    assert said.code == 1
    assert said.document["imported"] == 2
    assert set(refused) == set(BAD)
    assert all(name in reason for name, reason in refused.items()), refused
    assert roundhook("db", "status", "--db", database_url, "--json").document["rows"]["player_rounds"] == 100


def test_the_sums_can_be_rebuilt(roundhook: Command, database_url: str, tmp_path: Path) -> None:
    """``db rebuild`` works the players' sums out anew and says how many there are; the audit is content."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / GOOD).write_bytes(stats_file(players=PLAYERS))
    roundhook("import", folder, "--db", database_url)

    said = roundhook("db", "rebuild", "--db", database_url, "--json")

    assert (said.code, said.document) == (0, {"player_days": 4, "player_totals": 4})
    assert roundhook("audit", "--db", database_url, "--json").document["sums"] == []
