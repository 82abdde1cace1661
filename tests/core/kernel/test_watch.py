"""Reload on save, and the watchdog that names whoever blocks the loop."""

import asyncio
import errno
import logging
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.kernel import source as source_module
from core.kernel import watch as watch_module
from core.kernel.source import Stamp, stamp_of
from core.kernel.watch import LOOK_SECONDS, QUIET_LOOKS, Watching, watch
from core.kernel.watchdog import Watchdog
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugin_maker import running, save, says, until, write_plugin
from tests.plugins.notices import notice

NAMED = threading.Event()
"""Set when somebody has been named who blocks the loop."""
BLOCKS = """
from roundhook import Plugin, hookimpl
from tests.core.kernel.test_watch import NAMED

class Blocks(Plugin):
    @hookimpl
    async def on_round_notice(self, notice):
        NAMED.wait(10)
"""


WRITES = """
import sqlite3
from pathlib import Path
from roundhook import Plugin, hookimpl

FOLDER = Path(__file__).resolve().parent

class Writes(Plugin):
    async def setup(self):
        import time
        from . import helper
        self.word = (FOLDER / "word.txt").read_text()
        if (FOLDER / "state.json").exists():
            (FOLDER / "state.json").read_text()
        (FOLDER / "state.json").write_text(str(time.time_ns()))
        self.ctx.on_close(self.close)
        self.database = sqlite3.connect(FOLDER / "own.db")
        self.database.execute("create table if not exists t(n)")

    async def close(self):
        self.database.close()

    @hookimpl
    async def on_round_notice(self, notice):
        self.database.execute("insert into t values (1)")
        self.database.commit()
        (FOLDER / "new.json").write_text("new")
        (FOLDER / "new.json").replace(FOLDER / "state.json")
"""
ID = "writes_2026_11_22t12_00_00_000000"
MIGRATION = f"""
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from roundhook.db import statements

ID = "{ID}"

async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="writes")
    manager.add_raw(statements("CREATE TABLE writes_table (n BIGINT)"))
    return manager
"""
NO_SOURCE = (
    "plugin.py~", "4913", "#plugin.py#", "plugin.py.bak", ".plugin.py.swp", "plugin.py.orig", "notes.md", "unused.py",
    "__pycache__/plugin.cpython-311.pyc", "thousands/of/them.py",
)  # fmt: skip


async def said(stage: Stage) -> str:
    return str((await stage.discord.invoke("say", user=7, guild=1)).content)


