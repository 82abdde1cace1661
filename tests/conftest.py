"""What tests share: databases of both kinds, and the real samples where they lie."""

import builtins
import contextlib
import dataclasses
import functools
import gc
import logging
import os
import platform
import sys
from collections import Counter
from collections.abc import AsyncIterator, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import CodeType
from typing import Any

import hypothesis
import pytest

import devkit.stage
from core.clock import MovableClock
from core.db import Database, open_database, sqlite
from core.db import tables as core_tables
from core.db.worker import Worker
from core.rounds import tables as round_tables
from devkit.fresh import fresh_database
from tests.postgres import postgres_server
from tests.postgres_databases import MigratedDatabases, empty_database, migrated_databases

hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")  # others may use its cores
sys.dont_write_bytecode = False  # wherever it runs: else each process compiles every file once more
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
gc.disable()  # until all is imported and collected: none of it goes before the end
platform.architecture = functools.cache(platform.architecture)  # hikari asks it anew for each bot: a child process
LONG = (
    "tests/faults/", "test_types.py", "test_state_invariant", "test_following", "test_status_command", "test_live.py",
    "test_plugin_install", "kernel/test_invariants", "kernel/test_faults", "server_admin/test_install", "test_intents",
)  # fmt: skip
"""Where tests are that take ten seconds and more, each in a small file."""
SAMPLES = Path(__file__).parents[2] / "shared" / "samples"


@functools.cache
def _compiled(text: str) -> CodeType:
    return compile(text, "<string>", "exec")


def _executed(text: str, names: dict[str, Any], found: dict[str, Any]) -> None:
    builtins.exec(_compiled(text), names, found)  # noqa: S102 - what dataclasses has written


vars(dataclasses)["exec"] = _executed  # plugins are loaded a thousand times, and each time their classes made anew


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server's maintenance database."""
    try:
        with postgres_server() as url:
            yield url
    except LookupError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def postgres_databases(postgres: str) -> Iterator[MigratedDatabases]:
    """Databases there that have all tables."""
    with migrated_databases(postgres) as databases:
        yield databases


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What SQLite has worked since the list was emptied, in hundreds of its instructions."""
    counted: list[int] = []

    def count(_: Worker) -> bool:
        counted.append(100)
        return False

    monkeypatch.setattr(sqlite, "STEPS", 100)
    monkeypatch.setattr(Worker, "is_given_up", count)
    return counted


@pytest.fixture(params=["sqlite", "postgres"])
async def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an empty database; the test runs once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'roundhook.db'}"
        return
    async with empty_database(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database with all tables, and nothing in them; the test runs once on each kind."""
    if request.param == "sqlite":
        yield await fresh_database(tmp_path)
        return
    async with request.getfixturevalue("postgres_databases").database() as url:
        yield url


def pytest_xdist_auto_num_workers() -> int:
    """Two processes for each core: half of the time a test waits for a peer, a timer or a disk."""
    return 2 * (os.cpu_count() or 1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare on which database a stage runs that is given none, and at which time it begins."""
    parser.addoption("--stage-on", choices=("sqlite", "postgres"), default="sqlite", help="the stages' own database")
    parser.addoption("--stage-at", type=datetime.fromisoformat, metavar="TIME", help="their time, as 2027-12-31T23:58Z")


@pytest.fixture(autouse=True)
def _soon_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot that stops waits for handlers: here for those that end at once."""
    monkeypatch.setattr("core.kernel.dispatcher.FINISH_SECONDS", 0.2)


@pytest.fixture
def level_kept() -> Iterator[None]:
    """What is logged: a command that is called in this process sets it, and here it is as it was again."""
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)


@pytest.fixture(autouse=True)
def _stage_at(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``--stage-at`` it is then when a test begins, for all its stages that choose no time of their own."""
    if at := request.config.getoption("--stage-at", None):
        ahead = at - datetime.now(UTC)
        monkeypatch.setattr(
            devkit.stage, "MovableClock", lambda begins: MovableClock(begins or datetime.now(UTC) + ahead)
        )


@pytest.fixture(autouse=True)
async def _stage_on(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """With ``--stage-on postgres`` each stage without a database of its own gets one there, removed afterwards."""
    if request.config.getoption("--stage-on", "sqlite") == "sqlite":
        yield
        return
    databases = request.getfixturevalue("postgres_databases")
    async with contextlib.AsyncExitStack() as stack:
        made: dict[Path, str] = {}

        async def fresh(folder: Path) -> str:
            if folder not in made:
                made[folder] = await stack.enter_async_context(databases.database())
            return made[folder]

        monkeypatch.setattr(devkit.stage, "fresh_database", fresh)
        yield


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with all tables; the test runs once on each kind."""
    async with open_database(database_url) as opened:
        opened.bind(*core_tables.TABLES, *round_tables.TABLES)
        yield opened


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real stats files; skipped where it is not there."""
    folder = SAMPLES / "gamestats"
    if not folder.is_dir():
        pytest.skip(f"the real stats files are not here ({folder.parent.name}/{folder.name} beside the repository)")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep a report fit to be sent between test processes: logs may hold text that is no UTF-8, on purpose."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Let each of several processes begin with other files: what one has compiled for pytest, the others read."""
    worker = getattr(session.config, "workerinput", None)
    if worker is None or session.config.args != session.config.getini("testpaths"):
        return
    files = sorted(Path(__file__).parent.rglob("test_*.py"))
    begin = len(files) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for file in files[begin:] + files[:begin]:
        with contextlib.suppress(Exception, pytest.skip.Exception):  # it is told when the file is collected
            _ = pytest.Module.from_parent(session, path=file).obj
            continue
        sys.modules.pop(".".join(file.relative_to(session.config.rootpath).with_suffix("").parts), None)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let the seed of the order draw the examples of properties too: one option repeats a run as it was."""
    seed, function = item.config.getoption("randomly_seed", None), getattr(item, "function", None)
    drawn = getattr(function, "_hypothesis_internal_use_settings", None)
    given = item.config.getoption("--hypothesis-seed") is not None
    if function and drawn and not (drawn.derandomize or given or seed is None):
        hypothesis.seed(seed)(function)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, in whatever order the rest is: who is done takes from the others' ends."""
    count = Counter(item.path for item in items)
    items.sort(key=lambda item: (not any(part in item.nodeid for part in LONG), -count[item.path]))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Let the garbage collector look at what tests make, and at nothing of what was there before."""
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say, also with ``-q``, with which option the run can be repeated as it was."""
    if (seed := config.getoption("randomly_seed", None)) is not None:
        terminalreporter.write_line(f"in this order again: --randomly-seed={seed}")
