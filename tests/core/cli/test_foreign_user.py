"""Commands typed as another user than the service's, root above all: they leave nothing of theirs in its folder."""

import os
from pathlib import Path

import pytest

from core import cli
from core.db import foreign

SETTINGS = """
[discord]
token = "env:ROUNDHOOK_TOKEN"
control_channel = 2
[guilds.1]
[servers.local.ssh]
host = "127.0.0.1"
user = "et"
key_file = "key"
known_hosts = "known"
stats_dir = "/"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The service's folder with a database in it, seen by another user."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROUNDHOOK_TOKEN", "MTIz.b.c")
    (tmp_path / "roundhook.toml").write_text(SETTINGS)
    (tmp_path / "old").mkdir()
    assert cli.main(["db", "upgrade"]) == 0
    monkeypatch.setattr(foreign, "ROOT", -1)  # so that it does not matter who runs the tests
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        "run", "import old", "db upgrade", "db rebuild", "db backup copy.db", "events replay 1", "init", "init new",
        "check", "lua deploy --yes",
    ],
)  # fmt: skip
def test_what_would_write_is_refused(home: Path, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whose folder it is and how to run it instead is said, and nothing has come or gone there."""
    before = sorted(home.rglob("*"))

    code = cli.main(words.split())

    said = "".join(capsys.readouterr())
    assert code != 0
    assert "belongs to the user '" in said
    assert "Run it as that user: `sudo -u " in said
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize("words", ["rounds", "db status", "events", "db backup {}/copy.db"])
def test_what_only_reads_is_welcome(home: Path, words: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Looking is anybody's who may read the files; a copy goes wherever else one likes."""
    assert cli.main(words.format(tmp_path_factory.mktemp("elsewhere")).split()) == 0


def test_what_roots_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that root has made for the service's group is the service's to write into."""
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr(foreign, "ROOT", tmp_path.stat().st_uid)

    foreign.refuse_foreign(tmp_path / "data" / "files")
