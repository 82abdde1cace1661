"""``roundhook plugin``: what is found, a new one that works at once, and what is wrong with one."""

import asyncio
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from core.kernel.folders import built_in
from roundhook.testing import Stage
from tests.core.cli.conftest import REPOSITORY, Command
from tests.plugin_maker import write_plugin
from tests.plugins.rounds import play


def test_list(roundhook: Command, tmp_path: Path) -> None:
    """All built-in plugins and those of the configured folders; one that cannot be used is listed with its error."""
    write_plugin(tmp_path / "mine", "hello", "")
    (tmp_path / "mine" / "odd").mkdir()
    (tmp_path / "mine" / "odd" / "manifest.toml").write_text("[plugin]\nname = 'odd'\ncolour = 'red'\n")
    (tmp_path / "roundhook.toml").write_text('[plugins]\nenabled = ["stats_import", "hello"]\npaths = ["mine"]')
    text, document = roundhook("plugin", "list"), roundhook("plugin", "list", "--json").document

    rows = {row["name"]: row for row in document}
    assert set(rows) == {*built_in(), "hello", "odd"}
    assert [name for name, row in rows.items() if row["enabled"]] == ["hello", "stats_import"]
    assert rows["hello"].keys() == rows["odd"].keys()
    assert rows["hello"]["error"] is None
    assert "colour" in rows["odd"]["error"]
    assert text.code == 0
    assert "odd: cannot be used: " in text.out


async def test_toggles_are_shown_as_they_were_set(roundhook: Command, tmp_path: Path) -> None:
    """What was switched off while the bot ran is shown as off, not as the settings began."""
    url = f"sqlite:///{tmp_path}/x.db"
    async with Stage(["team_capture"], database=url) as stage:
        await stage.plugins.disable("team_capture")
    listed = await separate(roundhook, "plugin", "list", "--json", "--db", url)

    assert {row["name"]: row["enabled"] for row in listed}["team_capture"] is False
    assert {row["name"]: row["enabled"] for row in listed}["stats_import"] is True


async def separate(roundhook: Command, *words: str) -> list[dict[str, object]]:
    """Call a command on a thread: it brings an event loop of its own."""
    said = await asyncio.to_thread(roundhook, *words)
    document: list[dict[str, object]] = said.document
    return document


def test_the_check_grants_every_intent(roundhook: Command, tmp_path: Path) -> None:
    """What the owner has to switch on in the Developer Portal is no mistake of the plugin."""
    asks = 'intents = ["guild_members", "guild_presences"]'
    write_plugin(tmp_path, "asks", "from roundhook import Plugin\n\nclass Asks(Plugin):\n    pass\n")
    manifest = tmp_path / "asks" / "manifest.toml"
    manifest.write_text(manifest.read_text().replace("api = 1", f"api = 1\n{asks}"))

    assert "fine" in roundhook("plugin", "check", tmp_path / "asks").out


def test_new_makes_a_plugin_that_passes_the_check(roundhook: Command, tmp_path: Path) -> None:
    """The new folder has what each plugin has, and is said how it is found; a second one of that name is refused."""
    made = roundhook("plugin", "new", "mvp_shout")
    again, bad = roundhook("plugin", "new", "mvp_shout"), roundhook("plugin", "new", "Mvp-Shout")
    checked = roundhook("plugin", "check", "mvp_shout")
    as_json = roundhook("plugin", "check", "--json", tmp_path / "mvp_shout").document

    assert made.code == 0
    assert f'[plugins] paths = ["{tmp_path}"], then /plugin enable mvp_shout.' in made.out
    found = {str(one.relative_to(tmp_path / "mvp_shout")) for one in (tmp_path / "mvp_shout").rglob("*.*")}
    expected = {"README.md", "manifest.toml", "plugin.py", "pyproject.toml", "tests/test_mvp_shout.py"}
    assert {one for one in found if "__pycache__" not in one} == expected
    assert "class MvpShout(Plugin):" in (tmp_path / "mvp_shout" / "plugin.py").read_text()
    assert (again.code, bad.code) == (1, 1)
    assert "exists already. Choose another name." in again.err
    assert "'Mvp-Shout' cannot be a plugin's name. Use a-z" in bad.err
    assert checked.out == "mvp_shout 0.1.0: fine; handles on_round_imported.\n"
    assert as_json == {"name": "mvp_shout", "version": "0.1.0", "hooks": ["on_round_imported"]}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("stats_import", "the plugin in "),
        ("mine", "the plugin in "),
        ("class", "it is a word of Python's"),
        ("match", "it is a word of Python's"),
        ("list", "it is a word of Python's"),
        ("json", "a Python module has it"),
        ("hikari", "a Python module has it"),
        ("plugins", "it is a word of roundhook's own"),
        ("plugin", "it is a word of roundhook's own"),
    ],
)
def test_new_refuses_names_that_are_taken(roundhook: Command, tmp_path: Path, name: str, why: str) -> None:
    """By a plugin that is found, by Python, by what is installed, by roundhook: nothing is made, and it is said why."""
    write_plugin(tmp_path / "others", "mine", "")
    (tmp_path / "roundhook.toml").write_text('[plugins]\npaths = ["new", "others"]')
    said = roundhook("plugin", "new", name)

    assert said.code == 1
    assert said.err.startswith(f"roundhook: '{name}' cannot be a plugin's name: {why}")
    assert said.err.endswith(f"Say more, such as 'my_{name}'.\n")
    assert not (tmp_path / "new").exists()


