"""A database that is opened when it is used, and for writing only when something is written."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from piccolo.querystring import QueryString

from core.db.database import Database, Row, Transaction, open_database
from core.db.migrate import CORE, check_age, migrate, pending
from core.errors import ConfigError


class DatabaseOnDemand(Database):
    """The database at *url*. To be read it must be there and up to date; writing makes it, and brings it up to date.

    Args:
        url: where it is.
        backups: where a SQLite file is copied to before its tables are changed.
    """

    def __init__(self, url: str, backups: Path | None = None) -> None:
        self.dialect = "sqlite" if url.startswith("sqlite:") else "postgres"
        self._url = url
        self._backups = backups
        self._stack = contextlib.AsyncExitStack()
        self._reader: Database | None = None
        self._writer: Database | None = None
        self.engine: Any = EngineOnDemand(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def check(self) -> None:
        """Return if it can be read.

        Raises:
            ConfigError: there is none yet, or it is of an older version.
        """
        await self._reading()

    async def written(self) -> Database:
        """Return it for writing, brought up to date; from now on it is read there too."""
        if self._writer is None:
            writer = await self._stack.enter_async_context(open_database(self._url))
            await migrate(writer, [CORE], backups=self._backups)
            self._reader = self._writer = writer
        return self._writer

    async def readable(self) -> Database:
        """Return it for reading (``ConfigError``, as of ``check``)."""
        return await self._reading()

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        return await (await self._reading()).fetch(sql, args)

    @contextlib.asynccontextmanager
    async def transaction(self, *, alone: bool = False) -> AsyncIterator[Transaction]:
        async with (await self.written()).transaction(alone=alone) as transaction:
            yield transaction

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> None:
        await (await self.written()).execute(sql, args)

    async def write(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        return await (await self.written()).write(sql, args)

    async def close(self) -> None:
        await self._stack.aclose()

    async def _reading(self) -> Database:
        if self._reader is None:
            reader = await self._stack.enter_async_context(open_database(self._url, read_only=True))
            await check_age(reader, [CORE])
            if await pending(reader, [CORE]):
                raise ConfigError("The database is not up to date. Run `roundhook db upgrade`, or start the bot once.")
            self._reader = reader
        return self._reader


class EngineOnDemand:
    """What Piccolo's tables are bound to: opens the database at their first query, for writing only where it writes."""

    def __init__(self, database: DatabaseOnDemand) -> None:
        self._database = database

    @property
    def engine_type(self) -> str:
        return self._database.dialect

    def get_version_sync(self) -> float:
        """Return SQLite's version, which Piccolo asks for before it writes; on PostgreSQL it does not."""
        major, minor, _ = sqlite3.sqlite_version_info
        return float(f"{major}.{minor}")

    def transform_response_to_dicts(self, results: Iterable[Any]) -> list[Row]:
        """Return rows as Piccolo asks for them."""
        return [dict(one) for one in results]

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Any:
        reads = querystring.template.lstrip()[:6].upper() == "SELECT"
        database = await (self._database.readable() if reads else self._database.written())
        return await database.engine.run_querystring(querystring, in_pool)
