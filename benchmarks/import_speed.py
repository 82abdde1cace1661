"""How fast ``roundhook import`` is, start-up included, and what it takes: ``python -m benchmarks.import_speed``.

The command runs as a process of its own, on both databases: on 291 invented files, of which the start-up is half, in
turns with an older version (``--before COMMIT``, ``--runs N``), with ``--folder PATH`` on the files there instead; then
on 1,000, 2,000 and 4,000, three times each. Shown are the medians, of the many beside what is aimed at on two cores.
"""

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.before import tree_of
from benchmarks.corpus import write_corpus
from benchmarks.databases import Fresh, databases

BEFORE, FEW, RUNS = "3d51f84", 291, 5
COUNTS, RUNS_OF_MANY = (1_000, 2_000, 4_000), 3
AIMS = {"SQLite": 400, "PostgreSQL": 150}
"""Files a second, with the most files."""
STALL_MS = 50.0
"""How long the event loop may stand still."""
GROWTH = 1.2
"""How much more memory the most files may take than the fewest, which do not fill SQLite's page cache."""
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Run:
    """One import of *files* files."""

    files: float
    seconds: float
    stall_ms: float
    start_stall_ms: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole process: how many files it saw, and the seconds that it took, by the wall and of a processor."""

    files: float
    seconds: float
    cpu_seconds: float


def whole(root: Path, folder: Path, url: str) -> Whole:
    """Import *folder* into the empty database at *url* with the roundhook in *root*, compiled as installed."""
    command = [sys.executable, "-m", "roundhook", "import", str(folder), "--json", "--db", url]
    with tempfile.TemporaryDirectory() as storage:
        environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": ""}
        started, before = time.perf_counter(), os.times()
        done = subprocess.run(command, cwd=storage, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        seconds, after = time.perf_counter() - started, os.times()
    if not done.stdout:
        raise SystemExit(f"The import did not go through: {done.stderr[-2000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Whole(json.loads(done.stdout)["seen"], seconds, cpu)


def compare(folder: Path, before: str, times: int) -> None:
    """Print, for both databases, what whole processes take: of *before* (a commit) and of now, in turns."""
    print(f"roundhook import, whole processes; medians of {times} runs in turn")
    with databases() as servers, tree_of(before) as tree:
        trees = {before: tree, "now": ROOT}
        for name, fresh in servers.items():
            for root in trees.values():
                with fresh() as url:
                    whole(root, folder, url)  # compiles what is not
            runs: dict[str, list[Whole]] = {version: [] for version in trees}
            for _ in range(times):
                for version, root in trees.items():
                    with fresh() as url:
                        runs[version].append(whole(root, folder, url))
            for version, some in runs.items():
                print(f"  {name:10} {version:9} {_middle(some)}", flush=True)


def _middle(runs: Sequence[Whole]) -> str:
    wall, cpu = statistics.median(one.seconds for one in runs), statistics.median(one.cpu_seconds for one in runs)
    files = runs[0].files
    speed, work = (
        f"{wall:5.2f} s, {files / wall:4.0f} files/s",
        f"{cpu:5.2f} s of CPU, {files / cpu:.0f} a second of it",
    )
    return f"{files:.0f} files  {speed}; {work}"


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


def median(runs: Sequence[Run]) -> Run:
    """Return the run in the middle, figure by figure."""
    columns = zip(*(dataclasses.astuple(run) for run in runs), strict=True)
    return Run(*map(statistics.median, columns))


def row(run: Run) -> str:
    """Return the figures of a run as a line."""
    return (
        f"{run.files:5.0f} files  {run.seconds:6.2f} s  {run.files / run.seconds:5.0f} files/s  "
        f"peak {run.peak_mb:4.0f} MB  longest stall {run.stall_ms:4.0f} ms (start-up {run.start_stall_ms:.0f} ms)"
    )


def verdicts(name: str, runs: Sequence[Run]) -> list[str]:
    """Return each aim with what has become of it; *runs* are in the order of ``COUNTS``."""
    few, most = runs[0], runs[-1]
    speed, growth = most.files / most.seconds, most.peak_mb / few.peak_mb
    stall = max(max(run.stall_ms, run.start_stall_ms) for run in runs)
    return [
        _verdict(f"{most.files:.0f} files", speed, AIMS[name], "files/s", met=speed >= AIMS[name]),
        _verdict("longest stall", stall, STALL_MS, "ms at most", met=stall <= STALL_MS),
        _verdict(f"memory of {few.files:.0f} files, times", growth, GROWTH, "at most", met=growth <= GROWTH),
    ]


def _verdict(what: str, found: float, aim: float, unit: str, *, met: bool) -> str:
    return f"{what:32} {found:6.4g}   aim: {aim:g} {unit:10} {'met' if met else 'MISSED'}"


def main(argv: Sequence[str] = ()) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.import_speed")
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N", help="how often each import is run in turns")
    parser.add_argument("--folder", type=Path, metavar="PATH", help="import these files instead of invented ones")
    parser.add_argument("--before", metavar="COMMIT", default=BEFORE, help="an older version, measured in turns")
    given = parser.parse_args(argv)
    if given.folder:
        compare(given.folder.absolute(), given.before, given.runs)
        return
    with tempfile.TemporaryDirectory() as few:
        compare(_folder(Path(few), FEW), given.before, given.runs)
    print(f"roundhook import, start-up included; medians of {RUNS_OF_MANY} runs")
    with folders() as corpora, databases() as servers:
        for name, fresh in servers.items():
            runs = []
            for count, folder in corpora.items():
                runs.append(median([_fresh_run(folder, count, fresh) for _ in range(RUNS_OF_MANY)]))
                print(f"  {name:10} {row(runs[-1])}", flush=True)
            print("".join(f"  {name:10}   {line}\n" for line in verdicts(name, runs)), end="", flush=True)


def _fresh_run(folder: Path, count: int, fresh: Fresh) -> Run:
    with fresh() as url:
        return measure(folder, count, url)


if __name__ == "__main__":
    main(sys.argv[1:])
