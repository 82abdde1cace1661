"""Folders, files and streams that are closed to who types a command: told in one line, never by a traceback."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

from tests.core.cli.conftest import Command, Outside, Process, Said, ended, started
from tests.core.cli.test_check_machine import UNPRIVILEGED

SETTINGS = '[discord]\ntoken = "file:token"\n[guilds.1]\n'


async def unprivileged(*words: object, folder: Path, **environment: str) -> Said:
    """Run a command as somebody whom the rights of files hold for, root too."""
    async with started(*words, folder=folder, before=UNPRIVILEGED, **environment) as process:
        return await ended(process)


@pytest.mark.parametrize("words", ["run", "check", "status", "plugin list", "rounds", "plugin new mine"])
async def test_typed_in_a_folder_that_is_closed(tmp_path: Path, words: str) -> None:
    """As `sudo -u roundhook` in one's own home: the settings are not found there, and where to name them is said."""
    closed = tmp_path / "home"
    closed.mkdir()
    shut = ["sh", "-c", 'chmod 0 "$PWD"; exec "$@"', "sh"]
    async with started(*words.split(), folder=closed, before=[*shut, *UNPRIVILEGED]) as process:
        said = await ended(process)
    closed.chmod(0o700)

    told = "cannot be looked into (Permission denied). Go to the folder of roundhook.toml, or name that file with"
    assert told in said.out + said.err
    assert "Traceback" not in said.err
    assert said.code == (78 if words == "run" else 1)


@pytest.mark.parametrize("words", ["--version", "status", "--help"])
async def test_typed_in_a_folder_that_is_gone(tmp_path: Path, words: str) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    async with started(words, folder=gone, before=["sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh"]) as process:
        said = await ended(process)

    assert "Traceback" not in said.err
    assert said.code == 0 or "Go to the folder of roundhook.toml" in said.err


@pytest.mark.parametrize("closed", ["storage", "processes"])
async def test_a_storage_that_cannot_be_written(outside: Outside, token: dict[str, str], closed: str) -> None:
    """The bot and the import end with what to do; the bot so that nobody starts it again and again."""
    storage = outside.folder / "data"
    place = storage if closed == "storage" else storage / "processes"
    place.mkdir(parents=True)
    place.chmod(0o500)
    (outside.folder / "old").mkdir()
    ran = await unprivileged("run", folder=outside.folder, **token)
    imported = await unprivileged("import", "old", folder=outside.folder, **token)
    place.chmod(0o700)

    for said in (ran, imported):
        assert f"{storage}" in said.err
        assert "Permission denied" in said.err
        assert "right to" in said.err
        assert "Traceback" not in said.err
    assert (ran.code, imported.code) == (78, 1)


async def test_a_storage_that_is_a_file(outside: Outside, separately: Process, token: dict[str, str]) -> None:
    (outside.folder / "data").write_text("")
    said = await separately("run", **token)

    assert said.code == 78
    assert "storage.dir" in said.err
    assert "cannot be written (File exists)" in said.err


async def test_a_database_that_may_not_be_made(outside: Outside, token: dict[str, str]) -> None:
    """A right that lacks is no outage that goes by: a person is needed, at the start and for each command."""
    (outside.folder / "db").mkdir()
    outside.write_config(more='[database]\nurl = "sqlite:///db/bot.db"')
    (outside.folder / "db").chmod(0o500)
    for words, code in (("run", 78), ("db upgrade", 1)):
        said = await unprivileged(*words.split(), folder=outside.folder, **token)

        assert said.code == code, said.err
        assert f"The database {outside.folder}/db/bot.db cannot be written (Permission denied). Give the" in said.err
        assert "tried again" not in said.err
    (outside.folder / "db").chmod(0o700)


async def test_a_database_that_is_a_folder(outside: Outside, separately: Process, token: dict[str, str]) -> None:
    outside.write_config(more='[database]\nurl = "sqlite:///."')
    for words, code in (("run", 78), ("status", 1), ("check", 1)):
        said = await separately(words, **token)

        assert said.code == code
        assert "which is a folder. Name a file in it." in said.out + said.err
        assert "tried again" not in said.err


