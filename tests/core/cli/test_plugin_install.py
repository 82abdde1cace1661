"""``roundhook plugin install``, ``update`` and ``remove``: with and without a bot, whole or not at all."""

import asyncio
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.kernel import requests
from roundhook.testing import Stage
from tests.core.cli.conftest import Command, Said
from tests.plugin_maker import running, write_plugin

KEEPS = "from roundhook import Plugin\n\nclass Keeps(Plugin):\n    word = 'WORD'\n"
"""A plugin that is seen by its word."""


def write(folder: Path, word: str, name: str = "mvp", **more: Any) -> Path:
    return write_plugin(folder, name, KEEPS.replace("WORD", word), **more)


def files_of(folder: Path) -> list[str]:
    """Return what lies in the place of installed plugins, but its lock."""
    return sorted(str(one.relative_to(folder / "data/plugins")) for one in laid(folder) if one.name != ".lock")


def laid(folder: Path) -> list[Path]:
    """Return what lies there, but what Python has compiled: that is in folders which are their user's alone."""
    return [one for one in (folder / "data/plugins").rglob("*") if "__pycache__" not in one.parts]


async def test_with_a_bot(
    roundhook: Command, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It loads what was installed and reloads what was updated; what does not load leaves all as it was."""
    monkeypatch.setattr(requests, "LOOK_SECONDS", 0.02)
    mvp = write(tmp_path / "mine", "one", version="1.0")
    write(tmp_path / "mine", "first", "ladder", manifest='requires = ["mvp < 3"]')

    async def plugin(*words: str) -> Said:
        return await asyncio.to_thread(roundhook, "plugin", *words, "--db", database_url)

    now = datetime.now(UTC)  # that of the commands: they look whether the bot runs
    async with Stage([], folder=tmp_path, database=database_url, begins=now) as stage:
        await stage.db.execute("UPDATE bots SET host = 'elsewhere'")  # this process is the bot's own
        lacking = await plugin("install", "mine/ladder")
        assert "requires mvp<3, and there is no plugin 'mvp'" in lacking.err
        assert files_of(tmp_path) == []

        said = await plugin("install", "mine/mvp", "--json")
        assert said.document | {"notes": []} == {
            "name": "mvp", "version": "1.0", "before": None, "source": str(mvp), "enabled": True, "generation": 1,
            "folder": str(tmp_path / "data/plugins/mvp"), "notes": [],
        }  # fmt: skip
        assert "The bot runs it: generation 1." in (await plugin("install", "mine/ladder")).out

        write(tmp_path / "mine", "two", version="2.0", files={"plugin.py": "def broken(:\n"})
        before = files_of(tmp_path)
        said = await plugin("update", "mvp")
        assert (said.code, said.out) == (1, "")
        assert said.err == (
            "roundhook: mvp: plugin.py:1: invalid syntax. Correct it and reload. The bot goes on with generation 1. "
            "mvp 1.0 is back in its place.\n"
        )
        assert files_of(tmp_path) == before
        assert (tmp_path / "data/plugins/mvp/plugin.py").read_text().endswith("word = 'one'\n")
        assert running(stage, "mvp").word == "one"

        write(tmp_path / "mine", "two", version="2.0")
        assert (await plugin("update", "mvp")).out == "mvp 2.0 is in place of 1.0. The bot runs it: generation 2.\n"
        assert running(stage, "mvp").word == "two"
        write(tmp_path / "mine", "three", version="3.0")
        assert "ladder" in (await plugin("update", "mvp")).err
        assert running(stage, "mvp").word == "two"

        await stage.plugins.disable("ladder")
        write(tmp_path / "mine", "second", "ladder", version="5")
        assert "It is switched off." in (await plugin("update", "ladder")).out
        assert stage.plugins.status("ladder").version == "5"

        write_plugin(tmp_path / "mine", "bad", "raise OSError('no')\n")
        assert "Nothing was installed." in (await plugin("install", "mine/bad")).err
        assert "bad" not in {one.name for one in stage.app.kernel.statuses()}
        write(tmp_path / "mine", "second", "ladder", version="6", manifest='requires = ["mvp"]')
        assert (await plugin("update", "ladder")).code == 0
        refused = await plugin("remove", "mvp", "--yes")
        assert refused.err == "roundhook: ladder requires mvp. Remove that first.\n"

        await running(stage, "mvp").ctx.store.set("a", 1)
        for name in ("ladder", "mvp"):
            assert f"`roundhook plugin purge {name}`" in (await plugin("remove", name, "--yes")).out
        assert {"mvp", "ladder"}.isdisjoint(one.name for one in stage.app.kernel.statuses())
        assert await stage.count("plugin_store") == 1
        assert await stage.count("plugin_requests") == 0
        assert files_of(tmp_path) == []
        history = await stage.app.kernel.toggles.history("mvp", 20)
        assert {"install", "update", "remove", "enable", "reload", "disable"} <= {row["action"] for row in history}


def as_folder(source: Path, _: Path) -> str:
    return str(source)


def as_zip(source: Path, to: Path) -> str:
    return shutil.make_archive(str(to / "packed"), "zip", source)


def as_tar(source: Path, to: Path) -> str:
    with tarfile.open(to / "packed.tar.gz", "w:gz") as archive:
        archive.add(source, "mvp-1.0")
    return str(to / "packed.tar.gz")


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True)


def as_repository(source: Path, to: Path) -> str:
    """Commit what lies there now; the address names the branch."""
    bare = to / "mvp.git"
    if not bare.exists():
        git(to, "init", "--bare", "mvp.git")
        git(source, "init")
    git(source, "add", ".")
    git(source, "commit", "-m", "now")
    git(source, "push", str(bare), "HEAD:refs/heads/feature/now")
    return f"file://{bare}@feature/now"


@pytest.mark.parametrize("packed", [as_folder, as_zip, as_tar, as_repository])
def test_each_source(roundhook: Command, tmp_path: Path, packed: Callable[[Path, Path], str]) -> None:
    """Without a bot: found without `paths`, on, for its user alone; updated from where it came from, and removed."""
    source = write(tmp_path / "mine", "one", version="1.0", files={".env": "secret", "sub/more.py": ""})
    (source / "plugin.py").chmod(0o644)
    address = packed(source, tmp_path)
    said = roundhook("plugin", "install", address)

    folder = tmp_path / "data/plugins/mvp"
    assert said.out == f"mvp 1.0 is installed in {folder}. It is loaded when the bot is started.\n"
    assert files_of(tmp_path) == [
        "mvp", "mvp/.origin.json", "mvp/manifest.toml", "mvp/plugin.py", "mvp/sub", "mvp/sub/more.py",
    ]  # fmt: skip
    assert all(stat.S_IMODE(one.stat().st_mode) & 0o077 == 0 for one in laid(tmp_path))
    [row] = [one for one in roundhook("plugin", "list", "--json").document if one["name"] == "mvp"]
    assert row["enabled"] is True
    assert "`roundhook plugin update mvp` fetches it anew" in roundhook("plugin", "install", address).err

    write(tmp_path / "mine", "two", version="2.0")
    packed(source, tmp_path)
    assert roundhook("plugin", "update", "mvp").out.startswith("mvp 2.0 is in place of 1.0. It is loaded")
    (source / "plugin.py").write_text("import no_such_module\n")
    packed(source, tmp_path)
    failed = roundhook("plugin", "update", "mvp")
    assert "no_such_module" in failed.err
    assert failed.err.endswith("mvp 2.0 is back in its place.\n")
    assert "two" in (tmp_path / "data/plugins/mvp/plugin.py").read_text()
    assert roundhook("plugin", "remove", "mvp").code == 1
    assert roundhook("plugin", "remove", "mvp", "--yes").code == 0
    assert files_of(tmp_path) == []


def wheel(folder: Path, name: str, version: str, files: dict[str, str], needs: str = "", point: str = "") -> None:
    """Write a package as it is published."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = files | {
        f"{info}/METADATA": metadata + (f"Requires-Dist: {needs}\n" if needs else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **({f"{info}/entry_points.txt": f"[roundhook.plugins]\n{point}\n"} if point else {}),
    }
    record = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for file, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(file, text)


def package(folder: Path, version: str, code: str) -> None:
    made = write_plugin(folder / "made", "shout", code, version=version, manifest='packages = ["shout-words"]')
    files = {f"shout_plugin/{one.name}": one.read_text() for one in made.iterdir()}
    wheel(folder, "shout_plugin", version, files, "shout-words", "shout = shout_plugin")


def test_packages(roundhook: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A requirement is installed with what it needs into a folder of its own, and can be imported from there."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    links, code = tmp_path / "links", f"from shout_words import WORD\n{KEEPS}"
    wheel(links, "shout_words", "1.0", {"shout_words.py": "WORD = 'one'\n"})
    package(links, "1.0", code)
    said = roundhook("plugin", "install", "shout-plugin", "--json")

    assert said.code == 0, said.err
    assert (said.document["name"], said.document["version"]) == ("shout", "1.0")
    [row] = [one for one in roundhook("plugin", "list", "--json").document if one["name"] == "shout"]
    assert row["folder"] == str(tmp_path / "data/plugins/shout/shout_plugin")
    assert (tmp_path / "data/plugins/shout/shout_words.py").exists()

    wheel(links, "shout_words", "2.0", {"shout_words.py": "OTHER = 'two'\n"})
    package(links, "2.0", f"from shout_words import ABSENT\n{KEEPS}")
    failed = roundhook("plugin", "update", "shout")
    assert "ABSENT" in failed.err
    assert failed.err.endswith("shout 1.0 is back in its place.\n")
    assert "'one'" in (tmp_path / "data/plugins/shout/shout_words.py").read_text()

    wheel(links, "plain", "1", {})
    for asked, told in {
        "plain": "plain brings no plugin",
        "no-such-thing": "No matching distribution found for no-such-thing",
    }.items():
        assert told in roundhook("plugin", "install", asked).err
    wheel(links, "needy", "1", {}, "pluggy < 1", "needy = needy")
    wheel(links, "pluggy", "0.9", {})
    assert "needs pluggy 0.9, and the bot has" in roundhook("plugin", "install", "needy").err
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert "Is there a network?" in roundhook("plugin", "install", "no-such-thing").err
    assert roundhook("plugin", "remove", "shout", "--yes").code == 0
    assert files_of(tmp_path) == []


def test_what_is_refused(roundhook: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line that says what to do; nothing of it stays."""
    (tmp_path / "roundhook.toml").write_text('[plugins]\npaths = ["taken"]\n')
    write(tmp_path / "taken", "there", "theirs")
    made = {
        "one_of_ours": write(tmp_path / "a", "x", "stats_import"),
        "cores": write(tmp_path / "b", "x", "core"),
        "theirs": write(tmp_path / "c", "x", "theirs"),
        "needy": write(tmp_path / "d", "x", "needy", manifest='packages = ["no-such-package"]'),
        "later": write(tmp_path / "e", "x", "later", manifest='roundhook = ">= 99"'),
        "none": tmp_path / "f",
        "several": write(tmp_path / "g", "x", "one").parent,
        "greedy": write(tmp_path / "h", "x", "greedy", manifest='[cli]\nrun = "x"'),
        "typo": write(tmp_path / "i", "x", "typo", manifest="nonsense = 1"),
        "piped": write(tmp_path / "j", "x", "piped"),
        "nameless": write(tmp_path / "k", "x", "nameless"),
    }
    made["none"].mkdir()
    (made["nameless"] / "manifest.toml").write_text("[plugin\n")
    write(tmp_path / "g", "x", "two")
    os.mkfifo(made["piped"] / "pipe")
    told = {
        "one_of_ours": "stats_import is one of roundhook's own plugins",
        "cores": "'core' cannot be a plugin's name",
        "theirs": f"The name 'theirs' is taken by {tmp_path / 'taken/theirs'}.",
        "needy": "pip install 'no-such-package'",
        "later": f"{made['later']}/manifest.toml:8: it needs roundhook >=99",
        "none": "there is no manifest.toml in it",
        "several": "several plugins: one, two",
        "greedy": "the command 'run' is taken by roundhook itself",
        "typo": f"{made['typo']}/manifest.toml:8: plugin.nonsense is not a key here",
        "piped": "pipe is a link or a device",
        "nameless": f"roundhook: {made['nameless']}/manifest.toml:1: it is not valid TOML",
    }
    for name, folder in made.items():
        said = roundhook("plugin", "install", folder)
        assert (said.code, said.out, said.err.count("\n")) == (1, "", 1), said.err
        assert told[name] in said.err
        assert files_of(tmp_path) == []

    write(tmp_path / "mine", "x")
    (tmp_path / "mine/mvp/secret").symlink_to("/etc/passwd")
    address = as_repository(tmp_path / "mine/mvp", tmp_path)
    assert "secret is a link or a device" in roundhook("plugin", "install", address).err
    assert "couldn't find remote ref nope" in roundhook("plugin", "install", f"{tmp_path}/mvp.git@nope").err
    monkeypatch.setenv("PATH", "")
    assert "git is not installed here" in roundhook("plugin", "install", address).err
    for words in (("update", "../x"), ("remove", "../x", "--yes"), ("remove", "core", "--yes")):
        assert "cannot be a plugin's name" in roundhook("plugin", *words).err
    assert "was not installed by" in roundhook("plugin", "update", "theirs").err
    assert "is not installed in" in roundhook("plugin", "remove", "theirs").err
    assert files_of(tmp_path) == []


def test_after_a_kill(roundhook: Command, tmp_path: Path) -> None:
    """What was under way is put right by the next command: the old one is back, and no half of a new one stays."""
    source, place = write(tmp_path / "mine", "one"), tmp_path / "data/plugins"
    assert roundhook("plugin", "install", source).code == 0
    (place / "mvp").rename(place / ".old-mvp")
    write(place / ".new-x", "half")
    write(tmp_path / "mine", "two", version="2")
    assert roundhook("plugin", "update", "mvp").out.startswith("mvp 2 is in place of 1.")
    assert not [one for one in files_of(tmp_path) if one.startswith((".old", ".new"))]
