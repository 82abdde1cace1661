"""What the built-in migrations make of an empty database, kept as SQL: to run that takes a tenth of the time.

``schema.sqlite.sql`` and ``schema.postgres.sql`` lie beside an owner's migrations and stand only for exactly these.
``make schema`` writes them.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from core.db.database import Dialect
from core.db.migration_files import Migration

ROOT = Path(__file__).parents[2] / "piccolo_migrations"
_NEXT = ";\n"


def kept_schema(migrations: Sequence[Migration], dialect: Dialect) -> list[str]:
    """Return the statements that make what all *migrations* of an owner make; none if that is not known."""
    try:
        first, *statements = schema_file(migrations[0].owner, dialect).read_text("utf-8").split(_NEXT)
    except FileNotFoundError:
        return []
    return statements[:-1] if first == _heading(migrations) else []


def schema_file(owner: str, dialect: Dialect) -> Path:
    """Return where the SQL of an owner lies, if it is built in."""
    return ROOT / owner / f"schema.{dialect}.sql"


def schema_text(migrations: Sequence[Migration], statements: Sequence[str]) -> str:
    """Return the SQL as it is kept."""
    return _NEXT.join((_heading(migrations), *statements, ""))


def _heading(migrations: Sequence[Migration]) -> str:
    digest = hashlib.sha256("".join(f"{one.name} {one.sha256}\n" for one in migrations).encode()).hexdigest()
    return f"-- What the migrations here make of an empty database; written by `make schema`. Of {digest}"
