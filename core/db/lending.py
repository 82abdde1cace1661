"""Lends PostgreSQL connections of a pool, and keeps one or two that come back well at hand."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

KEPT = 2


class LendingPool:
    """Lends connections of a pool, and keeps one or two that come back well for who asks next.

    To give one back to asyncpg and get it again takes a task and three turns of the event loop.
    """

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self._kept: list[Any] = []
        self._asking = 0
        """Who waits for the pool: nothing is kept from them."""

    @contextlib.asynccontextmanager
    async def lent(self) -> AsyncIterator[Any]:
        """Give a connection; one of which nobody knows how it was left goes back to the pool, which sees to it."""
        connection = await self._take()
        try:
            yield connection
        except BaseException:
            await self.pool.release(connection)
            raise
        if self._asking or len(self._kept) >= KEPT or not _is_clean(connection):
            await self.pool.release(connection)
        else:
            self._kept.append(connection)

    async def give_back(self) -> None:
        """Give all back that are kept."""
        while self._kept:
            await self.pool.release(self._kept.pop())

    async def _take(self) -> Any:
        while self._kept:
            if not _is_gone(connection := self._kept.pop()):
                return connection
            await self.pool.release(connection)
        self._asking += 1
        try:
            return await self.pool.acquire()
        finally:
            self._asking -= 1


def _is_gone(connection: Any) -> bool:
    """Tell whether it is closed; one that broke the pool has taken back already."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


def _is_clean(connection: Any) -> bool:
    """Tell whether nothing can have been left in it: no setting, no lock, no open transaction."""
    return not (_is_gone(connection) or connection.is_in_transaction() or connection.get_reset_query())
