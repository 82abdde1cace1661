"""``python -m roundhook``, and the script ``roundhook``: the command line."""

import os
import sys
from collections.abc import Sequence

from core.cli import main as command_line

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, by default what was typed, and return its exit code; what it makes is for its user alone."""
    os.umask(0o077)
    return command_line(arguments)


if __name__ == "__main__":
    sys.exit(main())
