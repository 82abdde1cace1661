"""A PostgreSQL connection that is used again and again, and what must be known of it for that."""

import asyncio
import functools
import re
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import asyncpg

LOCK = f"SELECT pg_advisory_xact_lock({0x726F756E64})"
BEGIN_ALONE = f"BEGIN; {LOCK}"
_OWN = frozenset({"BEGIN", BEGIN_ALONE, LOCK, "COMMIT", "ROLLBACK"})
_PLAIN = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b(?!.*(;|set_config|pg_settings|advisory))", re.IGNORECASE | re.DOTALL
)
"""A statement that leaves nothing behind in its connection: no setting, no lock, no cursor, no channel."""
_FIRST_OWN_TYPE = 16384
"""Types with a lower id came with PostgreSQL and are the same in each."""
_known_types: dict[frozenset[int], Any] = {}
"""What the server has said of types that came with it, by what was asked."""


class PooledConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that is reset before somebody else gets it only where something can have been left in it.

    To reset it takes five statements, and a way to the server and back.
    """

    _is_plain = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.turn = asyncio.Lock()
        """Held while it is asked for something: tasks within one transaction wait for each other."""

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        self._note(query)
        return await super().execute(query, *args, **options)

    async def executemany(self, command: str, args: Any, **options: Any) -> Any:
        self._note(command)
        return await super().executemany(command, args, **options)

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        self._note(query)
        return await super().fetch(query, *args, **options)

    async def prepare(self, query: str, **options: Any) -> Any:
        self._note(query)
        return await super().prepare(query, **options)

    async def reset(self, **options: Any) -> None:
        await super().reset(**options)
        self._is_plain = True

    def get_reset_query(self) -> str:
        return "" if self._is_plain else f"{super().get_reset_query()}\nDISCARD TEMP;"

    def _note(self, sql: str) -> None:
        self._is_plain = self._is_plain and is_plain(sql)

    async def _introspect_types(self, typeoids: Iterable[int], timeout: float | None) -> Any:
        """Return what asyncpg wants to know of types, arrays for one: it asks on each connection, for 3 to 10 ms."""
        asked = frozenset(typeoids)
        if asked in _known_types:
            return _known_types[asked], SimpleNamespace(name="asked before")
        types, statement = await super()._introspect_types(typeoids, timeout)
        if max(asked) < _FIRST_OWN_TYPE:
            _known_types[asked] = types
        return types, statement


@functools.lru_cache(maxsize=1024)
def is_plain(sql: str) -> bool:
    """Tell whether a statement leaves nothing behind in its connection.

    >>> is_plain("SELECT 1"), is_plain("SET work_mem = '1GB'"), is_plain("SELECT set_config('a.b', 'c', false)")
    (True, False, False)
    """
    return sql in _OWN or _PLAIN.match(sql) is not None
