"""``roundhook redline import``: stores results from files."""

import argparse
import asyncio
from pathlib import Path

from roundhook import BadInputError, ConfigError
from roundhook.cli import Terminal

from .lines import Line, parse_lines
from .results import take


def add_redline_import(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files of JSON lines")


async def redline_import(terminal: Terminal, arguments: argparse.Namespace) -> int:
    """Store what the files say, each as a whole or not at all; 1 if one was refused."""
    refused = 0
    async with terminal.offline() as publish:
        with terminal.progress(len(arguments.paths)) as progress:
            for number, path in enumerate(arguments.paths, 1):
                try:
                    stored = await take(terminal.db, await asyncio.to_thread(_lines, path))
                except BadInputError as error:
                    refused += 1
                    terminal.print(f"refused: {path}: {error}")
                    continue
                for race in stored:
                    await publish(race.event(imported=True))
                    terminal.print(
                        f"{race.race}: {race.track}, {len(race.order)} drivers, rulings: {race.revision - 1}"
                    )
                progress.show(number)
    return 1 if refused else 0


def _lines(path: Path) -> list[Line]:
    try:
        return parse_lines(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}). Name files of JSON lines.") from error
    except UnicodeDecodeError as error:
        raise BadInputError("It is no UTF-8 text.") from error
