"""The shape of a database: which tables with which columns and rules there are, and what is narrower than before."""

from collections.abc import Iterator, Set
from typing import NamedTuple

from msgspec import Struct

from core.db.database import Database, Dialect, Transaction


class Column(NamedTuple):
    """What a column takes."""

    kind: str
    not_null: bool
    default: bool


class Shape(Struct, frozen=True):
    """What there is at one moment."""

    tables: dict[str, dict[str, Column]]
    rules: frozenset[tuple[str, str]]
    """What rows must fulfil beyond their columns, by table."""
    texts: frozenset[tuple[str, str]]
    """How indexes, triggers and the like are defined, by table."""

    def changed(self, before: "Shape") -> set[str]:
        """Return the tables of *before* that are not the same any more."""
        columns = {table for table, found in before.tables.items() if self.tables.get(table) != found}
        texts = {table for table, _ in self.texts ^ before.texts}
        return (columns | texts) & before.tables.keys()

    def narrowed(self, before: "Shape", tables: Set[str]) -> list[str]:
        """Say what of *tables* takes less than *before*: what was written for that could fail now."""
        found = [one for table in sorted(tables & before.tables.keys()) for one in self._narrowed(before, table)]
        rules = sorted((table, rule) for table, rule in self.rules - before.rules if table in before.tables)
        return [*found, *(f"{table} has a new rule, {rule}" for table, rule in rules if table in tables)]

    def _narrowed(self, before: "Shape", table: str) -> Iterator[str]:
        if table not in self.tables:
            yield f"the table {table} is gone"
            return
        old, new = before.tables[table], self.tables[table]
        for name in old.keys() - new.keys():
            yield f"the column {table}.{name} is gone"
        for name, column in new.items():
            was = old.get(name)
            if was is not None and was.kind != column.kind:
                yield f"{table}.{name} is {column.kind} and was {was.kind}"
            if was is None and column.not_null and not column.default:
                yield f"{table}.{name} is new, NOT NULL and without a default"
            if was is not None and column.not_null and (not was.not_null or (was.default and not column.default)):
                yield f"{table}.{name} takes less: NOT NULL{'' if column.default else ' without a default'}"


async def shape_of(transaction: Transaction, dialect: Dialect) -> Shape:
    """Look at it, within the transaction that changes it."""
    columns, rules, texts = _QUERIES[dialect]
    tables: dict[str, dict[str, Column]] = {}
    for row in await transaction.fetch(columns):
        found = Column(row["kind"].upper(), bool(row["not_null"]), bool(row["has_default"]))
        tables.setdefault(row["tbl"], {})[row["name"]] = found
    return Shape(
        tables,
        frozenset([(row["tbl"], row["text"]) for row in await transaction.fetch(rules)]),
        frozenset([(row["tbl"], row["text"]) for row in await transaction.fetch(texts)]),
    )


async def columns_in(database: Database, table: str) -> set[str]:
    """Return the columns of a table; none if there is no such table."""
    return {row["name"] for row in await database.fetch(_COLUMNS_IN[database.dialect], (table,))}


_COLUMNS_IN: dict[Dialect, str] = {
    "sqlite": "SELECT name FROM pragma_table_info(?)",
    "postgres": "SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass(quote_ident(?)) AND attnum > 0",
}
_OURS = "c.relnamespace = current_schema()::regnamespace"
_QUERIES: dict[Dialect, tuple[str, str, str]] = {
    "sqlite": (
        "SELECT m.name AS tbl, p.name AS name, p.type AS kind, p.\"notnull\" AS not_null, "
        "p.dflt_value IS NOT NULL OR p.pk > 0 AS has_default FROM sqlite_master m, pragma_table_xinfo(m.name) p "
        "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
        "SELECT m.name AS tbl, 'UNIQUE (' || coalesce((SELECT group_concat(name, ', ') FROM pragma_index_info(i.name)),"
        " '…') || ')' AS text FROM sqlite_master m, "
        "pragma_index_list(m.name) i WHERE m.type = 'table' AND i.\"unique\" "
        "UNION SELECT m.name, 'FOREIGN KEY (' || f.\"from\" || ') REFERENCES ' || f.\"table\" "
        "FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'",
        "SELECT tbl_name AS tbl, type || ' ' || name || ' ' || coalesce(sql, '') AS text FROM sqlite_master",
    ),
    "postgres": (
        "SELECT c.relname AS tbl, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS kind, "
        "a.attnotnull AS not_null, (a.atthasdef OR a.attidentity <> '') AS has_default "
        "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        f"WHERE c.relkind IN ('r', 'p') AND {_OURS} ORDER BY a.attnum",
        "SELECT c.relname AS tbl, pg_get_constraintdef(o.oid) AS text FROM pg_constraint o "
        f"JOIN pg_class c ON c.oid = o.conrelid WHERE {_OURS} AND o.contype IN ('c', 'f', 'x') "
        "UNION SELECT c.relname, 'UNIQUE ' || substring(pg_get_indexdef(i.indexrelid) from '\\(.*') FROM pg_index i "
        f"JOIN pg_class c ON c.oid = i.indrelid WHERE {_OURS} AND i.indisunique",
        "SELECT c.relname AS tbl, pg_get_indexdef(i.indexrelid) AS text FROM pg_index i "
        f"JOIN pg_class c ON c.oid = i.indrelid WHERE {_OURS} "
        "UNION SELECT c.relname, o.conname || ' ' || pg_get_constraintdef(o.oid) FROM pg_constraint o "
        f"JOIN pg_class c ON c.oid = o.conrelid WHERE {_OURS} "
        "UNION SELECT c.relname, pg_get_triggerdef(t.oid) FROM pg_trigger t "
        f"JOIN pg_class c ON c.oid = t.tgrelid WHERE {_OURS} AND NOT t.tgisinternal",
    ),
}  # fmt: skip
