"""The database as plugins see it, what tables and migrations are written with, and work done in batches."""

from core.db import Database, Transaction
from core.db.batching import Batcher
from core.db.database import MAX_ID, marks, utc
from core.db.ddl import add_column, either, statements
from core.db.tables import columns_of, insert_sql
from core.db.transaction import Dialect, Row, Write
from core.db.writes import upserts

__all__ = [
    "MAX_ID", "Batcher", "Database", "Dialect", "Row", "Transaction", "Write", "add_column", "columns_of",
    "either", "insert_sql", "marks", "statements", "upserts", "utc",
]  # fmt: skip
