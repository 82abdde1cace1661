"""``python -m roundhook``, and the script ``roundhook``: the command line."""

import sys

from core.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
