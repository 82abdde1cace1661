"""``roundhook dev``: the bot and plugins kept up on loopback, with a prompt to try them by hand."""

import argparse
from pathlib import Path

from core.cli.run_command import stop_signal
from core.config import load_config


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    paths = "a plugin's folder, or one that holds such folders (default: where you are)"
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help=paths)
    settings = "settings whose [plugin.*] tables are used, and nothing else of them"
    parser.add_argument("--config", type=Path, metavar="F", help=settings)
    parser.add_argument("--verbose", "-v", action="store_true", help="show the whole log")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> None:
    """Obey what is typed until it ends."""
    from devkit.play.prompt import run

    settings = load_config(arguments.config).plugin if arguments.config else {}
    await run(arguments.paths or _here(), dict(settings), stop_signal())


def _here() -> list[Path]:
    """Return the working directory, if it is a plugin's folder or holds one."""
    here = Path.cwd()
    return [here] if (here / "manifest.toml").exists() or any(here.glob("*/manifest.toml")) else []
