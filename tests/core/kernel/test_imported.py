"""What an import leaves behind and cannot work later is named when the plugin is loaded, and only that."""

import functools
import sys
from pathlib import Path

import pytest

from core.errors import PluginError
from core.kernel import loader
from core.kernel.imported import Before, check_imported
from tests.plugin_maker import write_plugin

HEAD = "import asyncio, sqlite3, threading\n\n"
BOUND = {
    "DB = sqlite3.connect(':memory:')": "DB is a connection to SQLite",
    "DB = sqlite3.connect(':memory:').cursor()": "DB is a cursor of SQLite",
    "DB = {'main': sqlite3.connect(':memory:')}": "DB is a connection to SQLite",
    "LOOPS: list = [asyncio.new_event_loop()]; LOOPS[0].close()": "LOOPS is an event loop",
    "class Store: local = threading.local(); local.x = 1": "Store is a threading.local",
    "class Store:\n    def __init__(self): self.db = sqlite3.connect('')\nSTORE = Store()": "STORE is a connection",
}
FREE = """
import asyncio, sqlite3, threading

DB = sqlite3.connect(":memory:", check_same_thread=False)
EMPTY = threading.local()
LOCK, QUEUE, THREADS = asyncio.Lock(), asyncio.Queue(), threading.Lock()

class Own(threading.local):
    def __init__(self):
        self.cache = {}

OWN = Own()
"""


async def imported(folder: Path, code: str, name: str = "shop", **files: str) -> None:
    """Import a plugin as it is imported when it is loaded."""
    place = write_plugin(folder, name, code, files={f"{file}.py": text for file, text in files.items()})
    source, package = loader.read_source(name, place), loader.new_package(name)
    check = functools.partial(check_imported, source, package, Before())
    try:
        await loader.import_generation(source, package, check=check)
    finally:
        loader.forget(package)


@pytest.mark.parametrize("line", BOUND)
async def test_what_belongs_to_the_importing_thread_is_named(line: str, tmp_path: Path) -> None:
    """Also in a class, its object, a list or a table, and in another of the plugin's files."""
    with pytest.raises(PluginError, match=rf"shop: helper\.py:[35]: {BOUND[line]}"):
        await imported(tmp_path, "from . import helper\n", helper=f"{HEAD}{line}\n")


async def test_what_other_threads_can_use_is_not(tmp_path: Path) -> None:
    """A connection for all threads, what is filled in each thread, what needs no loop."""
    await imported(tmp_path, FREE)


@pytest.fixture
def path_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves ``sys.path`` and the modules as they were."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "rh_helper", raising=False)


@pytest.mark.usefixtures("path_of_now")
async def test_a_name_that_another_plugin_has_brought_is_named(tmp_path: Path) -> None:
    """Two plugins that put a folder each into ``sys.path``, with a helper of one name: the second got the first's."""
    for name in ("one", "two"):
        (tmp_path / "libs" / name).mkdir(parents=True)
        (tmp_path / "libs" / name / "rh_helper.py").write_text(f"WHOSE = '{name}'\n")
    code = "import sys\nsys.path.insert(0, {!r})\nimport rh_helper\n"
    await imported(tmp_path, code.format(str(tmp_path / "libs" / "one")), "one")
    await imported(tmp_path, code.format(str(tmp_path / "libs" / "one")), "again")
    second = code.format(str(tmp_path / "libs" / "two"))
    for _ in range(2):
        with pytest.raises(PluginError, match=r"two: plugin\.py:3: 'rh_helper' is not the one in .*one/rh_helper\.py"):
            await imported(tmp_path, second, "two")
    own = code.format(str(tmp_path / "three"))
    with pytest.raises(PluginError, match=r"three: plugin\.py:3: 'rh_helper' is not the one in"):
        await imported(tmp_path, own, "three", rh_helper="WHOSE = 'three'\n")

    assert str(tmp_path / "libs" / "two") not in sys.path
    sys.modules.pop("rh_helper")


async def test_a_folder_under_another_name_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parent in ``sys.path`` makes a package of it; nothing of that is left behind."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(PluginError, match=r"shop: plugin\.py:1: 'shop\.helper' is the plugin's own and .*another name"):
        await imported(tmp_path, "import shop.helper\n", helper="")

    assert not [one for one in sys.modules if one.split(".")[0] == "shop"]
