"""Plugins bring commands for the terminal: listed without an import, called alone, refused by name."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.cli import COMMANDS
from core.kernel.discovery import discover
from core.kernel.folders import OWN_COMMANDS
from tests.core.cli.conftest import Command
from tests.plugin_maker import write_plugin

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "bring-a-terminal-command.md"
IDLE = "from roundhook import Plugin\n\nclass Idle(Plugin):\n    pass\n"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def configured(folder: Path) -> Path:
    """Write settings that name the folder of plugins, and return them."""
    config = folder / "roundhook.toml"
    config.write_text('[plugins]\npaths = ["plugins"]\n')
    return config


def plugin(folder: Path, name: str, cli: str, commands: str) -> Path:
    return write_plugin(folder / "plugins", name, IDLE, manifest=f"[cli]\n{commands}\n", files={"cli.py": cli})


def test_the_recipe(roundhook: Command, tmp_path: Path, filled: str) -> None:
    """The page's own plugin: with its options, on a database with rounds in it."""
    folder = tmp_path / "plugins" / "ladder"
    folder.mkdir(parents=True)
    (folder / "manifest.toml").write_text(blocks("toml")[0])
    (folder / "plugin.py").write_text(IDLE)
    (folder / "cli.py").write_text(blocks("python")[0])
    config = configured(tmp_path)

    table = roundhook("ladder", "--limit", "2", "--config", config, "--db", filled)
    document = roundhook("ladder", "--json", "--config", config, "--db", filled).document

    assert (table.code, table.err) == (0, "")
    assert [line.split()[0] for line in table.out.splitlines()][:1] == ["player"]
    assert len(table.out.splitlines()) == 3
    assert set(document[0]) == {"name", "kills"}


TABLES = """
from piccolo.columns import BigInt, Text
from piccolo.table import Table

class Kept(Table, tablename="keeper_kept"):
    id = BigInt(primary_key=True)
    name = Text()
"""
KEEPER = """
from .tables import Kept

async def keep(terminal, arguments):
    await Kept.insert(Kept(id=1, name="olz"))

async def kept(terminal, arguments):
    async with terminal.db.transaction():
        await Kept.update({Kept.name: "changed"}).where(Kept.id == 1)
    await shown(terminal, arguments)

async def shown(terminal, arguments):
    terminal.print_json(await Kept.select().order_by(Kept.id))
"""


def test_its_piccolo_tables_work(roundhook: Command, tmp_path: Path, filled: str) -> None:
    """As in the bot: read, written, and part of a transaction; nothing is opened before the first query."""
    manifest = '[cli]\nkeep = "keeps"\nkept = "changes"\nshown = "shows"\n'
    write_plugin(tmp_path / "plugins", "keeper", IDLE, manifest=manifest, files={"cli.py": KEEPER, "tables.py": TABLES})
    config = configured(tmp_path)
    with closing(sqlite3.connect(filled.removeprefix("sqlite:///"))) as database, database:
        database.execute("CREATE TABLE keeper_kept (id BIGINT PRIMARY KEY, name TEXT NOT NULL)")

    assert roundhook("keep", "--config", config, "--db", filled).code == 0
    assert roundhook("kept", "--config", config, "--db", filled).document == [{"id": 1, "name": "changed"}]
    assert "There is no database" in roundhook("shown", "--config", config, "--db", f"sqlite:///{tmp_path}/no.db").err


def test_its_settings_are_those_of_the_bot(roundhook: Command, tmp_path: Path, filled: str) -> None:
    """The file's, and before them what was set while the bot ran; a secret that is not there is named."""
    shows = "async def show(terminal, arguments):\n    terminal.print(str(dict(terminal.settings)))\n"
    manifest = (
        '[cli]\nshow = "shows"\n[config.a]\ntype = "int"\n[config.b]\ntype = "int"\n[config.c]\ntype = "secret"\n'
    )
    write_plugin(tmp_path / "plugins", "shown", IDLE, manifest=manifest, files={"cli.py": shows})
    config = configured(tmp_path)
    config.write_text(config.read_text() + '[plugin.shown]\na = 1\nb = 2\nc = "file:c"\n')
    missing = roundhook("show", "--config", config, "--db", filled)
    (tmp_path / "c").write_text("hunter2-hunter2")
    with closing(sqlite3.connect(filled.removeprefix("sqlite:///"))) as database, database:
        database.execute("INSERT INTO plugin_settings VALUES ('shown', 0, 'b', '3', 7, '2026-11-27')")

    assert "plugin.shown.c is 'file:c', and there is nothing" in missing.err
    assert roundhook("show", "--config", config, "--db", filled).out == "{'a': 1, 'b': 3, 'c': Secret(…)}\n"


