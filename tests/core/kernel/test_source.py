"""What a plugin is made of: only what is imported is code, and a generation's modules are real ones."""

import os
from pathlib import Path

from core.kernel.source import Source, read_source
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import running, save, write_plugin

REAL = """
import importlib
import importlib.resources
import inspect
import pkgutil
import sys
import typing
from dataclasses import dataclass
from pathlib import Path

from roundhook import Plugin, hookimpl

from . import feature, parts
from .lib.shared import WORD
from .parts import one

@dataclass
class Line:
    text: "typing.ClassVar[Word]"

class Word(str): ...

class Real(Plugin):
    async def setup(self):
        (Path(__file__).parent / "own.txt").write_text("written")
        folder = importlib.resources.files(__package__)
        self.found = {
            "word": WORD,
            "data": (folder / "words.txt").read_text(),
            "inner": importlib.resources.files(parts).joinpath("data.txt").read_text(),
            "modules": sorted(one.name for one in pkgutil.iter_modules(parts.__path__)),
            "dynamic": importlib.import_module(".parts.two", __package__).TWO,
            "spec": __spec__.origin == __file__ == __loader__.get_filename(__spec__.name),
            "package": sys.modules[__package__].__path__ == [str(Path(__file__).parent)],
            "hints": typing.get_type_hints(Line)["text"] == typing.ClassVar[Word],
            "source": inspect.getsource(Word),
        }

    @hookimpl
    async def on_round_imported(self, round):
        from .late import LATE
        self.late = LATE
"""
FILES: dict[str, str | bytes] = {
    "words.txt": "hello",
    "feature/__init__.py": "",
    "parts/__init__.py": "from .. import feature\n",
    "parts/one.py": "",
    "parts/two.py": "TWO = 2\n",
    "parts/data.txt": "inner",
    "late.py": "LATE = 'late'\n",
    "templates/{{ name }}.py": "class {{ name }}:\n",
    "examples/old.py": "print 'hello'\n",
    "examples/latin.py": b"# \xe9\n",
}


async def test_modules_are_real_and_what_nothing_imports_is_no_code(tmp_path: Path) -> None:
    """The standard library finds what lies in the folder, links too; templates, old examples and big data are left."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "shared.py").write_text("WORD = 'linked'\n")
    folder = write_plugin(tmp_path / "plugins", "real", REAL)
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "lib").symlink_to(shared)
    with (folder / "model.bin").open("wb") as model:
        model.truncate(600 * 1024 * 1024)
    (tmp_path / "linked").symlink_to(folder.parent)
    async with Stage(["real"], folders=[tmp_path / "linked"]) as stage:
        plugin, hash_before = running(stage, "real"), stage.plugins.status("real").source_hash
        (folder / "late.py").write_text("LATE = 'saved later'\n")
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await stage.settled()
        source = stage.app.kernel.slots["real"].generation.source  # type: ignore[union-attr]
        (folder / "late.py").write_text(str(FILES["late.py"]))
        again = await stage.plugins.reload("real")

    assert plugin.found == {
        "word": "linked", "data": "hello", "inner": "inner", "modules": ["one", "two"], "dynamic": 2,
        "spec": True, "package": True, "hints": True, "source": "class Word(str): ...\n",
    }  # fmt: skip
    assert plugin.late == "late", "what a function imports is what was read at the load"
    assert sorted(filter(None, source.files)) == [
        "feature", "late", "lib", "lib.shared", "parts", "parts.one", "parts.two", "plugin",
    ]  # fmt: skip
    assert sorted(path.name for path in source.data) == ["data.txt", "words.txt"]
    assert again.source_hash == hash_before, "what the plugin writes is not its source"


def test_the_hash_is_that_of_code_manifest_and_data(tmp_path: Path) -> None:
    """It changes with what counts, and only then."""
    folder = write_plugin(tmp_path, "one", "from . import helper\n", files={"helper.py": "", "data.txt": "1"})

    def made() -> str:
        source = read_source("one", folder)
        source.note_data(folder / "data.txt")
        return source.sha256

    seen = [made()]
    for name, text in {"helper.py": "x = 1\n", "data.txt": "2", "contract.py": "", "__init__.py": "y = 1\n"}.items():
        (folder / name).write_text(text)
        seen.append(made())
    save(folder / "manifest.toml", (folder / "manifest.toml").read_text() + "\n# other\n")
    seen.append(made())
    (folder / "piccolo_migrations").mkdir()
    (folder / "piccolo_migrations" / "one_2026_11_22t12_00_00_000000.py").write_text("")
    seen.append(made())
    (folder / "unused.py").write_text("z = 1\n")
    os.utime(folder / "plugin.py")

    assert len(set(seen)) == len(seen)
    assert made() == seen[-1]


def test_imports_are_followed_as_python_follows_them(tmp_path: Path) -> None:
    """A folder goes before a file of its name; what is not there is looked for, and not an error yet."""
    code = "from .a.b.c import d\nfrom .absent import x\nfrom ...beyond import y\nfrom . import *\nimport os.path\n"
    files = {"a.py": "1 / 0", "e.py": "", "plugin.py": code}
    folder = write_plugin(tmp_path, "one", code, files=files)
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "__init__.py").write_text("")
    (folder / "a" / "b" / "c.py").write_text("from ...e import f\n")

    source = read_source("one", folder)

    assert sorted(source.files) == ["", "a", "a.b", "a.b.c", "e", "plugin"]
    assert source.paths["a"] == folder / "a" / "__init__.py"
    assert source.stamps[folder / "absent.py"] is None
    assert isinstance(Source("one", folder / "gone").sha256, str)
