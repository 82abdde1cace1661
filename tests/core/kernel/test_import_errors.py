"""An import that fails says what to write instead."""

from pathlib import Path

import pytest

from core.errors import PluginError
from core.kernel import loader
from core.kernel.imported import Before, check_imported
from tests.plugin_maker import write_plugin

FILES = {
    "helper.py": "",
    "parts/deep.py": "",
    "one.py": "from .two import b\na = 1\n",
    "two.py": "from .one import a\n",
}
CASES = {
    "from .helpr import x": "there is no helpr.py in the plugin's folder. Did you mean .helper?",
    "from . import helpr": "there is no helpr.py in the plugin's folder. Did you mean .helper?",
    "from .parts.dep import x": "there is no parts/dep.py in the plugin's folder. Did you mean .parts.deep?",
    "from .nowhere import x": "there is no nowhere.py in the plugin's folder.",
    "from .helper import nothing": "there is no nothing in helper.py.",
    "from .one import a": ".one is imported by what it imports itself. Let one of the two import it within a function.",
    "from helper import x": "It is the plugin's own: write it with a dot, `from .helper import …`.",
    "import helper": "It is the plugin's own: write it with a dot, `from .helper import …`.",
    "from parts.deep import x": "It is the plugin's own: write it with a dot, `from .parts import …`.",
    "from shop.helper import x": "Write `from .` for `from shop.`: the folder may be called otherwise.",
    "from ..ladder import x": "Another plugin's files cannot be imported: take its events, or ask what it offers.",
    "from .. import ladder": "Another plugin's files cannot be imported: take its events, or ask what it offers.",
    "import not_there": 'Put packages = ["not_there"] into the manifest and install it where the bot runs: '
    "`pip install not_there`",
    "import not_there.deep": 'packages = ["not_there"]',
    "import helpr": "ModuleNotFoundError: No module named 'helpr'. Did you mean .helper?",
    "import json.nothing": "json is installed: another version may have it.",
    "from roundhook import Plugn": "Did you mean Plugin?",
}


@pytest.mark.parametrize("line", CASES)
async def test_it_says_what_to_write(line: str, tmp_path: Path) -> None:
    """The line is named, and nothing of how generations are called."""
    folder = write_plugin(tmp_path, "shop", f"\n{line}\n", files=FILES)
    source = loader.read_source("shop", folder)

    with pytest.raises(PluginError) as refused:
        await loader.import_generation(source, loader.new_package("shop"))

    message = str(refused.value)
    place = "two.py:1" if line == "from .one import a" else "plugin.py:2"
    assert message.startswith(f"shop: importing it failed at {place}: ")
    assert CASES[line] in message
    assert message.endswith(" Correct it and reload.")
    assert "shop__g" not in message


async def test_a_file_in_a_folder_of_the_plugin_climbs(tmp_path: Path) -> None:
    """As many dots as it takes from there."""
    files = {"helper.py": "", "parts/__init__.py": "", "parts/deep.py": "from helper import x\n"}
    folder = write_plugin(tmp_path, "shop", "from .parts import deep\n", files=files)

    with pytest.raises(PluginError, match=r"at parts/deep\.py:1: .*`from \.\.helper import …`"):
        await loader.import_generation(loader.read_source("shop", folder), loader.new_package("shop"))


@pytest.mark.parametrize(
    "line",
    [
        "from .. import ladder",
        "from ..ladder import plugin",
        "from .\\\n    ... import ladder",
        "import roundhook_plugins.ladder",
        "from roundhook_plugins.ladder.plugin import Ladder",
        "from roundhook_plugins.shop import plugin",
    ],
)
def test_what_is_another_plugins_is_refused_also_where_it_is_there(line: str, tmp_path: Path) -> None:
    """Names for ``pickle`` are not for ``import``; a folder of the plugin's own may climb."""
    files = {"parts/deep.py": f"from .. import helper\n{line.replace('..', '...')}\n", "helper.py": ""}
    folder = write_plugin(tmp_path, "shop", "from .parts import deep\n", files=files)
    source = loader.read_source("shop", folder)

    with pytest.raises(PluginError, match=r"shop: parts/deep\.py:2: Another plugin's files cannot be imported"):
        check_imported(source, loader.new_package("shop"), Before())
