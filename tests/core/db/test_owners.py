"""The lock files of processes that share a journal: there while they run, gone when they are."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.db import owners
from core.db.owners import Owners

NOW = datetime(2026, 1, 10, tzinfo=UTC)
_CHILD = """
import pathlib, sys
from core.db.owners import Owners
with Owners(pathlib.Path(sys.argv[1])).present():
    print("there", flush=True)
    sys.stdin.read()
"""


def child(folder: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"there\n"
    return process


def locks(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.lock")}


@pytest.mark.parametrize("how", [signal.SIGKILL, None])
def test_the_file_of_an_ended_process_goes(tmp_path: Path, how: signal.Signals | None) -> None:
    """That of a killed one at the next start, that of a running one stays."""
    with child(tmp_path) as ended, child(tmp_path) as running:
        assert len(locks(tmp_path)) == 2
        if how:
            ended.send_signal(how)
        ended.communicate()
        left = locks(tmp_path)
        owners = Owners(tmp_path)
        with owners.present():
            among = locks(tmp_path)
        running.communicate()

    assert len(left) == (2 if how else 1)
    assert len(among) == 2
    assert f"{owners.me.rpartition(':')[2]}.lock" in among
    assert locks(tmp_path) == set()


def test_who_sweeps_late_leaves_the_file_that_came_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another sweeper took the file away before it was locked, and its owner has made it anew and holds that."""
    path, flock, held = tmp_path / "one.lock", fcntl.flock, list[int]()
    path.touch()

    def late(descriptor: int, how: int) -> None:
        if not held:
            path.unlink()
            held.append(-1)
            held.append(owners._held(path))
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)

    assert not owners._is_let_go(path)
    assert path.exists()
    os.close(held[1])
    assert owners._is_let_go(path)
    assert not path.exists()


def test_whoever_sweeps_takes_no_running_one(tmp_path: Path) -> None:
    """Many start at once: each holds its file, and counts as running to all others."""
    everybody = [Owners(tmp_path) for _ in range(8)]
    together, seen = threading.Barrier(len(everybody)), list[bool]()

    def live(one: Owners) -> None:
        together.wait()
        with one.present():
            together.wait()
            seen.extend(one.has_ended(other.me, NOW, NOW) for other in everybody)
            together.wait()

    threads = [threading.Thread(target=live, args=(one,)) for one in everybody]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [False] * len(everybody) ** 2
