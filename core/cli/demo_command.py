"""``roundhook demo``: an evening on loopback. Of core only this, ``dev`` and ``plugin check`` use devkit."""

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="how many rounds (default 2: one match)")
    parser.add_argument("--out", type=Path, default=Path("demo-out"), metavar="DIR", help="where database and cards go")
    parser.add_argument("--verbose", "-v", action="store_true", help="show the whole log")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> None:
    """Play, and show each step as it happens."""
    from devkit.demo import play

    await play(arguments.out.resolve(), arguments.rounds, verbose=arguments.verbose)
