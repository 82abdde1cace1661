"""``python -m roundhook``: the command line from a checkout."""

import sys

from core.cli import main

sys.exit(main())
