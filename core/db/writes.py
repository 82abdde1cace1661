"""Statements that give nothing back: many rows in one, many statements on one way to the database."""

import functools
from collections.abc import Iterable, Sequence
from typing import Any

from piccolo.table import Table

from core.db.database import Dialect, Write, marks
from core.db.tables import insert_sql

MOST_ARGUMENTS = 900
"""In one statement: SQLite of old takes 999."""
MOST_JOINED = 12
"""More statements are not planned as one."""


def upserts(
    dialect: Dialect, table: type[Table], columns: Sequence[str], rows: Iterable[Sequence[Any]], conflict: str = ""
) -> list[Write]:
    """Return what inserts *rows*; *conflict* (``ON CONFLICT (key) DO …``) says what becomes of known ones.

    No two of *rows* may have the same key.
    """
    batch = list(rows)
    if dialect == "postgres" and batch:
        arrays = [list(values) for values in zip(*batch, strict=True)]
        return [(f"{_insert_arrays(table, tuple(columns))} {conflict}", arrays)]
    most = MOST_ARGUMENTS // len(columns)
    return [_insert_some(table, columns, batch[start : start + most], conflict) for start in range(0, len(batch), most)]


def joined(writes: Sequence[Write]) -> list[Write]:
    """Return *writes*, which touch different rows, as few statements of PostgreSQL."""
    parts = [writes[start : start + MOST_JOINED] for start in range(0, len(writes), MOST_JOINED)]
    return [_join(part) for part in parts]


def _join(writes: Sequence[Write]) -> Write:
    *others, (last, _) = writes
    named = ", ".join(f"write_{number} AS ({sql})" for number, (sql, _) in enumerate(others))
    return f"WITH {named} {last}" if others else last, [value for _, args in writes for value in args]


def _insert_some(table: type[Table], columns: Sequence[str], rows: Sequence[Sequence[Any]], conflict: str) -> Write:
    more = f", ({marks(len(columns))})" * (len(rows) - 1)
    return insert_sql(table, columns, f"{more} {conflict}"), [value for row in rows for value in row]


@functools.cache
def _insert_arrays(table: type[Table], columns: tuple[str, ...]) -> str:
    """Return an INSERT of as many rows as there are values in its arguments, one array for each column."""
    types = (table._meta.get_column_by_name(name).column_type for name in columns)
    arrays = ", ".join(f"CAST(? AS {kind}[])" for kind in types)
    names = ", ".join(columns)
    return f"INSERT INTO {table._meta.tablename} ({names}) SELECT {names} FROM unnest({arrays}) AS new ({names})"