def mounts() -> bool:
    """Tell whether a small disk may be put into a place of its own here."""
    return subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "x", "/mnt"], check=False).returncode == 0


@pytest.mark.parametrize("full", [False, True])
async def test_a_copy_that_cannot_be_made(tmp_path: Path, filled: str, full: bool) -> None:
    """It is the copy's place that is told, not the database; half a copy does not stand in the way of the next."""
    small = tmp_path / "small"
    small.mkdir(mode=0o700 if full else 0o500)
    mount = 'mount -t tmpfs -o size=64k tmpfs small && "$@"; code=$?; ls small; exit $code'
    before = ["unshare", "--mount", "sh", "-c", mount, "sh"] if full else UNPRIVILEGED
    if full and not mounts():
        pytest.skip("nothing may be mounted here")
    async with started("db", "backup", "small/copy.db", "--db", filled, folder=tmp_path, before=before) as process:
        said = await ended(process)

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("roundhook: small/copy.db: No space" if full else "roundhook: small/copy.db: Permission")
    assert len(said.err.splitlines()) == 1


async def test_a_new_plugin_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here").chmod(0o500)
    said = await unprivileged("plugin", "new", "mine", folder=tmp_path / "here")
    (tmp_path / "here").chmod(0o700)

    assert said.code == 1
    assert said.err.startswith(f"roundhook: {tmp_path}/here/mine: Permission denied. Give the user ")
    assert len(said.err.splitlines()) == 1


async def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    """They are there: to copy the example over them is not the remedy."""
    (tmp_path / "roundhook.toml").write_text(SETTINGS)
    (tmp_path / "roundhook.toml").chmod(0)
    said = await unprivileged("run", folder=tmp_path)

    assert said.code == 78
    assert "cannot be read (Permission denied). Let the user that this runs as read it" in said.err


@pytest.mark.parametrize("words", ["check", "plugin list --json", "rounds --db {}"])
@pytest.mark.parametrize("stream", ["<&- >&-", ">&- 2>&-", ">/dev/full"])
async def test_streams_that_are_closed_or_full(tmp_path: Path, filled: str, words: str, stream: str) -> None:
    """As in a cron job: what is done is done all the same; only a full disk is a failure."""
    (tmp_path / "roundhook.toml").write_text(SETTINGS)
    before = ["sh", "-c", f'exec "$@" {stream}', "sh"]
    async with started(*words.format(filled).split(), folder=tmp_path, before=before) as process:
        said = await ended(process)

    assert "Traceback" not in said.err
    assert "Exception" not in said.err
    if stream == ">/dev/full":
        assert said.code == 1
        assert said.err.splitlines()[-1] == f"roundhook: {os.strerror(errno.ENOSPC)}. Look at the disk: is it full?"
    else:
        assert said.code == (words == "check")


async def test_a_question_that_nobody_can_answer(tmp_path: Path, filled: str) -> None:
    before = ["sh", "-c", 'exec "$@" <&-', "sh"]
    words = ("plugin", "purge", "stats_import", "--db", filled)
    async with started(*words, folder=tmp_path, before=before) as process:
        said = await ended(process)

    assert said.code == 1
    assert said.err.endswith("Nothing was removed.\n")


@pytest.mark.parametrize("letters", ["ascii", "latin-1"])
async def test_a_terminal_that_knows_few_letters(separately: Process, letters: str) -> None:
    said = await separately("check", PYTHONIOENCODING=letters)

    assert "\\u2717 settings: " in said.out
    assert "Traceback" not in said.err


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ECONNRESET])
def test_what_is_a_mistake_of_ours_stays_one(
    roundhook: Command, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    """A file that should be there and is not has a traceback, and so has what breaks off."""

    def discover(_: object) -> None:
        raise OSError(number, os.strerror(number), "x")

    monkeypatch.setattr("core.cli.plugin_command.discover", discover)

    assert roundhook("plugin", "list").code == 1
    assert "Please report it" in caplog.text
    assert "Traceback" in caplog.text
