"""What commands share: reading the settings, opening the database, printing."""

import argparse
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from core.config import Config, DatabaseSection, load_config, parse_config
from core.db import Database, open_database
from core.db.migrate import CORE, pending
from core.errors import ConfigError


def config_of(arguments: argparse.Namespace) -> Config:
    """Return the settings, with ``--db`` put over them."""
    config = load_config(arguments.config)
    if arguments.db:
        url = parse_config({"database": {"url": arguments.db}}, Path.cwd()).database.url
        config = msgspec.structs.replace(config, database=DatabaseSection(url=url))
    return config


@contextlib.asynccontextmanager
async def reading(arguments: argparse.Namespace) -> AsyncIterator[Database]:
    """Open the database for reading only.

    Raises:
        ConfigError: there is none yet, or it is of an older version.
    """
    async with existing(config_of(arguments), read_only=True) as database:
        yield database


@contextlib.asynccontextmanager
async def existing(config: Config, *, read_only: bool = False) -> AsyncIterator[Database]:
    """Open the database, which must be there: no command but import, run and db upgrade makes one.

    Raises:
        ConfigError: there is none yet, or it is of an older version.
    """
    async with open_database(config.database.url, read_only=True) as database:
        if await pending(database, [CORE]):
            raise ConfigError("The database is not up to date. Run `roundhook db upgrade`, or start the bot once.")
        if read_only:
            yield database
            return
    async with open_database(config.database.url) as database:
        yield database


MAX_ID = 2**31 - 1
"""The largest id that both databases know."""


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    in_ascii = "utf" not in (sys.stdout.encoding or "").lower()
    print(json.dumps(document, ensure_ascii=in_ascii, indent=2, default=_plain))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows below headings; numbers are right-aligned."""
    texts = [[shown(value) for value in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(headings, *texts, strict=True)]
    kinds = [{type(row[place]) for row in rows} for place in range(len(headings))]
    numeric = [kind <= {int, float, type(None)} and kind != {type(None)} for kind in kinds]
    for row in (list(headings), *texts):
        cells = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        print("  ".join(cells).rstrip())


def shown(value: Any) -> str:
    """Return a value as people read it: unknown is a dash."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def minutes(seconds: int | None) -> str:
    """Return seconds as ``8:32``."""
    return "–" if seconds is None else f"{seconds // 60}:{seconds % 60:02d}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Decimal):  # PostgreSQL's sums
        return int(value) if value == int(value) else float(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
