"""The command line. Each command has a file of its own that is imported when it is called."""

import argparse
import asyncio
import gc
import importlib
import logging
import os
import re
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from core.cli import plugin_commands
from core.cli.plugin_commands import sentence
from core.cli.refused import refusal
from core.cli.screen import complain, make_usable, say
from core.errors import RoundhookError
from core.likeness import did_you_mean
from core.shown import LeaveOutageUntold, LineFormatter

COMMANDS = {
    "demo": "play an evening on loopback, everything real but the two ends",
    "dev": "try plugins by hand, on a Discord and a game server on loopback",
    "run": "run the bot",
    "check": "connect to everything once and say what is wrong",
    "init": "write a commented roundhook.toml",
    "plugin": "list, make, check and get plugins, remove what one has stored",
    "status": "whether the bot runs, and what waits for a person",
    "events": "the journal: what failed, and trying it again",
    "db": "migrations, status, backup",
}
"""Roundhook's own; every other command comes from a plugin."""
_MISTAKE = "That is a mistake in roundhook or in a plugin. Please report it, with these lines"
_WRONG, _NAME = re.compile(r"invalid choice: '([^']*)' \(choose from (.*)\)", re.DOTALL), re.compile(r"[\w-]+")
log = logging.getLogger(__name__)
_stderr = logging.StreamHandler(sys.stderr)
_stderr.setFormatter(LineFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 something is wrong (said on stderr), 2 wrong usage."""
    make_usable()
    log_from(logging.WARNING)
    gc.disable()  # what is imported stays
    try:
        arguments = _parser(argv).parse_args(argv)
        log_from(logging.INFO if arguments.verbose else logging.WARNING)
        arguments.load()
        gc.enable()
        code = int(asyncio.run(arguments.run(arguments)) or 0)
        sys.stdout.flush()
    except (RoundhookError, sqlite3.Error) as error:
        unusable = f"The database cannot be used ({error}). Correct database.url or --db."
        complain(f"roundhook: {unusable if isinstance(error, sqlite3.Error) else error}")
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read, `head` for one, has seen enough
        _let_go_of_stdout()
        return 0
    except OSError as error:
        return _refused(error)
    except Exception:
        log.exception(_MISTAKE)
        return 1
    finally:
        gc.enable()
        plugin_commands.forget()
    return code


def _refused(error: OSError) -> int:
    if not (told := refusal(error)):
        log.error(_MISTAKE, exc_info=error)
        return 1
    log.info("where it was refused", exc_info=error)
    complain(f"roundhook: {told}")
    if error.filename is None:  # it was the stream itself, and what is left for it would fail once more at the end
        _let_go_of_stdout()
    return 1


def _let_go_of_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser(argv: Sequence[str] | None) -> argparse.ArgumentParser:
    words = sys.argv[1:] if argv is None else argv
    parser = _Parser(
        prog="roundhook", description="A Discord bot for game communities whose plugins are replaced while it runs."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    parser.set_defaults(load=lambda: None)
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    groups: dict[str, Any] = {}
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=sentence(summary))
        if name in words[:1]:
            groups[name] = importlib.import_module(f"core.cli.{name}_command").configure(command)
    plugin_commands.add(commands, groups, tuple(COMMANDS), words)
    return parser


class _Version(argparse.Action):
    """Says which version this is; to look it up takes longer than most of what a command does."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import importlib.metadata

        say(f"roundhook {importlib.metadata.version('roundhook')}")
        parser.exit()


class _Parser(argparse.ArgumentParser):
    """Says which command is like a wrong one; the parsers of commands and actions are of this kind too."""

    def error(self, message: str) -> NoReturn:
        """End with wrong usage."""
        if wrong := _WRONG.search(message):
            message = (
                f"there is no '{wrong[1]}'. {did_you_mean(wrong[1], _NAME.findall(wrong[2]))}Choose from {wrong[2]}"
            )
        super().error(message)


def load_for_good(*modules: str) -> None:
    """Import what stays before the event loop runs, and take it out of the garbage collector's sight.

    To look all of it through would stall the loop for 60 ms, again and again.
    """
    gc.disable()
    for module in modules:
        importlib.import_module(module)
    gc.enable()
    gc.freeze()


def add_action(actions: Any, name: str, summary: str, run: Callable[..., Any]) -> argparse.ArgumentParser:
    """Add one action of a command, with the options that all have and --json; return its parser."""
    parser: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=sentence(summary))
    add_json(parser)
    add_common(parser)
    parser.set_defaults(run=run)
    return parser


def add_common(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Give a command the options that all have; *again*: its parent has them too, and what it was given stays."""
    none, false = (argparse.SUPPRESS, argparse.SUPPRESS) if again else (None, False)
    settings = "settings (default: roundhook.toml if it is there)"
    parser.add_argument("--config", type=Path, metavar="F", default=none, help=settings)
    parser.add_argument("--db", metavar="URL", default=none, help="the database, instead of the one in the settings")
    parser.add_argument("--verbose", "-v", action="store_true", default=false, help="log more, on stderr")


def add_json(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Give a command the option --json; *again* as in :func:`add_common`."""
    default = argparse.SUPPRESS if again else False
    parser.add_argument("--json", action="store_true", default=default, help="print one JSON document and nothing else")


def log_from(level: int) -> None:
    """Show log lines of *level* and above on stderr; loggers with a level of their own may take down more."""
    root = logging.getLogger()
    root.setLevel(level)
    _stderr.setLevel(level)
    if not root.handlers:
        _stderr.addFilter(LeaveOutageUntold())
        root.addHandler(_stderr)
