"""A stage's own database: a copy of one on which the core's migrations have run, once for each process."""

import tempfile
from pathlib import Path

from core.db import open_database
from core.db.migrate import migrate

_kept: list[bytes] = []


async def fresh_database(folder: Path) -> str:
    """Return the database of a stage that none is given for; stages in one folder share it."""
    file = folder / "roundhook.db"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_bytes(await _migrated())
    return f"sqlite:///{file}"


async def _migrated() -> bytes:
    """Return a SQLite file as the core's migrations leave it."""
    if not _kept:
        with tempfile.TemporaryDirectory(prefix="roundhook-") as folder:
            file = Path(folder) / "roundhook.db"
            async with open_database(f"sqlite:///{file}") as database:
                await migrate(database)
            _kept.append(file.read_bytes())
    return _kept[0]
