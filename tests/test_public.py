"""What is public is described: every name that plugins import, every method and attribute of what they are handed."""

import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

from core.config import parse_config
from docs.public import modules, page_of
from roundhook import Context, Plugin, Settings
from roundhook.cli import Terminal
from roundhook.testing import Stage

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"


def sections(page: str) -> dict[str, str]:
    """Return what stands below each heading of a page of the reference, by the heading."""
    text = (REFERENCE / page).read_text("utf-8")
    return {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in re.split(r"^##+ ", text, flags=re.M)}


def lacking(kind: type, own: Iterable[str], text: str) -> list[str]:
    """Return the public methods and attributes of *kind*, and its objects' *own*, that *text* does not put in words."""
    missing = []
    for name, one in inspect.getmembers_static(kind):
        if not name.startswith("_"):
            is_method = callable(one) or isinstance(one, (staticmethod, classmethod))
            entry = method_entry(name) if is_method else attribute_entry(name)
            missing += [] if re.search(entry, text, re.MULTILINE) else [name]
    shown = [name for name in own if not name.startswith("_")]
    return missing + [name for name in shown if not re.search(attribute_entry(name), text, re.MULTILINE)]


def method_entry(name: str) -> str:
    """A signature in a block of code, and a word below it."""
    return rf"^(?:async )?def {name}\(.*\n```\n\n\w"


def attribute_entry(name: str) -> str:
    """A row of a table whose last cell is not empty."""
    return rf"^\| `{name}` \|.*\| [^|]+ \|$"


def test_the_modules_are_those_that_are_promised() -> None:
    """No more, no fewer: what is one more has a page, and stands in the list."""
    names = [one.__name__.partition(".")[2] for one in modules()]
    listed = re.findall(r"^\| \[`roundhook\.?(\w*)`\]", (REFERENCE / "public.md").read_text("utf-8"), re.MULTILINE)

    assert {"", "cli", "commands", "db", "pictures", "rounds", "testing"} <= set(names)
    assert listed == names


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__)
def test_every_name_has_an_entry(module: ModuleType) -> None:
    """On the module's page, under a heading of its own, with words; nothing else has one."""
    found = sections(page_of(module.__name__))
    given = {name for name in found if " " in name or "." in name or name.startswith("#")}

    assert sorted(set(found) - given) == sorted(module.__all__)
    words = {name: re.sub(r"```.*?```|`[^`]*`", "", found[name], flags=re.DOTALL) for name in module.__all__}
    assert [name for name in module.__all__ if not re.search(r"[a-z]{2}", words[name])] == []


def test_what_a_plugin_is_handed_has_entries() -> None:
    """Each method and attribute of what every plugin has."""
    found = sections("context.md")

    assert lacking(Plugin, [], found["Plugin"]) == []
    assert lacking(Context, ["config", "log"], found["Context"]) == []


async def test_what_a_stage_gives_has_entries() -> None:
    """Each method and attribute of a stage that runs, of its plugins, its Discord and its game server."""
    found = sections("roundhook-testing.md")
    async with Stage(plugins=[]) as stage:
        holders = {
            "Stage": stage, "stage.plugins": stage.plugins, "stage.discord": stage.discord,
            "stage.games": stage.games["local"],
        }  # fmt: skip
        missing = {name: lacking(type(one), vars(one), found[name]) for name, one in holders.items()}

    assert not any(missing.values()), missing


async def test_what_a_command_is_handed_has_entries(tmp_path: Path) -> None:
    """Each method and attribute of a Terminal."""
    async with Terminal(parse_config({}, tmp_path), Settings({})) as terminal:
        assert lacking(Terminal, vars(terminal), sections("roundhook-cli.md")["Terminal"]) == []


@pytest.mark.parametrize("entry", ["def settled(", "| `clock` |"])
def test_an_entry_that_is_missing_is_found(entry: str) -> None:
    """Without it, this very test of the page says which one."""
    text = sections("roundhook-testing.md")["Stage"]
    own = vars(Stage(plugins=[]))

    assert lacking(Stage, own, text) == []
    assert lacking(Stage, own, text.replace(entry, "")) == [re.sub(r"\W|def", "", entry)]
