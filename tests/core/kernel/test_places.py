"""Where a mistake stands: lines of keys in TOML, lines of classes, handlers and errors in code."""

from pathlib import Path

import pytest

from core.errors import PluginError
from core.hookspecs import CONTRACTS
from core.kernel.document import line_of
from core.kernel.manifest import read_manifest
from core.kernel.probe import check_contract
from tests.plugin_maker import write_plugin

MANIFEST = '''# every way in which a key can be written
"colour" = "red"
[plugin] # the table
name = "a"

summary = """
[config.no]
version = 1
"""
[limits]
on_x = [
  1,
  2]
[config]
speed.type = "int"
speed.default = 3
pace = { type = "int", default = 1 }
[ config . "odd key" ]
type = "str"
[[more]]
a = 1
'''
HEAD = "from roundhook import Plugin, hookimpl\n"


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("colour",), 2),
        (("plugin",), 3),
        (("plugin", "name"), 4),
        (("plugin", "summary"), 6),
        (("plugin", "version"), 3),
        (("limits", "on_x"), 11),
        (("config", "speed"), 15),
        (("config", "speed", "default"), 16),
        (("config", "pace", "default"), 17),
        (("config", "odd key", "type"), 19),
        (("config", "odd key", "default"), 18),
        (("config", "no"), 14),
        (("more", "a"), 21),
        (("nowhere", "at all"), 1),
    ],
)
def test_the_line_of_a_key(key: tuple[str, ...], line: int) -> None:
    """Where the key begins; where it is missing, its table, else the first line."""
    assert line_of(MANIFEST, key) == line


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("\nclass Asks(Plugin):\n    def __init__(self, what):\n        pass\n", "plugin.py:3"),
        (
            "class Caused(Plugin):\n    def __init__(self):\n        e = KeyError()\n        raise e from e\n",
            "plugin.py:5",
        ),
        (
            "class Named(Plugin):\n\n    @hookimpl(specname='on_round_imported')\n    async def other(self, rnd):\n"
            "        pass\n",
            "plugin.py:4",
        ),
        (
            "class Far(Plugin):\n    @hookimpl(specname='on_nothing')\n    async def far(self):\n        pass\n",
            "plugin.py:3",
        ),
        (
            "from .inner import helper\n\nclass Deep(Plugin):\n    def __init__(self):\n        helper.fail()\n",
            "inner/helper.py:2",
        ),
    ],
    ids=["an argument too few", "its own cause", "a hook by another name", "no hook by another name", "a folder below"],
)
async def test_the_place_of_a_mistake(code: str, place: str, tmp_path: Path) -> None:
    """The innermost line of the plugin's own, else where the class or handler is defined."""
    files = {"inner/__init__.py": "", "inner/helper.py": "def fail():\n    1 / 0\n"}
    folder = write_plugin(tmp_path, "odd", HEAD + code, files=files)

    with pytest.raises(PluginError) as caught:
        await check_contract(read_manifest(folder), CONTRACTS)

    assert place in str(caught.value)


async def test_a_second_name_for_the_class_is_no_second_class(tmp_path: Path) -> None:
    """An alias does no harm."""
    folder = write_plugin(tmp_path, "twice", f"{HEAD}\nclass One(Plugin):\n    pass\n\nOther = One\n")

    assert await check_contract(read_manifest(folder), CONTRACTS) == []
