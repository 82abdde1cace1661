"""Runs each test in a process of its own, two at a time with ``-p tests.alone --alone 2 --capture=sys``.

Each process is forked from one that has imported everything and run nothing.
"""

import json
import os
import signal
import tempfile
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

MOST_SECONDS = 900
"""What one test may take."""


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
    reports = runtestprotocol(item, log=False)
    told = [item.config.hook.pytest_report_to_serializable(config=item.config, report=one) for one in reports]
    place.write_text(json.dumps(told), "utf-8")
    os._exit(0)


def _ended(running: dict[int, tuple[pytest.Item, Path]]) -> None:
    """Wait for one process, and hand its reports on."""
    pid, status = os.wait()
    item, place = running.pop(pid)
    if place.exists():
        told = json.loads(place.read_text("utf-8"))
        reports = [item.config.hook.pytest_report_from_serializable(config=item.config, data=one) for one in told]
    else:
        reports = [_died(item, os.waitstatus_to_exitcode(status))]
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)


def _died(item: pytest.Item, code: int) -> pytest.TestReport:
    text = f"its process ended with {code} before it had told what came of it"
    return pytest.TestReport(item.nodeid, item.location, {}, "failed", text, "call")