def test_help_lists_them_without_an_import(roundhook: Command, tmp_path: Path) -> None:
    """Of two words too, with their groups; what would fail at import fails only when it is called."""
    plugin(tmp_path, "broken", "1 / 0\n", 'broken = "fails"\n"tool mend" = "mends"\n"db tidy" = "tidies"')
    configured(tmp_path)

    listed = roundhook("--help").out
    group = roundhook("db", "--help").out
    called = roundhook("broken")
    other = roundhook("rounds")

    assert re.search(r"^    broken +fails$", listed, re.MULTILINE)
    assert re.search(r"^    tool +mend: mends$", listed, re.MULTILINE)
    assert re.search(r"^    tidy +tidies$", group, re.MULTILINE)
    assert re.search(r"^    rebuild ", group, re.MULTILINE)
    assert called.code == 1
    assert "broken: importing it failed at cli.py:1: ZeroDivisionError" in called.err
    assert "There is no database" in other.err or "does not exist" in other.err or "is not" in other.err


def test_hyphens_are_underscores_in_python(roundhook: Command, tmp_path: Path) -> None:
    """A command of one word or of two that has hyphens, and its options; what is missing is named so that it can be."""
    cli = "def add_read_old(parser):\n    parser.add_argument('place')\n\n"
    cli += "async def read_old(terminal, arguments):\n    terminal.print(arguments.place)\n\n"
    cli += "async def tool_set_up(terminal, arguments):\n    terminal.print('set up')\n"
    listed = 'read-old = "reads"\n"tool set-up" = "sets up"\n"tool not-there" = "is not written"'
    plugin(tmp_path, "old", cli, listed)
    configured(tmp_path)

    assert roundhook("read-old", "attic").out == "attic\n"
    assert roundhook("tool", "set-up").out == "set up\n"
    assert "there is no `async def tool_not_there(terminal, arguments)`" in roundhook("tool", "not-there").err


def test_a_group_lists_all_its_commands(roundhook: Command, tmp_path: Path) -> None:
    """In the list of all commands too, whichever plugin brings them."""
    plugin(tmp_path, "one", "", '"tool mend" = "mends"\n"tool break" = "breaks"')
    plugin(tmp_path, "two", "", '"tool find" = "finds"')
    configured(tmp_path)

    assert re.search(r"^    tool +break, find, mend$", roundhook("--help").out, re.MULTILINE)
    assert "Breaks." not in roundhook("tool", "--help").out


def test_a_function_that_is_missing_is_named(roundhook: Command, tmp_path: Path) -> None:
    """With what to write; so is a cli.py that is missing."""
    plugin(tmp_path, "empty", "", '"tool mend" = "mends"')
    write_plugin(tmp_path / "plugins", "none", IDLE, manifest='[cli]\nnone = "nothing"\n')
    configured(tmp_path)

    assert "empty: cli.py:1: there is no `async def tool_mend(terminal, arguments)`" in roundhook("tool", "mend").err
    assert "none: there is no cli.py" in roundhook("none").err


@pytest.mark.parametrize("name", ["run", "import", "db upgrade", "db", "plugin list", "run fast", "lua deploy", "lua"])
def test_a_taken_name_is_refused(tmp_path: Path, name: str) -> None:
    """Roundhook's own, another plugin's, and what begins with one: the plugin is refused, with file and line."""
    plugin(tmp_path, "greedy", "", f'"{name}" = "takes it"')

    errors = discover([str(tmp_path / "plugins")]).errors

    assert f"greedy/manifest.toml:9: the command '{name}' is taken by" in errors["greedy"]


@pytest.mark.parametrize("line", ['"Run it" = "x"', '"a b c" = "x"', 'ladder = ""', "ladder = 1"])
def test_an_odd_command_is_refused(tmp_path: Path, line: str) -> None:
    """Three words, capitals, no help: told with file and line."""
    plugin(tmp_path, "odd", "", line)

    assert "manifest.toml:9: cli." in discover([str(tmp_path / "plugins")]).errors["odd"]


def test_roundhooks_own_commands_are_known_to_be_taken() -> None:
    """What the kernel refuses is what the terminal has."""
    assert {name.split()[0] for name in OWN_COMMANDS} >= set(COMMANDS)


def test_init_writes_the_example_once(roundhook: Command, tmp_path: Path) -> None:
    """Commented settings that can be read; what is there stays."""
    made = roundhook("init", tmp_path / "new")
    text = (tmp_path / "new" / "roundhook.toml").read_text()
    again = roundhook("init", tmp_path / "new")

    assert (made.code, again.code) == (0, 1)
    assert "[discord]" in text
    assert text.count("\n#") > 20
    assert "is there already" in again.err
    assert (tmp_path / "new" / "roundhook.toml").read_text() == text


def test_the_version(roundhook: Command) -> None:
    """``roundhook 0.2.0`` and nothing else."""
    assert re.fullmatch(r"roundhook \d+\.\d+\.\d+\n", roundhook("--version").out)
