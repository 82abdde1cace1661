"""A plugin's code is compiled once for each text of a file; what a file imports is read from it."""

import ast
import os
import sys
import weakref
from pathlib import Path

import pytest

from core.kernel import compiled as compiling
from core.kernel.compiled import compiled

IMPORTS = """
import os
from roundhook import Plugin
from . import one, two
from .three import four as five, six
from .seven import *
class A:
    from .. import eight
    async def a(self):
        try:
            match self:
                case 1:
                    from ..nine.ten import eleven
        finally:
            return [lambda: __import__("twelve") for _ in ()]
if False:
    pass
else:
    def b():
        def c():
            from .thirteen import fourteen
"""


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the compiled files of *tmp_path* are kept."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    return tmp_path / "__pycache__"


def ran(file: Path) -> dict[str, object]:
    """Compile a file as another process would, and run it."""
    compiling._latest.clear()
    found: dict[str, object] = {}
    exec(compiled(file.read_bytes(), str(file))[0], found)  # noqa: S102
    return found


def test_what_a_file_imports_of_its_own_plugin(tmp_path: Path) -> None:
    """Wherever the statement stands, it is found, with its dots."""
    relative = [one for one in ast.walk(ast.parse(IMPORTS)) if isinstance(one, ast.ImportFrom) and one.level]
    modules = {(one.level, one.module) for one in relative if one.module}
    names = {(one.level, ".".join(filter(None, (one.module, name.name)))) for one in relative for name in one.names}

    _, imports = compiled(IMPORTS.encode(), str(tmp_path / "plugin.py"))

    assert set(imports) == modules | names


def test_of_each_file_only_what_it_said_last_is_held(tmp_path: Path) -> None:
    """However often it is saved; of many files those that were read last."""
    path = str(tmp_path / "plugin.py")
    seen = [weakref.ref(compiled(f"X = {number}".encode(), path)[0]) for number in range(9)]
    again = compiled(b"X = 8", path)[0]

    assert [one() for one in seen] == [None] * 8 + [again]
    for number in range(2 * compiling._MOST):
        compiled(b"Y = 1", str(tmp_path / f"{number}.py"))
    assert len(compiling._latest) == compiling._MOST


def test_what_lies_there_is_what_runs(kept: Path, tmp_path: Path) -> None:
    """A file of the same time and size, one that was moved, and a kept one that is broken: never a stale one."""
    file = tmp_path / "plugin.py"
    file.write_text("X = 1\ndef f(): pass")
    assert ran(file)["X"] == ran(file)["X"] == 1
    (made,) = kept.iterdir()

    time = file.stat().st_mtime_ns
    file.write_text("X = 2\ndef f(): pass")
    os.utime(file, ns=(time, time))
    assert ran(file)["X"] == 2

    for broken in (made.read_bytes()[:-9], made.read_bytes()[:40], b""):
        made.write_bytes(broken)
        assert ran(file)["X"] == 2

    (moved := tmp_path / "moved").mkdir()
    (there := moved / "plugin.py").write_bytes(file.read_bytes())
    kept.rename(moved / "__pycache__")
    assert ran(there)["f"].__code__.co_filename == str(there)  # type: ignore[attr-defined]


def test_it_is_compiled_once(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next process takes what is kept; beside another user's files, or where Python keeps none, nothing is."""
    file = tmp_path / "plugin.py"
    file.write_text("X = 1")
    ran(file)
    before = {one: one.stat().st_mtime_ns for one in kept.iterdir()}
    ran(file)
    assert {one: one.stat().st_mtime_ns for one in kept.iterdir()} == before

    for one in before:
        one.unlink()
    with monkeypatch.context() as other:
        other.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
        ran(file)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    ran(file)
    assert not list(kept.iterdir())