def test_the_test_of_the_new_plugin_passes(roundhook: Command, tmp_path: Path) -> None:
    """From another folder, with the settings of its own pyproject.toml; a name of one letter will do, too."""
    (tmp_path / "elsewhere").mkdir()
    roundhook("plugin", "new", "x")
    command = [sys.executable, "-m", "pytest", "-q", str(tmp_path / "x")]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    said = subprocess.run(command, cwd=tmp_path / "elsewhere", env=environment, capture_output=True, text=True)

    assert (said.returncode, "1 passed" in said.stdout) == (0, True), said.stdout
    project = tomllib.loads((tmp_path / "x" / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["entry-points"]["roundhook.plugins"] == {"x": "x"}
    assert project["tool"]["setuptools"]["package-dir"] == {"x": "."}


def test_new_goes_into_the_configured_folder(roundhook: Command, tmp_path: Path) -> None:
    """With a folder for plugins in the settings, a new one is made there, and found."""
    (tmp_path / "roundhook.toml").write_text('[plugins]\npaths = ["mine"]')
    document = roundhook("plugin", "new", "hello", "--json").document
    listed = roundhook("plugin", "list", "--json").document

    assert document == {"name": "hello", "folder": str(tmp_path / "mine" / "hello")}
    assert "hello" in {row["name"] for row in listed}


async def test_the_new_plugin_works(roundhook: Command, tmp_path: Path) -> None:
    """What ``plugin new`` writes announces a round as it stands."""
    await asyncio.to_thread(roundhook, "plugin", "new", "hello")
    async with Stage(["stats_import", "hello"], folders=[tmp_path]) as stage:
        await play(stage)
        (message,) = stage.discord.messages(stage.discord.stats_channel)

    assert message.content == "Round 1 of supply is over."


def test_check_says_what_is_wrong(roundhook: Command, tmp_path: Path) -> None:
    """A missing folder, a syntax error, an unknown hook, a bad setup: one line that names it, and exit code 1."""
    write_plugin(tmp_path, "broken", "def x(:\n")
    write_plugin(
        tmp_path,
        "unknown",
        """
        from roundhook import Plugin, hookimpl
        class Unknown(Plugin):
            @hookimpl
            async def on_round_import(self, round): ...
        """,
    )
    code = "from roundhook import Plugin\nclass One(Plugin):\n    async def setup(self):\n        open('no/such')\n"
    write_plugin(tmp_path, "late", code)
    said = {name: roundhook("plugin", "check", name) for name in ("broken", "unknown", "late", "nowhere")}

    assert all((one.code, one.out) == (1, "") for one in said.values())
    assert all(one.err.splitlines()[-1].startswith("roundhook: ") for one in said.values())
    assert "plugin.py" in said["broken"].err
    assert "on_round_import" in said["unknown"].err
    assert "late: its code is run now, setup() too." in said["late"].err
    assert "late: setup() failed at plugin.py:4: FileNotFoundError" in said["late"].err
    assert "nowhere/manifest.toml cannot be read" in said["nowhere"].err
