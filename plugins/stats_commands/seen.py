"""Which servers a guild sees, and how what is asked of each of them is put into one statement.

However much is stored, each part of such a statement looks at a few rows: it goes down an index and stops.
"""

from collections.abc import Sequence
from typing import Any

from roundhook.db import Database, Row, utc

MOST_SERVERS = 40
"""Of so many servers the latest is looked for, of those played on last; of any other where it is named."""
MOST_PARTS = 60
"""Parts of one statement."""
_SERVERS = """
    WITH RECURSIVE found (server) AS (
        SELECT min(server) FROM rounds UNION ALL
        SELECT (SELECT min(n.server) FROM rounds n WHERE n.server > found.server) FROM found
        WHERE found.server IS NOT NULL)
    SELECT server, (SELECT max(n.played_at) FROM rounds n WHERE n.server = found.server) AS latest
    FROM found WHERE server IS NOT NULL"""
ALL = "SELECT * FROM ({parts}) AS x"

Part = tuple[str, Sequence[Any]]
"""A SELECT that ends with a LIMIT, and its arguments."""


async def visible_servers(db: Database, hidden: Sequence[str]) -> list[str]:
    """Return the servers with rounds that are not *hidden*, the one played on last first."""
    rows = [row for row in await db.fetch(_SERVERS) if row["server"] not in hidden]
    return [row["server"] for row in sorted(rows, key=lambda row: str(utc(row["latest"])), reverse=True)]


async def fetch_parts(db: Database, parts: Sequence[Part], around: str = ALL) -> list[Row]:
    """Return the rows of all *parts*; *around* is what is done with them in the same statement."""
    found: list[Row] = []
    for start in range(0, len(parts), MOST_PARTS):
        some = parts[start : start + MOST_PARTS]
        union = " UNION ALL ".join(f"SELECT * FROM ({sql}) AS p{number}" for number, (sql, _) in enumerate(some))
        found += await db.fetch(around.format(parts=union), [value for _, args in some for value in args])
    return found
