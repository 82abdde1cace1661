"""The file of a SQLite database: for its user alone, copied while it is in use, written anew where it was deleted."""

import contextlib
import errno
import os
import sqlite3
from pathlib import Path

from core.errors import ConfigError


def make_private(path: Path) -> None:
    """Make a file for its user alone, unless it is there; what SQLite puts beside it is as private as it is."""
    with contextlib.suppress(OSError):  # SQLite says better what is wrong
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def claim(path: Path) -> None:
    """Make it as above, and look whether it may be written: where not, that is no outage which goes by.

    Raises:
        ConfigError: the bot's user lacks the right.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            remedy = f"Give the bot's user the right to write that file and the folder {path.parent}"
            problem = f"The database {path} cannot be written ({error.strerror})."
            raise ConfigError(f"{problem} {remedy}, or correct database.url.") from error


def copy(source: Path, target: Path) -> None:
    """Copy what is committed into a new file; half a copy does not stay (``OSError``: it cannot be made)."""
    os.close(os.open(target, os.O_CREAT | os.O_RDWR, 0o600))
    closing = contextlib.closing
    try:
        with closing(sqlite3.connect(source)) as connection, closing(sqlite3.connect(target)) as other:
            connection.backup(other)
    except sqlite3.OperationalError as error:
        target.unlink()
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error
        raise


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
