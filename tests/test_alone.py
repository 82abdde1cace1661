"""The plugin that runs each test in a process of its own: nothing is shared, and a process that dies is a failure."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = """
import os, signal

SEEN = []

def test_one():
    SEEN.append(1)
    assert len(SEEN) == 1

def test_two():
    SEEN.append(2)
    assert len(SEEN) == 1

def test_fails():
    assert SEEN == ["something"]

def test_dies():
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_each_has_a_process_of_its_own(tmp_path: Path) -> None:
    """All are told of in the closing line; a failure with what was compared, a death with what ended it."""
    (tmp_path / "test_given.py").write_text(TESTS, "utf-8")
    options = ("-p", "tests.alone", "--alone", "2", "--capture=sys", "--rootdir", tmp_path, "-c", os.devnull, tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 failed, 2 passed" in done.stdout
    assert "assert [] == ['something']" in done.stdout
    assert "its process ended with -9 before it had told" in done.stdout
