"""The file of a SQLite database: for its user alone, copied while it is in use, written anew where it was deleted."""

import contextlib
import os
import sqlite3
from pathlib import Path


def make_private(path: Path) -> None:
    """Make a file for its user alone, unless it is there; what SQLite puts beside it is as private as it is."""
    with contextlib.suppress(OSError):  # SQLite says better what is wrong
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def copy(source: Path, target: Path) -> None:
    """Copy what is committed into a new file."""
    closing = contextlib.closing
    with closing(sqlite3.connect(source)) as connection, closing(sqlite3.connect(target)) as other:
        connection.backup(other)


def inode(path: Path) -> int | None:
    """Return which file lies there, None if there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def write_anew(connection: sqlite3.Connection, path: Path) -> None:
    """Put there what *connection* holds, whose file was deleted."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.anew")
    make_private(draft)
    with contextlib.closing(sqlite3.connect(draft)) as other:
        connection.backup(other)
    draft.replace(path)
