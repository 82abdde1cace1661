"""A bot on SQLite does not pay for PostgreSQL's driver, and one on PostgreSQL finds it."""

import subprocess
import sys
from pathlib import Path

CODE = """
import sys, core.app, core.discord.bot, core.db.sqlite
heavy = [name for name in ("asyncpg", "asyncssh", "cryptography", "PIL", "black") if name in sys.modules]
import core.db.postgres
sys.exit(f"imported: {heavy}" if heavy or not sys.modules["asyncpg"].Pool else 0)
"""


def test_what_an_idle_bot_does_not_need_is_not_imported() -> None:
    """Neither the driver of the other database, nor what draws, speaks SSH or writes migrations."""
    asked = [sys.executable, "-c", CODE]
    ran = subprocess.run(asked, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
