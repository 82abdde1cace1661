"""``roundhook db`` knows the migrations of the core and of every plugin that is found."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.core.cli.conftest import Command
from tests.plugin_maker import migration, write_plugin

FIRST, SECOND = "ledger_2026_01_01t00_00_00_000000", "ledger_2026_01_02t00_00_00_000000"


def test_a_plugin_in_a_folder_of_its_own(roundhook: Command, tmp_path: Path, database_url: str) -> None:
    """What is due is named with exit code 1 until it has run; one that is refused holds up no other plugin's."""
    (tmp_path / "roundhook.toml").write_text('[plugins]\npaths = ["mine"]\n[storage]\ndir = "data"\n', "utf-8")
    made = {f"piccolo_migrations/{FIRST}.py": migration(FIRST, "CREATE TABLE ledger_rounds (n BIGINT)")}
    folder = write_plugin(tmp_path / "mine", "ledger", "", files=made)
    wrong = {"piccolo_migrations/arbiter_2026_01_01t00_00_00_000000.py": "ID = 'no'\n"}
    write_plugin(tmp_path / "mine", "arbiter", "", files=wrong)

    def db(word: str, *words: str) -> tuple[int, dict[str, object], str]:
        said = roundhook("db", word, "--db", database_url, "--config", tmp_path / "roundhook.toml", "--json", *words)
        return said.code, said.document, said.err

    code, before, _ = db("status")
    assert code == 1
    assert before["pending"]["ledger"] == [FIRST]  # type: ignore[index]
    code, upgraded, err = db("upgrade")
    assert code == 1
    assert FIRST in upgraded["done"]  # type: ignore[operator]
    assert "arbiter: piccolo_migrations/arbiter_2026_01_01t00_00_00_000000.py:1: its ID is not its name" in err
    code, after, _ = db("status")
    assert (code, "ledger" in after["pending"]) == (1, False)  # type: ignore[operator]

    (tmp_path / "mine" / "arbiter" / next(iter(wrong))).unlink()
    assert db("status")[0] == 0
    path = folder / "piccolo_migrations" / f"{FIRST}.py"
    path.write_text(path.read_text("utf-8") + "# edited\n", "utf-8")
    code, edited, _ = db("status")
    assert code == 0
    assert "was edited after it had run" in str(edited["notes"])
    (folder / "piccolo_migrations" / f"{SECOND}.py").write_text(migration(SECOND, "nonsense"), "utf-8")
    code, failed, _ = db("upgrade")
    assert (code, failed["done"]) == (1, [])


def test_an_installed_plugin(roundhook: Command, tmp_path: Path, database_url: str) -> None:
    """What ``plugin install`` has put into the storage folder counts as what lies in ``[plugins] paths``."""
    made = {f"piccolo_migrations/{FIRST}.py": migration(FIRST, "CREATE TABLE ledger_rounds (n BIGINT)")}
    write_plugin(
        tmp_path / "mine", "ledger", "from roundhook import Plugin\n\nclass Ledger(Plugin):\n    pass\n", files=made
    )
    assert roundhook("plugin", "install", "mine/ledger", "--db", database_url).code == 0

    assert roundhook("db", "status", "--json", "--db", database_url).document["pending"]["ledger"] == [FIRST]
    assert FIRST in roundhook("db", "upgrade", "--json", "--db", database_url).document["done"]
    assert roundhook("db", "status", "--db", database_url).code == 0


@pytest.mark.parametrize("statement", [
    "DELETE FROM migration WHERE id = (SELECT max(id) FROM migration WHERE app_name = 'core')",
    "INSERT INTO migration (name, app_name, ran_on) VALUES ('core_2999_01_01t00_00_00_000000', 'core', '2999-01-01')",
], ids=["older", "newer"])  # fmt: skip
def test_a_copy_of_another_versions_database(roundhook: Command, tmp_path: Path, filled: str, statement: str) -> None:
    """Before an upgrade, and before the way back, is when a copy is wanted."""
    path = filled.removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)

    assert roundhook("db", "backup", "copy.db", "--db", filled).code == 0
    assert (tmp_path / "copy.db").stat().st_size == Path(path).stat().st_size
