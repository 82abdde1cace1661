"""The files that rounds come from: kept until they are imported, and then in ``stats_files``."""

import zlib
from pathlib import Path

from core.clock import Clock
from core.db import Database
from core.rounds.events import FetchedFile
from core.servers.files import KeptFiles


class Files(KeptFiles[FetchedFile]):
    """Where the bytes of a ``FetchedFile`` are: ``put`` keeps them until ``discard``, ``read`` gives them for ever."""

    def __init__(self, folder: Path, database: Database, clock: Clock) -> None:
        super().__init__(folder, clock, FetchedFile, self._imported)
        self._database = database

    async def _imported(self, file: FetchedFile) -> bytes | None:
        rows = await self._database.fetch(
            "SELECT content FROM stats_files WHERE server = ? AND filename = ? AND sha256 = ?",
            (file.server, file.filename, file.sha256),
        )
        if not rows:  # the same bytes came under another name, and that one was imported first
            rows = await self._database.fetch("SELECT content FROM stats_files WHERE sha256 = ?", (file.sha256,))
        found = [row["content"] for row in rows if row["content"] is not None]
        return zlib.decompress(found[0]) if found else None
