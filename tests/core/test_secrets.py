"""What no message shows: tokens, addresses, passwords; and files that nobody else may read."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.config import parse_config
from core.db import open_database
from core.errors import ConfigError
from tests.plugin_maker import write_plugin

SECRET = "hunter2-hunter2"
HOOK = f"https://discord.com/api/webhooks/1449808769725890580/{SECRET}"
MISTAKES: dict[str, dict[str, Any]] = {
    "mistyped below database": {"database": {"ur": f"postgres://bot:{SECRET}@host/db"}},
    "mistyped below database, once more": {"database": {"adress": SECRET}},
    "mistyped database": {"databse": {"url": f"postgres://bot:{SECRET}@host/db"}},
    "mistyped at the top": {"databseurl": f"postgres://bot:{SECRET}@host/db"},
    "an address for an id": {"servers": {"a": {"webhook_ids": [HOOK]}}},
    "an address for ids": {"servers": {"a": {"webhook_ids": HOOK}}},
    "an address in a list in a list": {"servers": {"a": {"webhook_ids": [[HOOK]]}}},
    "an address for a channel": {"discord": {"control_channel": HOOK}},
    "an address as zone": {"servers": {"a": {"timezone": HOOK}}},
    "an address as hidden key": {"servers": {"a": {"hook": HOOK}}},
    "a token in a list": {"discord": {"token": [f"M{SECRET}.x.y"]}},
    "a token as it is": {"discord": {"token": f"M{SECRET}.x.y"}},
    "a token for a folder": {"storage": {"folder": f"file:{SECRET}:x"}},
    "an address as path": {"plugins": {"paths": HOOK}},
    "an ssh password": {"servers": {"a": {"ssh": {"password": SECRET}}}},
    "an ssh password by another name": {"servers": {"a": {"ssh": {"pw": SECRET}}}},
    "a token behind env:": {"discord": {"token": f"env:MTEwMDAwMDAwMDAwMDAwMDAw.Cqx1nA.{SECRET * 2}"}},
    "a token behind file:": {"discord": {"token": f"file:MTEwMDAwMDAwMDAwMDAwMDAw.Cqx1nA.{SECRET * 2}"}},
    "an address behind env:": {"servers": {"a": {"webhook_url": f"env:{HOOK}"}}},
    "an address behind file:": {"servers": {"a": {"webhook_url": f"file:{HOOK}"}}},
    "a token as a key": {"discord": {f"MTEwMDAwMDAwMDAwMDAwMDAw.Cqx1nA.{SECRET * 2}": "x"}},
    "a token as a guild": {"guilds": {f"MTEwMDAwMDAwMDAwMDAwMDAw.Cqx1nA.{SECRET * 2}": {}}},
    "a key in place of its file": {
        "servers": {
            "a": {
                "ssh": {
                    "host": "h",
                    "user": "u",
                    "key_file": f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}\n",
                    "known_hosts": "k",
                    "stats_dir": "/",
                }
            }
        }
    },
    "a password in an address": {"discord": {"rest_url": f"https://bot:{SECRET}@discord.com/api/v10"}},
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_told_without_it(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ConfigError) as told:
        parse_config(MISTAKES[kind], tmp_path)

    assert "hunter2" not in str(told.value)
    assert "hunter2" not in repr(told.value)


@pytest.mark.parametrize("url", [
    f"postgres://bot:12/{SECRET}@127.0.0.1/db", f"postgres://bot:{SECRET}/x@127.0.0.1/db", f"postgres://bot:{SECRET}",
    f"postgres://bot:a@{SECRET}@127.0.0.1:1/db", f"postgres://bot:{SECRET}#x@127.0.0.1:1/db", SECRET, f"{SECRET}:x",
    f"postgres://bot:{SECRET}@127.0.0.1:99999/db", f"postgres://bot:{SECRET}@[::1/db",
])  # fmt: skip
async def test_an_odd_address_of_a_database(url: str) -> None:
    with pytest.raises(Exception, match=r"database\.url|PostgreSQL") as told:
        async with open_database(url):
            pass

    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize("token", [f"{SECRET}\nx", f"{SECRET} x", f"{SECRET}ü", f"{SECRET}\ufeffx", SECRET * 100])
def test_a_token_that_is_none(tmp_path: Path, token: str) -> None:
    (tmp_path / "token").write_text(token, "utf-8")
    config = parse_config({"discord": {"token": "file:token"}}, tmp_path)

    with pytest.raises(ConfigError, match="no token") as told:
        config.token()

    assert "hunter2" not in str(told.value)


async def test_a_database_and_its_copy_are_for_its_user_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        async with open_database(f"sqlite:///{tmp_path}/new.db") as database:
            async with database.transaction() as transaction:
                await transaction.execute("CREATE TABLE x (y)")
            modes = modes_in(tmp_path)
            await database.backup(tmp_path / "copy.db")  # type: ignore[attr-defined]
    finally:
        os.umask(before)

    assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}
    assert modes_in(tmp_path)["copy.db"] == 0o600


def test_what_the_commands_make_is_too(tmp_path: Path) -> None:
    """Settings, a new plugin, the database of an import, its folder of data."""
    for arguments in (["init"], ["plugin", "new", "mine"], ["import", "."]):
        subprocess.run([sys.executable, "-m", "roundhook", *arguments], cwd=tmp_path, check=True, env=elsewhere())

    modes = modes_in(tmp_path)
    assert {"roundhook.toml", "mine", "mine/plugin.py", "roundhook.db", "data"} <= set(modes)
    assert {oct(mode) for name, mode in modes.items() if (tmp_path / name).is_dir()} == {"0o700"}
    assert {oct(mode) for name, mode in modes.items() if (tmp_path / name).is_file()} == {"0o600"}


@pytest.mark.usefixtures("level_kept")
def test_check_says_that_it_runs_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_plugin(tmp_path, "mine", "from roundhook import Plugin\n\nclass Mine(Plugin):\n    pass\n")
    monkeypatch.chdir(tmp_path)
    assert main(["plugin", "check", "mine"]) == 0
    said = capfd.readouterr()

    assert "its code is run now" in said.err
    assert "fine" in said.out


def elsewhere() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


def modes_in(folder: Path) -> dict[str, int]:
    return {str(one.relative_to(folder)): stat.S_IMODE(one.stat().st_mode) for one in folder.rglob("*")}
