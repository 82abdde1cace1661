"""Statements that give nothing back: many rows in one, many statements on one way to the database."""

import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from piccolo.columns import Array, BigInt, Column, ForeignKey, Interval, Serial, SmallInt
from piccolo.table import Table

from core.db.database import Dialect, Write, marks
from core.db.tables import insert_sql, quoted

MOST_ARGUMENTS = 900
"""In one statement: SQLite of old takes 999."""
MOST_INSERTED = 4096
"""The same, of those that only insert: what a statement of more takes in memory is not worth it."""
MOST_JOINED = 12
"""More statements are not planned as one."""
_arrays: "weakref.WeakKeyDictionary[type[Table], dict[tuple[str, ...], str | None]]" = weakref.WeakKeyDictionary()
"""What ``_insert_arrays`` has made; a table goes with the generation of the plugin that it belongs to."""
_TYPES: dict[type, str] = {Serial: "BIGINT", BigInt: "BIGINT", SmallInt: "SMALLINT", Interval: "INTERVAL"}
"""Of PostgreSQL, where Piccolo tells those of the database that a table is bound to; of ids the larger, as ours are."""


def upserts(
    dialect: Dialect, table: type[Table], columns: Sequence[str], rows: Iterable[Sequence[Any]], conflict: str = ""
) -> list[Write]:
    """Return what inserts *rows*; *conflict* (``ON CONFLICT (key) DO …``) says what becomes of known ones.

    No two of *rows* may have the same key.
    """
    batch = list(rows)
    if dialect == "postgres" and batch and (one := as_one(table, columns, batch, conflict)):
        return [one]
    return list(inserts(table, columns, batch, conflict))


def inserts(
    table: type[Table], columns: Sequence[str], rows: Sequence[Sequence[Any]], conflict: str = "",
    most: int = MOST_ARGUMENTS,
) -> Iterator[Write]:  # fmt: skip
    """Give what inserts *rows* in the order in which they are, with at most *most* arguments each.

    SQLite is given many rows at once, in a half of the time and without Python's lock; and 1, 2, 4, 8, … of them, so
    that there are few texts, which are prepared once.

    Raises:
        ValueError: a row has not as many values as there are *columns*.
    """
    size, start = max(most // len(columns), 1), 0
    while left := len(rows) - start:
        count = 1 << (min(size, left).bit_length() - 1)
        yield _insert_some(table, columns, rows[start : start + count], conflict)
        start += count


def as_one(
    table: type[Table], columns: Sequence[str], rows: Sequence[Sequence[Any]], conflict: str = ""
) -> Write | None:
    """Return what inserts *rows* (at least one) into PostgreSQL: one text for any number, so it is prepared once.

    None where that cannot be.
    """
    known, names = _arrays.setdefault(table, {}), tuple(columns)
    if names not in known:
        known[names] = _insert_arrays(table, names)
    if (sql := known[names]) is None:
        return None
    return f"{sql} {conflict}", [list(values) for values in zip(*rows, strict=True)]


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
    values = [value for row in rows for value in row]
    if any(len(row) != len(columns) for row in rows):
        raise ValueError(f"A row for {table._meta.tablename} has not as many values as the columns {quoted(columns)}.")
    return insert_sql(table, columns, f"{more} {conflict}"), values


def _insert_arrays(table: type[Table], columns: tuple[str, ...]) -> str | None:
    """Return an INSERT of as many rows as there are values in its arguments, one array for each column.

    None where a column holds arrays, which would be laid out flat, or has the type of another table's.
    """
    found = [table._meta.get_column_by_name(name) for name in columns]
    if any(isinstance(one, Array | ForeignKey) for one in found):
        return None
    arrays = ", ".join(f"CAST(? AS {_type_of(one)}[])" for one in found)
    names = quoted(columns)
    into = f"INSERT INTO {table._meta.get_formatted_tablename()} ({names})"
    return f"{into} SELECT {names} FROM unnest({arrays}) AS new ({names})"


def _type_of(column: Column) -> str:
    """Return its type without a length: to cast to one with a length would cut what is too long."""
    for kind in type(column).__mro__:
        if kind in _TYPES:
            return _TYPES[kind]
    return str(column.column_type).partition("(")[0].strip()
