"""One server's share of a transaction, and the files that have been parsed in it."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from roundhook.db import Database, Transaction
from roundhook.rounds import parse_stats_filename

from . import store
from .endstats import Endstats, parse_endstats
from .filing import FileKey
from .parser import StatsFile, parse_stats_file

T = TypeVar("T")

MANY = 4
"""From so many files on, work that takes time is done beside the event loop."""
SIDE_BY_SIDE = 8
"""Servers; with more at once the event loop would stand still for as long as their steps take together."""


class Work(Struct):
    """What every step of an import needs."""

    transaction: Transaction
    database: Database
    server: str
    zone: ZoneInfo
    parsed: dict[FileKey, StatsFile] = field(default_factory=dict)
    endstats: dict[FileKey, Endstats] = field(default_factory=dict)
    packed: dict[FileKey, bytes] = field(default_factory=dict)
    """Files that were read along with their rounds, compressed."""
    missed: set[str] = field(default_factory=set)
    """Players to be counted anew (``people.recount``) when all servers' shares are written."""

    @property
    def locks(self) -> bool:
        """Whether rows that are read to be written must be locked: the database has more than one writer."""
        return self.database.dialect == "postgres"

    async def load(self, keys: Collection[FileKey]) -> None:
        """Read rounds' files again that are stored; they were whole when they were taken."""
        found = await self._contents(keys, self.parsed)

        def parse() -> dict[FileKey, StatsFile]:
            named = {key: name for key in found if (name := parse_stats_filename(key[0]))}
            return {key: parse_stats_file(found[key], name) for key, name in named.items()}

        self.parsed |= await beside(len(found), parse)

    async def load_endstats(self, keys: Collection[FileKey]) -> None:
        """Read endstats files again that are stored."""
        found = await self._contents(keys, self.endstats)
        self.endstats |= {key: parse_endstats(data) for key, data in found.items()}

    async def _contents(self, keys: Collection[FileKey], known: Collection[FileKey]) -> dict[FileKey, bytes]:
        missing = {key for key in keys if key not in known}
        found = {key: zlib.decompress(self.packed[key]) for key in missing if key in self.packed}
        missing -= set(found)
        return found | (await store.contents(self.transaction, self.server, missing) if missing else {})


async def side_by_side(servers: Sequence[str], work: Callable[[str], Awaitable[T]]) -> list[T]:
    """Do *work* for each of the servers, some at a time: what they ask the database for goes there together.

    When all of them have ended it raises what was raised first: on PostgreSQL all fail after it, and say nothing of it.
    """
    failed: list[BaseException] = []

    async def noted(server: str) -> T:
        try:
            return await work(server)
        except BaseException as error:
            failed.append(error)
            raise

    results: list[T] = []
    for start in range(0, len(servers), SIDE_BY_SIDE):
        some = servers[start : start + SIDE_BY_SIDE]
        found = await asyncio.gather(*map(noted, some), return_exceptions=True) if some[1:] else [await work(some[0])]
        if failed:
            raise failed[0]
        results += found  # type: ignore[arg-type]
    return results


async def beside(amount: int, task: Callable[[], T]) -> T:
    """Run *task*; beside the event loop when it has a large *amount* to do."""
    return await asyncio.to_thread(task) if amount >= MANY else task()
