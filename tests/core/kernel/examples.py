"""How the properties of the kernel are played: so many examples, each in a loop, a folder and a database of its own."""

import asyncio
import contextlib
import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from hypothesis import HealthCheck, Phase, settings

_numbers = itertools.count(1)


def examples(count: int) -> settings:
    """Return the settings of a property on the real bot: an example takes its time, and shrinking one takes minutes."""
    phases = (Phase.explicit, Phase.reuse, Phase.generate)
    return settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), phases=phases)


def play(example: Callable[[Path], Coroutine[Any, Any, None]]) -> None:
    """Run *example* with an empty folder."""
    with tempfile.TemporaryDirectory(prefix="roundhook-") as folder:
        asyncio.run(example(Path(folder)))


@contextlib.asynccontextmanager
async def fresh_database(server: str | None) -> AsyncIterator[str | None]:
    """Give the URL of an empty database on a PostgreSQL *server* (a URL); without one None, which is Stage's SQLite."""
    if server is None:
        yield None
        return
    name = f"roundhook_example_{os.getpid()}_{next(_numbers)}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name}")
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()
