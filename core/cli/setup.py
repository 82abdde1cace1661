"""What commands share: reading the settings, printing documents and tables."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from core.cli.screen import say, say_json
from core.config import Config, load_config, parse_config
from core.shown import one_line


def config_of(arguments: argparse.Namespace) -> Config:
    """Return the settings, with ``--db`` put over them."""
    config = load_config(arguments.config)
    if arguments.db:
        database = parse_config({"database": {"url": arguments.db}}, Path.cwd()).database
        config = msgspec.structs.replace(config, database=database)
    return config


def print_json(document: Any) -> None:
    """Print one JSON document on stdout: times as ISO 8601 text, PostgreSQL's sums as numbers."""
    in_ascii = "utf" not in (sys.stdout.encoding or "").lower()
    say_json(json.dumps(document, ensure_ascii=in_ascii, indent=2, default=_plain))


def answer(arguments: argparse.Namespace, document: Any, text: str) -> None:
    """Print the outcome of a command: *document* with ``--json``, else *text*."""
    if arguments.json:
        print_json(document)
    else:
        say(text)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows below headings; numbers are right-aligned, unknown (None) is a dash."""
    say(table(headings, rows))


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return what ``print_table`` prints: each row is one line."""
    headings, texts = [*map(shown, headings)], [[shown(value) for value in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(headings, *texts, strict=True)]
    kinds = [{type(row[place]) for row in rows} for place in range(len(headings))]
    numeric = [kind <= {int, float, type(None)} and kind != {type(None)} for kind in kinds]
    lines = [zip(row, widths, numeric, strict=True) for row in (headings, *texts)]
    cells = [[f"{cell:{'>' if right else '<'}{width}}" for cell, width, right in line] for line in lines]
    return "\n".join("  ".join(line).rstrip() for line in cells)


def shown(value: Any) -> str:
    """Return a value as people read it: unknown is a dash."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return f"{value:.1f}" if isinstance(value, float) else one_line(str(value))


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, Path)):
        return value.isoformat() if isinstance(value, datetime) else one_line(str(value))
    if isinstance(value, Decimal):  # PostgreSQL's sums
        return int(value) if value == int(value) else float(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
