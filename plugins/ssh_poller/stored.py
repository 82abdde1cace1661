"""Which files of a server the import has stored: asked for when they seem new, so a long history costs nothing."""

import hashlib
from collections.abc import Collection, Iterable

from roundhook.db import Database, marks

from .client import RemoteFile

AT_ONCE = 500
"""Names in one statement."""


class Stored:
    """What the database has of *server*'s files; of those that it has their times are kept while they are listed."""

    def __init__(self, db: Database, server: str) -> None:
        self._db, self._server = db, server
        self._times: dict[str, int] = {}

    async def others(self, files: Collection[RemoteFile]) -> list[RemoteFile]:
        """Return those of *files* that are not stored with the time that they have; no odd name is stored."""
        unknown = {name for file in files if (name := file.name.filename) not in self._times}
        names = sorted(name for name in unknown if name.isprintable())
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            rows = await self._db.fetch(
                "SELECT filename, modified_at FROM stats_files "
                f"WHERE server = ? AND filename IN ({marks(len(some))}) AND modified_at IS NOT NULL ORDER BY id",
                (self._server, *some),
            )
            self._times |= {row["filename"]: int(row["modified_at"].timestamp()) for row in rows}
        return [file for file in files if self._times.get(file.name.filename) != file.modified_unix]

    def __contains__(self, filename: str) -> bool:
        """Tell whether a file of this name is known to be stored, be it with another time."""
        return filename in self._times

    async def has(self, filename: str, data: bytes) -> bool:
        """Tell whether a file is stored with these bytes."""
        sql = "SELECT 1 FROM stats_files WHERE server = ? AND filename = ? AND sha256 = ?"
        return bool(await self._db.fetch(sql, (self._server, filename, hashlib.sha256(data).hexdigest())))

    async def has_any(self) -> bool:
        """Tell whether there is any file of the server."""
        sql = "SELECT 1 FROM stats_files WHERE server = ? AND modified_at IS NOT NULL LIMIT 1"
        return bool(await self._db.fetch(sql, (self._server,)))

    def keep(self, names: Iterable[str]) -> None:
        """Forget all but these files, which the folder holds."""
        self._times = {name: self._times[name] for name in names if name in self._times}
