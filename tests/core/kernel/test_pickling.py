"""A plugin's own classes are read again from a pickle: after a reload, after a restart, and in another process."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from core.kernel import elsewhere, names
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import running, save, until, write_plugin

FILES = {
    "model.py": """
        import dataclasses
        import enum
        from typing import NamedTuple

        WORD = "one"

        @dataclasses.dataclass
        class Row:
            number: "int"
            next: "Row | None" = None

        class Colour(enum.Enum):
            RED = 1

        class Pair(NamedTuple):
            left: int
            right: int

        class WrongError(Exception): ...

        class Outer:
            class Inner: ...

            def __eq__(self, other):
                return type(self) is type(other)
    """,
    "parts/__init__.py": """
        class OfFolder:
            class Inner: ...

        def work():
            from . import deep
            return deep.Deep()
    """,
    "parts/deep.py": """
        class Deep:
            def __reduce__(self):
                return Deep, ()
    """,
    "tables.py": """
        from piccolo.columns import ForeignKey, Integer, Varchar
        from piccolo.table import Table

        class KeepsRow(Table, tablename="keeps_row"):
            word = Varchar()

        class KeepsOther(Table, tablename="keeps_other"):
            row = ForeignKey("KeepsRow")
    """,
    "contract.py": """
        from roundhook import event

        @event(hook="on_kept", key=("number",))
        class Kept:
            number: int
    """,
}
KEEPS = """
import asyncio
import pickle
from pathlib import Path

from roundhook import Plugin, hookimpl

from . import contract, model, parts, tables
from .parts import deep

FILE = Path(__file__).parents[1] / "kept.pickle"

class Here(str): ...

def objects():
    return [
        model.Row(1, model.Row(2)), model.Colour.RED, model.Pair(1, 2), model.Outer(), model.Outer.Inner,
        parts.OfFolder, parts.OfFolder.Inner, parts.work, deep.Deep, deep.Deep().__class__, Here("here"), objects,
        contract.Kept(number=3), tables.KeepsRow, tables.KeepsOther.row._foreign_key_meta.resolved_references,
    ]

def same(one, other):
    return type(one) is type(other) and (one == other or isinstance(one, type))

class Keeps(Plugin):
    async def setup(self):
        self.read = pickle.loads(FILE.read_bytes()) if FILE.exists() else None
        self.right = self.read is None or all(map(same, self.read, objects()))
        FILE.write_bytes(pickle.dumps(objects()))
        self.ctx.service(self.look)

    async def look(self):
        self.in_thread = await asyncio.to_thread(lambda: pickle.loads(pickle.dumps(model.Row)) is model.Row)

    @hookimpl
    async def on_round_imported(self, round):
        assert pickle.loads(pickle.dumps(model.Row)) is model.Row
        self.word = pickle.loads(pickle.dumps(model.Outer())).__class__.__module__

    def export_state(self):
        pickle.loads(pickle.dumps(objects()))
        self.at_the_end = pickle.loads(pickle.dumps(model.Row)) is model.Row
        return {}
"""
READS = """
import pickle, sys
found = pickle.loads(sys.stdin.buffer.read())
print(type(found[0]).__module__, found[0].next.number)
"""
POOLS = """
import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from roundhook import Plugin, offer

from . import model

def double(row):
    return model.Row(row.number * 2), model.WORD

def fails(row):
    raise model.WrongError(row)

class Pools(Plugin):
    @offer
    async def run(self, way: str) -> list:
        loop = asyncio.get_running_loop()
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(way)) as pool:
            row, word = await loop.run_in_executor(pool, double, model.Row(21))
            try:
                await loop.run_in_executor(pool, fails, model.Row(1))
            except model.WrongError as error:
                assert error.args == (model.Row(1),)
                return [isinstance(row, model.Row), row.number, word]
        return []
"""


async def test_what_a_plugin_has_pickled_it_reads_again(tmp_path: Path) -> None:
    """Own classes are own ones in the new generation's setup beside the old, in the old one still, after a restart."""
    folder = write_plugin(tmp_path, "keeps", KEEPS, files=FILES)
    async with Stage(["keeps"], folders=[tmp_path]) as stage:
        old = running(stage, "keeps")
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await stage.settled()
        await until(lambda: hasattr(old, "in_thread"))
        bytes_written = (tmp_path / "kept.pickle").read_bytes()
        save(folder / "model.py", (folder / "model.py").read_text() + "\nLATER = 1\n")
        report = await stage.plugins.reload("keeps")
        new, outside = running(stage, "keeps"), pickle.loads(bytes_written)
        same_outside = type(outside[0]) is type(new.read[0])
    async with Stage(["keeps"], folders=[tmp_path]) as stage:
        again = running(stage, "keeps")
    gone = [one for one in sys.modules if one.startswith(f"{names.NAMESPACE}.keeps")]

    assert (old.right, old.in_thread, old.word, old.at_the_end) == (True, True, "roundhook_plugins.keeps.model", True)
    assert report.ok, report.error
    assert new.right
    assert new.read is not None
    assert same_outside, "who is no plugin's code gets the class of what serves"
    assert again.right
    assert again.read is not None
    assert b"__g" not in bytes_written
    assert not gone
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'roundhook_plugins\.keeps'"):
        pickle.loads(bytes_written)


def in_another_process(code: str, given: bytes, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], input=given, capture_output=True, cwd=folder, check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    return done.stdout.decode() + done.stderr.decode()


async def test_a_process_beside_the_bot_finds_what_the_settings_name(tmp_path: Path) -> None:
    """One that nobody has told where plugins lie looks as the bot does; what is not there is Python's own error."""
    write_plugin(tmp_path / "mine", "keeps", KEEPS, files=FILES)
    async with Stage(["keeps"], folders=[tmp_path / "mine"]):
        pass
    written = (tmp_path / "mine" / "kept.pickle").read_bytes()
    unknown = in_another_process(READS, written, tmp_path)
    (tmp_path / "roundhook.toml").write_text('[plugins]\npaths = ["mine"]\n')
    found = in_another_process(READS, written, tmp_path)

    assert "No module named 'roundhook_plugins.keeps'" in unknown
    assert found == "roundhook_plugins.keeps.model 2\n"


@pytest.mark.parametrize("way", ["spawn", "forkserver"])
async def test_work_goes_to_other_processes_and_comes_back(tmp_path: Path, way: str) -> None:
    """Functions, objects and errors of the plugin's own: also after a reload, by the code that serves then."""
    folder = write_plugin(tmp_path, "pools", POOLS, files={"model.py": FILES["model.py"]})
    async with Stage(["pools"], folders=[tmp_path]) as stage:
        before = await stage.call("pools.run", way=way)
        save(folder / "model.py", (folder / "model.py").read_text().replace('"one"', '"two"'))
        await stage.plugins.reload("pools")
        after = await stage.call("pools.run", way=way)

    assert (before, after) == ([True, 42, "one"], [True, 42, "two"])


def test_what_a_process_was_told_it_knows_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has loaded a plugin of that name itself, and let go of it, finds what is pickled where it came from."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(elsewhere, "_INHERITED", {"keeps": "/there"})
    elsewhere.tell("keeps", Path("/here"))
    here = elsewhere.folder_of("keeps")
    elsewhere.tell("keeps", None)

    assert (here, elsewhere.folder_of("keeps")) == (Path("/here"), Path("/there"))
