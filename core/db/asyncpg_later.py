"""Imports Piccolo without asyncpg, which it takes along where it is installed and which only PostgreSQL needs.

That saves 3 MB, and a tenth of a second at the start of the bot and of each command.
"""

import importlib

from core.left_out import absent

with absent("asyncpg"):
    importlib.import_module("piccolo.querystring")
