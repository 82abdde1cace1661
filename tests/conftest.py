"""What tests share: databases of both kinds, and the real samples where they lie."""

import hashlib
import itertools
import os
from collections import Counter
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import asyncpg
import hypothesis
import pytest

import devkit.stage
from core.db import Database, open_database
from core.db import tables as core_tables
from core.db.migrate import migrate
from core.rounds import tables as round_tables
from tests.postgres import postgres_server

SAMPLES = Path(__file__).parents[2] / "shared" / "samples"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server's maintenance database."""
    try:
        with postgres_server() as url:
            yield url
    except LookupError as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=["sqlite", "postgres"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an empty database; the test runs once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'roundhook.db'}"
        return
    server = request.getfixturevalue("postgres")
    name = f"roundhook_test_{os.getpid()}_{next(_numbers)}"
    await _in_postgres(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await _in_postgres(server, f"CREATE DATABASE {name}")
    yield _named(server, name)
    await _in_postgres(server, f"DROP DATABASE {name} WITH (FORCE)")


def pytest_xdist_auto_num_workers() -> int:
    """Two processes for each core: half of the time a test waits for a peer, a timer or a disk."""
    return 2 * (os.cpu_count() or 1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare on which database a stage runs that is given none."""
    parser.addoption("--stage-on", choices=("sqlite", "postgres"), default="sqlite", help="the stages' own database")


@pytest.fixture(autouse=True)
def _soon_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot that stops waits for handlers: here for those that end at once."""
    monkeypatch.setattr("core.kernel.dispatcher.FINISH_SECONDS", 0.2)


@pytest.fixture(autouse=True)
async def _stage_on(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """With ``--stage-on postgres`` each stage without a database of its own gets one there, removed afterwards."""
    if request.config.getoption("--stage-on") == "sqlite":
        yield
        return
    server, made = request.getfixturevalue("postgres"), set[str]()

    async def fresh_database(folder: Path) -> str:
        name = f"roundhook_stage_{os.getpid()}_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
        if name not in made:
            made.add(name)
            await _in_postgres(server, f"CREATE DATABASE {name}")
        return _named(server, name)

    monkeypatch.setattr(devkit.stage, "fresh_database", fresh_database)
    yield
    for name in made:
        await _in_postgres(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with all tables; the test runs once on each kind."""
    async with open_database(database_url) as opened:
        await migrate(opened)
        opened.bind(*core_tables.TABLES, *round_tables.TABLES)
        yield opened


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real stats files; skipped where it is not there."""
    folder = SAMPLES / "gamestats"
    if not folder.is_dir():
        pytest.skip(f"the real stats files are not here ({folder.parent.name}/{folder.name} beside the repository)")
    return folder


def _named(server: str, name: str) -> str:
    """Return the URL of the database *name* on *server*."""
    return (
        server.replace("/postgres?", f"/{name}?") if "/postgres?" in server else f"{server.rpartition('/')[0]}/{name}"
    )


async def _in_postgres(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep a report fit to be sent between test processes: logs may hold text that is no UTF-8, on purpose."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let the seed of the order draw the examples of properties too: one option repeats a run as it was."""
    seed, function = item.config.getoption("randomly_seed", None), getattr(item, "function", None)
    drawn = getattr(function, "_hypothesis_internal_use_settings", None)
    given = item.config.getoption("--hypothesis-seed") is not None
    if function and drawn and not (drawn.derandomize or given or seed is None):
        hypothesis.seed(seed)(function)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, in whatever order the rest is: else one process works on it alone at the end."""
    count = Counter(item.path for item in items)
    items.sort(key=lambda item: ("tests/faults/" not in item.nodeid, -count[item.path]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say, also with ``-q``, with which option the run can be repeated as it was."""
    if (seed := config.getoption("randomly_seed", None)) is not None:
        terminalreporter.write_line(f"in this order again: --randomly-seed={seed}")
