"""The command line. Each command has a file of its own that is imported when it is called."""

import argparse
import asyncio
import importlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import RoundhookError

COMMANDS = {
    "demo": "play an evening on loopback, everything real but the two ends",
    "run": "run the bot",
    "check": "connect to everything once and say what is wrong",
    "import": "store stats files from files and folders",
    "rounds": "list the stored rounds",
    "round": "show one round",
    "audit": "impossible rows, refused files, notices without files",
    "plugin": "list, make and check plugins",
    "events": "the journal: what failed, and trying it again",
    "db": "migrations, status, backup",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 something is wrong (said on stderr), 2 wrong usage."""
    arguments = _parser(argv).parse_args(argv)
    _set_up_logging(arguments.verbose)
    try:
        return int(asyncio.run(arguments.run(arguments)) or 0)
    except RoundhookError as error:
        print(f"roundhook: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0


def _parser(argv: Sequence[str] | None) -> argparse.ArgumentParser:
    words = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(
        prog="roundhook", description="A Discord bot for game communities whose plugins are replaced while it runs."
    )
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name in words[:1]:
            importlib.import_module(f"core.cli.{name}_command").configure(command)
    return parser


def add_common(parser: argparse.ArgumentParser) -> None:
    """Give a command the options that all have."""
    parser.add_argument("--config", type=Path, metavar="F", help="settings (default: roundhook.toml if it is there)")
    parser.add_argument("--db", metavar="URL", help="the database, instead of the one in the settings")
    parser.add_argument("--verbose", "-v", action="store_true", help="log more, on stderr")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Give a command the option --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def _set_up_logging(verbose: bool) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
