"""Runs the whole suite again and again, under one condition after another, and says which run failed: see the table."""

import argparse
import contextlib
import itertools
import os
import re
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from tests.postgres import postgres_server

KEPT = Path("steady-out")
"""Where the output of runs that failed is kept."""
PYTEST = (sys.executable, "-m", "pytest", "-q", "-m", "not full")
LONGEST_SECONDS = 7200
"""What a run may take, and for how long a burner burns at most."""
BURNER = f"""
import os, time
parent, end = os.getppid(), time.monotonic() + {LONGEST_SECONDS}
while os.getppid() == parent and time.monotonic() < end: pass
"""
_COUNT = re.compile(r"(\d+) (passed|failed|skipped|error)")


@dataclass(frozen=True)
class Condition:
    """How a run is made."""

    name: str
    workers: int
    busy: bool = False
    """Whether something else keeps all cores busy meanwhile."""
    alone: bool = False
    """Whether each test has a process of its own."""
    at: str = ""
    """What time it is for the stages of each test when it begins; now without it."""
    zone: str = ""
    """The time zone of the machine; its own without it."""

    @property
    def options(self) -> tuple[str, ...]:
        return (f"--stage-at={self.at}",) if self.at else ()


CONDITIONS = (
    Condition("2 workers", 2),
    Condition("5 workers", 5),
    Condition("2 workers, busy cores", 2, busy=True),
    Condition("1 worker", 1),
    Condition("1 worker, busy cores", 1, busy=True),
    Condition("the last minute of a year", 2, at="2027-12-31T23:58:50Z", zone="Pacific/Kiritimati"),
    Condition("clocks are put back", 2, at="2026-10-25T00:59:50Z", zone="Europe/Berlin"),
    Condition("29 February", 2, at="2028-02-29T23:59:30Z", zone="America/St_Johns"),
)
ALONE = Condition("each test alone", 2, alone=True)


@dataclass(frozen=True)
class Result:
    """What came of a run."""

    condition: Condition
    seed: int
    counts: Counter[str]
    failed: bool
    output: str
    seconds: float


def main() -> int:
    """Make the runs; return 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--alone", type=int, default=1, help="runs with each test alone, in each round of conditions")
    parser.add_argument("--at-once", type=int, default=1, help="runs made at the same time: busy cores for each other")
    asked = parser.parse_args()
    cycle = itertools.cycle((*CONDITIONS, *[ALONE] * asked.alone))
    burning = 0 if asked.at_once > 1 else os.cpu_count() or 1
    with ThreadPoolExecutor(asked.at_once) as runs:
        results = list(runs.map(partial(made, burning=burning), range(1, asked.runs + 1), cycle))
    print("\nall runs:")
    for number, result in enumerate(results, 1):
        print(line_of(number, result))
    return int(any(result.failed for result in results))


def made(number: int, condition: Condition, *, burning: int) -> Result:
    """Make one run, with so many cores *burning* if they are to be busy; print what came of it, keep what failed."""
    seed, began = secrets.randbits(32), time.monotonic()
    print(f"{number:3}  {condition.name}, --randomly-seed={seed} …", flush=True)
    with burners(burning) if condition.busy else contextlib.nullcontext():
        code, text = (each_alone if condition.alone else together)(seed, condition)
    result = Result(condition, seed, counts_of(text), bool(code), text, time.monotonic() - began)
    if result.failed:
        KEPT.mkdir(exist_ok=True)
        kept_in(number, result).write_text(result.output, "utf-8")
    print(line_of(number, result), flush=True)
    return result


def line_of(number: int, result: Result) -> str:
    """Return a run's line of the table."""
    counts = ", ".join(f"{count} {what}" for what, count in sorted(result.counts.items()))
    verdict = f"FAILED, see {kept_in(number, result)}" if result.failed else "passed"
    name, minutes = result.condition.name, result.seconds / 60
    return f"{number:3}  {name:25} --randomly-seed={result.seed:<10}  {minutes:5.1f} min  {verdict}: {counts}"


def kept_in(number: int, result: Result) -> Path:
    """Return the file that holds the output of a run that failed."""
    return KEPT / f"run-{number}-{result.seed}.txt"


def counts_of(text: str) -> Counter[str]:
    """Return the counts of pytest's closing line."""
    closing = text.rstrip().rpartition("\n")[2]
    return Counter({what: int(count) for count, what in _COUNT.findall(closing)})


def together(seed: int, condition: Condition) -> tuple[int, str]:
    """Run all tests in so many processes."""
    return pytest((f"--randomly-seed={seed}", f"--numprocesses={condition.workers}", "--dist=worksteal"), condition)


def each_alone(seed: int, condition: Condition) -> tuple[int, str]:
    """Run each test in a process of its own, so many at a time; they share one PostgreSQL server if there is any."""
    options = ("-p", "tests.alone", f"--alone={condition.workers}", "--capture=sys", f"--randomly-seed={seed}")
    with contextlib.ExitStack() as stack:
        try:
            server = {"ROUNDHOOK_TEST_PG_URL": stack.enter_context(postgres_server())}
        except LookupError:  # the tests say so themselves
            server = {}
        return pytest(options, condition, server)


def pytest(
    options: Sequence[str], condition: Condition, environment: Mapping[str, str] = MappingProxyType({})
) -> tuple[int, str]:
    """Run pytest, with *environment* besides; return its exit code and all that it has written."""
    command = [*PYTEST, *options, *condition.options]
    zone = {"TZ": condition.zone} if condition.zone else {}
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **zone, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return 1, f"{' '.join(command)}\n{(error.stdout or b'').decode('utf-8', 'replace')}\nno end in time"
    return done.returncode, f"{' '.join(command)}\n{done.stdout.decode('utf-8', 'replace')}"


@contextlib.contextmanager
def burners(count: int) -> Iterator[None]:
    """Keep so many cores busy while the block runs."""
    burning = [subprocess.Popen([sys.executable, "-c", BURNER]) for _ in range(count)]
    try:
        yield
    finally:
        for one in burning:
            one.kill()
            one.wait()


if __name__ == "__main__":
    sys.exit(main())
