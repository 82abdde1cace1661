"""How fast ``roundhook import`` is, start-up included, and what it takes: ``python -m benchmarks.import_speed``.

The command runs as a process of its own on 1,000, 2,000 and 4,000 invented files, on both databases.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import write_corpus
from benchmarks.databases import databases

COUNTS = (1_000, 2_000, 4_000)
AIMS = {"SQLite": 400, "PostgreSQL": 150}
"""Files a second, at the largest count."""
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Run:
    """One import of *files* files."""

    files: int
    seconds: float
    stall_ms: float
    start_stall_ms: float
    peak_mb: float


def measure(folder: Path, files: int, url: str) -> Run:
    """Import *folder*, which holds *files* files, into the empty database at *url*."""
    command = [sys.executable, "-m", "benchmarks.watched", "import", str(folder), "--json", "--db", url]
    with tempfile.TemporaryDirectory() as storage:
        started = time.perf_counter()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=storage, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        seconds = time.perf_counter() - started
    if done.returncode or json.loads(done.stdout)["imported"] != files:
        raise SystemExit(f"The import did not go through: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return Run(files, seconds, **json.loads(done.stderr.splitlines()[-1]))


@contextmanager
def folders() -> Iterator[dict[int, Path]]:
    """Give a folder of files for each of ``COUNTS``."""
    with tempfile.TemporaryDirectory() as root:
        yield {count: _folder(Path(root) / str(count), count) for count in COUNTS}


def _folder(path: Path, count: int) -> Path:
    write_corpus(path, count)
    return path


def main() -> None:
    """Measure and print."""
    print("roundhook import, start-up included")
    with folders() as corpora, databases() as servers:
        for name, fresh in servers.items():
            peaks = []
            for count, folder in corpora.items():
                with fresh() as url:
                    run = measure(folder, count, url)
                peaks.append(run.peak_mb)
                print(
                    f"  {name:10} {count:5} files  {run.seconds:6.2f} s  {count / run.seconds:6.0f} files/s  "
                    f"peak {run.peak_mb:4.0f} MB  longest stall {run.stall_ms:4.0f} ms "
                    f"(start-up {run.start_stall_ms:.0f} ms)",
                    flush=True,
                )
            print(
                f"  {name:10} aim: {AIMS[name]} files/s at {COUNTS[-1]:,} files, stalls of at most 50 ms, memory flat; "
                f"{COUNTS[-1]:,} files take {peaks[-1] / peaks[0]:.2f} times the memory of {COUNTS[0]:,}"
            )


if __name__ == "__main__":
    main()
