"""``python -m roundhook``, and the script ``roundhook``: the command line."""

import os
import sys

from core.cli import main as command_line

__all__ = ["main"]


def main() -> int:
    """Run one command and return its exit code. What it makes is for its user alone (0600, 0700)."""
    os.umask(0o077)
    return command_line()


if __name__ == "__main__":
    sys.exit(main())
