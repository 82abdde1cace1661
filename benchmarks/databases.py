"""Empty databases of both kinds for a benchmark: SQLite in a temporary folder, PostgreSQL as the tests have it."""

import asyncio
import contextlib
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg

from tests.postgres import postgres_server

Fresh = Callable[[], contextlib.AbstractContextManager[str]]
"""Gives the URL of an empty database, which is removed afterwards."""
_numbers = itertools.count(1)


@contextlib.contextmanager
def databases() -> Iterator[dict[str, Fresh]]:
    """Give both kinds by name; PostgreSQL is left out, and said so, where none can be had."""
    kinds: dict[str, Fresh] = {"SQLite": _sqlite}
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server())
        except LookupError as reason:
            print(f"  PostgreSQL is left out: {reason}", file=sys.stderr)
        else:
            kinds["PostgreSQL"] = lambda: _postgres(server)
        yield kinds


@contextlib.contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'roundhook.db'}"


@contextlib.contextmanager
def _postgres(server: str) -> Iterator[str]:
    name = f"roundhook_bench_{next(_numbers)}"
    asyncio.run(_run(server, f"CREATE DATABASE {name}"))
    try:
        yield (
            server.replace("/postgres?", f"/{name}?")
            if "/postgres?" in server
            else server.rpartition("/")[0] + f"/{name}"
        )
    finally:
        asyncio.run(_run(server, f"DROP DATABASE {name} WITH (FORCE)"))


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
