"""A few rows come to be by one statement what many are by COPY, whatever their columns are."""

import datetime
import decimal
import uuid
from enum import StrEnum
from typing import Any

import piccolo.columns as kinds
import pytest
from piccolo.table import Table

from core.db import Database, postgres
from core.db.database import Row


class Colour(StrEnum):
    """A choice."""

    RED = "red"


class Every(Table, tablename="every_kind"):
    """A column of each kind that a plugin may have."""

    varchar = kinds.Varchar(length=5, null=True)
    text = kinds.Text(null=True)
    secret = kinds.Secret(length=5, null=True)  # type: ignore[no-untyped-call]
    email = kinds.Email(null=True)
    chosen = kinds.Varchar(choices=Colour, null=True)
    numeric = kinds.Numeric(digits=(5, 2), null=True)
    decimal = kinds.Decimal(null=True)
    json = kinds.JSON(null=True)
    jsonb = kinds.JSONB(null=True)
    array = kinds.Array(base_column=kinds.Integer(), null=True)
    uuid = kinds.UUID(null=True)
    date = kinds.Date(null=True)
    time = kinds.Time(null=True)
    interval = kinds.Interval(null=True)
    timestamp = kinds.Timestamp(null=True)
    timestamptz = kinds.Timestamptz(null=True)
    boolean = kinds.Boolean(null=True)
    bytea = kinds.Bytea(null=True)
    real = kinds.Real(null=True)
    double = kinds.DoublePrecision(null=True)
    small = kinds.SmallInt(null=True)
    big = kinds.BigInt(null=True)
    order = kinds.Integer(null=True)
    camelCase = kinds.Integer(null=True)  # noqa: N815
    parent: kinds.ForeignKey[Any] = kinds.ForeignKey("self", null=True)


NOON = datetime.datetime(2026, 1, 2, 12, 30, 1, 5)  # noqa: DTZ001
VALUES: dict[str, Any] = {
    "varchar": "ab?de", "text": '{a,"b"}\\ NULL', "secret": "s", "email": "a@b", "chosen": Colour.RED,
    "numeric": decimal.Decimal("123.456"), "decimal": decimal.Decimal("1.5"), "json": '{"a": [1, null]}',
    "jsonb": "[1, 2]", "array": [1, 2], "uuid": uuid.UUID(int=5), "date": NOON.date(), "time": NOON.time(),
    "interval": datetime.timedelta(days=2, seconds=5), "timestamp": NOON, "boolean": True, "bytea": b"\0\xff",
    "timestamptz": NOON.replace(tzinfo=datetime.UTC), "real": 1.5, "double": 1e300, "small": -5, "big": 2**40,
    "order": 3, "camelCase": 4, "parent": 1,
}  # fmt: skip
SELECT = 'SELECT id, "{}" AS value FROM every_kind WHERE id > 1 ORDER BY id'


async def test_any_kind_of_column(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With values and without, under names that have to be quoted; on SQLite all rows go one way."""
    database.bind(Every)
    await Every.create_table()
    await database.execute("INSERT INTO every_kind (id) VALUES (1)")
    columns = VALUES if database.dialect == "postgres" else ("order", "camelCase", "parent")
    found: dict[int, list[Row]] = {0: [], postgres.FEW_ROWS: []}
    for few, rows in found.items():
        monkeypatch.setattr(postgres, "FEW_ROWS", few)
        for column in columns:
            async with database.transaction() as transaction:
                await transaction.insert(Every, ("id", column), [(2, None), (3, VALUES[column]), (4, None)])
                rows += await transaction.fetch(
                    f'SELECT id, "{column}" AS value FROM every_kind WHERE id > 1 ORDER BY id'
                )
                await transaction.execute("DELETE FROM every_kind WHERE id > 1")

    copied, at_once = found.values()
    assert copied == at_once
    assert len(copied) == 3 * len(columns)
    assert [row["value"] is None for row in copied] == [True, False, True] * len(columns)
