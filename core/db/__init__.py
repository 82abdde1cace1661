"""The database: one schema on SQLite or PostgreSQL, its shared tables and its migrations."""

from core.db.database import Database, Transaction, open_database

__all__ = ["Database", "Transaction", "open_database"]
