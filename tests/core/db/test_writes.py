"""Many rows go into SQLite by few texts of a statement, whole and in their order."""

import gc
import weakref
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from piccolo.columns import Integer, Text
from piccolo.table import Table

from core.db import Database
from core.db.writes import MOST_ARGUMENTS, MOST_INSERTED, inserts, upserts


class Thing(Table, tablename="things"):
    """Anything."""

    number = Integer(primary_key=True)
    name = Text()


COLUMNS = ("number", "name")


@given(st.integers(0, 3000), st.sampled_from((1, 2, 3, 50, MOST_ARGUMENTS, MOST_INSERTED)))
def test_all_rows_in_their_order(many: int, most: int) -> None:
    """Each once, by texts of at most *most* arguments (of one row at least), whose number does not grow."""
    rows = [(number, f"n{number}") for number in range(many)]
    writes = list(inserts(Thing, COLUMNS, rows, most=most))

    assert [value for _, args in writes for value in args] == [value for row in rows for value in row]
    assert all(sql.count("?") == len(args) <= max(most, len(COLUMNS)) for sql, args in writes)
    assert len({sql for sql, _ in writes}) <= max(most // len(COLUMNS), 1).bit_length()


@pytest.mark.parametrize("rows", [[(1, "a"), (2,)], [(1,), (2, "b", 3)], [(1, "a", 2)]])
async def test_a_row_of_another_length(database: Database, rows: list[tuple[Any, ...]]) -> None:
    """It is refused, and nothing is written: its values would stand in the columns of other rows."""
    database.bind(Thing)
    await Thing.create_table()
    with pytest.raises(Exception):  # noqa: B017, PT011 - PostgreSQL's client has its own words
        async with database.transaction() as transaction:
            await transaction.insert(Thing, COLUMNS, rows)
    assert await database.fetch("SELECT * FROM things") == []


@pytest.mark.parametrize("many", [1, 63, 64, 65, 5000])
async def test_many_rows(database: Database, many: int) -> None:
    """As many as one asks for, also more than a statement may have arguments."""
    database.bind(Thing)
    await Thing.create_table()
    async with database.transaction() as transaction:
        await transaction.insert(Thing, COLUMNS, [(number, f"n{number}") for number in range(many)])

    assert await database.fetch("SELECT count(*) AS n, sum(number) AS total FROM things") == [
        {"n": many, "total": many * (many - 1) // 2}
    ]


def test_nothing_is_known_of_a_table_that_is_gone() -> None:
    """A reloaded plugin brings its tables anew."""

    def use() -> "weakref.ref[type[Table]]":
        from piccolo.table import TABLE_REGISTRY

        class Gone(Table, tablename="gone"):
            number = Integer(primary_key=True)

        TABLE_REGISTRY.remove(Gone)  # as the kernel does
        assert upserts("postgres", Gone, ("number",), [(1,), (2,)])
        return weakref.ref(Gone)

    gone = use()
    gc.collect()
    assert gone() is None
