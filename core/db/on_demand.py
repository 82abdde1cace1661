"""A database that is opened when it is used, and for writing only when something is written."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Self

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
