"""The database: one schema on SQLite or PostgreSQL, its shared tables and its migrations."""

from core.db import asyncpg_later as asyncpg_later  # before Piccolo
from core.db.database import Database, Transaction, open_database

__all__ = ["Database", "Transaction", "open_database"]
