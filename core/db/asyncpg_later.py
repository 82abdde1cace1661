"""Imports Piccolo without asyncpg, which it takes along where it is installed and which only PostgreSQL needs.

That saves 3 MB, and a tenth of a second at the start of the bot and of each command; a third of that again its
dataclasses, of which few are ever used.
"""

import importlib

from core.left_out import absent, dataclasses_later

with absent("asyncpg"), dataclasses_later("piccolo"):
    importlib.import_module("piccolo.querystring")
    importlib.import_module("piccolo.table")