async def test_a_saved_file_answers_and_a_broken_one_does_not_disturb(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """New code answers after the save; a syntax error is logged with its line, and the old code goes on."""
    folder = write_plugin(tmp_path, "says", says("one"))
    reloaded = Reloads(logging.getLogger("core.kernel.watch"))
    async with Stage(["says"], folders=[tmp_path]) as stage:
        watching = asyncio.create_task(watch(stage.app.kernel))
        await asyncio.sleep(0)
        before = await said(stage)
        await reloaded.after(lambda: save(folder / "plugin.py", says("two")))
        after = await said(stage)
        await reloaded.after(lambda: save(folder / "plugin.py", "def broken(:\n"))
        still = await said(stage)
        watching.cancel()
        reloaded.close()

    assert (before, after, still) == ("one", "two", "two")
    assert "plugin.py:1" in caplog.text


async def test_only_what_the_generation_was_made_from_is_looked_at(tmp_path: Path) -> None:
    """Own data, SQLite files, backups and swap files are no save; what was imported or read at the load is."""
    folder = write_plugin(tmp_path, "writes", WRITES, files={"helper.py": "", "word.txt": "one"})
    async with Stage(["writes"], folders=[tmp_path]) as stage:
        watching = Watching(stage.app.kernel)
        await looks(watching)
        await stage.publish(notice())
        await stage.settled()
        for name in NO_SOURCE:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("x = (")
        await looks(watching)
        idle = stage.plugins.status("writes").generation
        written_by_another(folder / "word.txt", "two!")
        await looks(watching)
        word = running(stage, "writes").word
        for name in ("helper.py", "manifest.toml", "plugin.py"):
            save(folder / name, (folder / name).read_text() + "\n")
            await watching.look()
        await looks(watching)
        together = stage.plugins.status("writes").generation
        (folder / "piccolo_migrations").mkdir()
        (folder / "piccolo_migrations" / f"{ID}.py").write_text(MIGRATION)
        (folder / "piccolo_migrations" / f"{ID}.py~").write_text("x = (")
        await looks(watching)
        tables = await stage.count("writes_table")
        migrated = stage.plugins.status("writes").generation

    assert (idle, word, together) == (1, "two!", 3)
    assert (tables, migrated) == (0, 4)


async def test_the_watch_survives_whatever_becomes_of_a_folder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Gone, back, another one behind a link, a link to itself, a missing file: each is told once, and then mended."""
    places = [write_plugin(tmp_path / where, "says", says(where)) for where in ("one", "two")]
    (plugins := tmp_path / "plugins").mkdir()
    link = plugins / "says"
    link.symlink_to(places[0])

    def relink(target: Path) -> None:
        link.unlink()
        link.symlink_to(target)

    async with Stage(["says"], folders=[plugins]) as stage:
        watching, heard = Watching(stage.app.kernel), []
        changes: list[Callable[[], object]] = [
            link.unlink,
            lambda: link.symlink_to(places[1]),
            lambda: relink(link),
            lambda: (link.rename(tmp_path / "away"), places[0].rename(link)),
            lambda: save(link / "plugin.py", f"from .later import x\n{says('three')}"),
            lambda: (link / "later.py").write_text("x = 1\n"),
            lambda: save(link / "manifest.toml", "[plugin"),
            lambda: save(link / "manifest.toml", (places[1] / "manifest.toml").read_text()),
            lambda: (link.rename(tmp_path / "old"), shutil.copytree(places[1], link)),
        ]
        for change in changes:
            change()
            await looks(watching)
            heard.append((await said(stage), stage.plugins.status("says").generation))

    words = [word for word, _ in heard]
    assert words == ["one", "two", "two", "one", "one", "three", "three", "three", "two"]
    assert caplog.text.count("manifest.toml cannot be watched (Too many") == 1


async def test_a_checkout_of_another_branch_is_one_reload(tmp_path: Path) -> None:
    """Many files at once, some gone, while it looks; back again is one more."""
    parts = {f"parts/part_{number}.py": f"WORD = {number}\n" for number in range(40)}
    code = "".join(f"from .parts.part_{number} import WORD\n" for number in range(40)) + says("one")
    folder = write_plugin(tmp_path, "says", code, files=parts)
    git(folder, "init", "-q", "-b", "one")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    git(folder, "checkout", "-qb", "two")
    shutil.rmtree(folder / "parts")
    (folder / "parts").mkdir()
    for number in range(20):
        (folder / "parts" / f"other_{number}.py").write_text(f"WORD = {number}\n")
    fewer = "".join(f"from .parts.other_{number} import WORD\n" for number in range(20))
    (folder / "plugin.py").write_text(fewer + says("two"))
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "two")
    git(folder, "checkout", "-q", "one")
    heard = []
    async with Stage(["says"], folders=[tmp_path]) as stage:
        watching = Watching(stage.app.kernel)
        for branch in ("two", "one"):
            checkout = asyncio.create_task(asyncio.to_thread(git, folder, "checkout", "-q", branch))
            while not checkout.done():
                await watching.look()
                await asyncio.sleep(LOOK_SECONDS)
            await looks(watching)
            heard.append((await said(stage), stage.plugins.status("says").generation))

    assert heard == [("two", 2), ("one", 3)]


async def test_what_cannot_be_looked_at_is_named_once_and_thousands_of_files_are_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that may not be read: the old code goes on, and the new is there when it may."""
    folder = write_plugin(tmp_path, "says", says("one"))
    denied, seen = set[str](), list[Path]()

    def stamp(path: Path) -> Stamp:
        seen.append(path)
        return errno.EACCES if path.name in denied else stamp_of(path)

    monkeypatch.setattr(watch_module, "stamp_of", stamp)
    monkeypatch.setattr(source_module, "stamp_of", stamp)
    async with Stage(["says"], folders=[tmp_path]) as stage:
        watching = Watching(stage.app.kernel)
        seen.clear()
        await watching.look()
        before = len(seen)
        for number in range(3000):
            (folder / f"data_{number}.py").touch()
        seen.clear()
        await looks(watching)
        after, idle_generation = len(seen), stage.plugins.status("says").generation
        denied.add("plugin.py")
        await looks(watching)
        await looks(watching)
        still, error = await said(stage), stage.plugins.status("says").error
        denied.clear()
        save(folder / "plugin.py", says("two"))
        await looks(watching)
        mended = await said(stage)

    assert after == before * (QUIET_LOOKS + 2)
    assert (idle_generation, still, mended) == (1, "one", "two")
    assert "plugin.py cannot be read (Permission denied)" in error
    assert caplog.text.count("plugin.py cannot be watched (Permission denied). Make it readable.") == 1


def git(folder: Path, *words: str) -> None:
    """Call git as nobody in particular."""
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", *who, *words], cwd=folder, check=True)


async def test_an_unusable_manifest_is_tried_again_when_it_is_saved(tmp_path: Path) -> None:
    """Also of a plugin that could not even be named."""
    folder = write_plugin(tmp_path, "says", says("one"))
    good = (folder / "manifest.toml").read_text()
    save(folder / "manifest.toml", "[plugin")
    async with Stage(["says"], folders=[tmp_path], broken=True) as stage:
        watching = Watching(stage.app.kernel)
        await looks(watching)
        save(folder / "manifest.toml", "[plugin]")
        await looks(watching)
        save(folder / "manifest.toml", good)
        await looks(watching)
        word = await said(stage)

    assert word == "one"


async def test_the_watch_outlives_its_own_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that fails is logged, and the next one is made."""
    looked = asyncio.Event()

    async def look(self: Watching) -> None:
        if looked.is_set():
            await asyncio.Event().wait()
        looked.set()
        raise RecursionError

    monkeypatch.setattr(Watching, "look", look)
    watching = asyncio.create_task(watch(None))  # type: ignore[arg-type]
    await looked.wait()
    await asyncio.sleep(0)
    alive = not watching.done()
    watching.cancel()

    assert alive


async def test_who_blocks_the_loop_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the plugin, the file and the line at which the loop stands still."""
    write_plugin(tmp_path, "blocks", BLOCKS)
    NAMED.clear()
    named = Sets(NAMED)
    logging.getLogger("roundhook.blocks").addHandler(named)
    async with Stage(["blocks"], folders=[tmp_path]) as stage:
        watchdog = Watchdog(stage.app.kernel, blocked_seconds=0.1)
        await stage.publish(notice())
        await stage.settled()
        await until(lambda: "blocks blocks the event loop" in caplog.text)
        watchdog.close()
    logging.getLogger("roundhook.blocks").removeHandler(named)

    assert "plugin.py:8 in on_round_notice" in caplog.text


def written_by_another(path: Path, text: str) -> None:
    """Write a file in another process: what the bot's own writes is no save."""
    subprocess.run(["tee", path], input=text.encode(), stdout=subprocess.DEVNULL, check=True)


async def looks(watching: Watching) -> None:
    """Look until a change is taken."""
    for _ in range(QUIET_LOOKS + 2):
        await watching.look()


class Sets(logging.Handler):
    """Sets an event when something is logged."""

    def __init__(self, event: threading.Event) -> None:
        super().__init__()
        self._event = event

    def emit(self, record: logging.LogRecord) -> None:
        self._event.set()


class Reloads(logging.Handler):
    """Lets a test wait for what the watch says about a reload."""

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__()
        self._said = asyncio.Event()
        self._logger = logger
        self._level = logger.level
        logger.addHandler(self)
        logger.setLevel(logging.INFO)

    def close(self) -> None:
        self._logger.setLevel(self._level)
        self._logger.removeHandler(self)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        self._said.set()

    async def after(self, change: Callable[[], object]) -> None:
        """Make a change and return when the watch has said what came of it."""
        await asyncio.to_thread(change)
        async with asyncio.timeout(PATIENCE):
            await self._said.wait()
        self._said.clear()
