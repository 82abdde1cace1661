"""``python -m core``: the command line from a checkout."""

from core.cli import main

raise SystemExit(main())
