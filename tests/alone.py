"""Runs each test in a process of its own, two at a time with ``-p tests.alone --alone 2 --capture=sys``.

Each process is forked from one that has imported everything and run nothing.
"""

import os
import pickle
import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest

MOST_SECONDS = 900
"""What one test may take."""


class Told:
    """Keeps what a test's process tells of it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.reports: list[Any] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a report, as it can be handed on."""
        self.reports.append(self._config.hook.pytest_report_to_serializable(config=self._config, report=report))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare how many run at a time."""
    parser.addoption("--alone", type=int, default=1, metavar="N", help="so many processes at a time")


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Fork for each test, and tell of each what its process has told."""
    if session.config.option.collectonly:
        return None
    session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # one for all processes
    running: dict[int, tuple[pytest.Item, Path]] = {}
    with tempfile.TemporaryDirectory(prefix="roundhook-alone-") as folder:
        for number, item in enumerate(session.items):
            if len(running) == session.config.option.alone:
                _ended(running)
            place = Path(folder) / str(number)
            running[_begun(item, place)] = item, place
        while running:
            _ended(running)
    return True


def _begun(item: pytest.Item, place: Path) -> int:
    """Run *item* in a new process, which leaves its reports at *place*; return its number."""
    if pid := os.fork():
        return pid
    signal.alarm(MOST_SECONDS)
    told, plugins = Told(item.config), item.config.pluginmanager
    plugins.unregister(name="terminalreporter")
    plugins.register(told)
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
    place.write_bytes(pickle.dumps(told.reports))
    os._exit(0)


def _ended(running: dict[int, tuple[pytest.Item, Path]]) -> None:
    """Wait for one process, and hand its reports on."""
    pid, status = os.wait()
    item, place = running.pop(pid)
    if place.exists():
        told = pickle.loads(place.read_bytes())  # noqa: S301 - our own child wrote it
    else:
        told = [item.config.hook.pytest_report_to_serializable(config=item.config, report=_died(item, status))]
    for data in told:
        report = item.config.hook.pytest_report_from_serializable(config=item.config, data=data)
        item.ihook.pytest_runtest_logreport(report=report)


def _died(item: pytest.Item, status: int) -> pytest.TestReport:
    code = os.waitstatus_to_exitcode(status)
    text = f"its process ended with {code} before it had told what came of it"
    return pytest.TestReport(item.nodeid, item.location, {}, "failed", text, "call")
