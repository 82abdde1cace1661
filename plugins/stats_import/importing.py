"""``roundhook import``: backfill, by the same code path as live. Running it again changes nothing."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from roundhook import BadInputError, ConfigError, Server
from roundhook.cli import Offline, Progress, Terminal
from roundhook.db import marks
from roundhook.rounds import FetchedFile, kind_of, parse_stats_filename

AT_ONCE = 128
"""Files in one chunk; two chunks are on their way at the same time."""
FileKey = tuple[str, str]
"""Name and sha256."""
ENDSTATS_REACH = timedelta(seconds=30)
"""How far apart the two files of one round are written."""


async def import_paths(terminal: Terminal, server: Server, paths: Sequence[Path], *, quiet: bool) -> "Summary":
    """Import the files in *paths* as *server*'s; *quiet*: without a bar.

    Raises:
        ConfigError: a path does not exist.
        RoundhookError: the plugins that import do not load.
    """
    found = await asyncio.to_thread(lambda: list(dict.fromkeys(map(str, _files(paths)))))
    summary = Summary(seen=len(found))
    async with terminal.offline() as publish:
        with terminal.progress(len(found), hidden=quiet) as progress:
            await _Backfill(terminal, server, publish, summary, progress).run(found)
    return summary


class Summary(Struct):
    """What came of the files; the counts add up to ``seen``."""

    seen: int = 0
    imported: int = 0
    known: int = 0
    duplicate: int = 0
    superseded: int = 0
    aside: list[dict[str, str]] = field(default_factory=list)
    rejected: list[dict[str, str]] = field(default_factory=list)

    @property
    def document(self) -> dict[str, Any]:
        """All of it as plain JSON data."""
        return asdict(self)

    @property
    def text(self) -> str:
        """All of it in words."""
        lines = [f"{self.seen} files seen: {self.imported} imported, {self.known} already known."]
        if self.duplicate or self.superseded:
            better = f"{self.superseded} superseded by a better copy of the same name"
            lines.append(f"{self.duplicate} duplicates, {better}.")
        for word, files in (("left aside", self.aside), ("refused", self.rejected)):
            lines += [f"{word}: {file['file']}: {file['reason']}" for file in files]
        return "\n".join(lines)

    def count(self, state: str, path: Path, reason: str) -> None:
        """Count one file."""
        if state in ("imported", "known", "duplicate", "superseded"):
            setattr(self, state, getattr(self, state) + 1)
            return
        named = os.fsencode(path).decode(errors="backslashreplace")  # a name may be any bytes, which cannot be printed
        (self.aside if state == "aside" else self.rejected).append({"file": named, "reason": reason})


class Chunk(Struct, frozen=True):
    """Files that were published together, and what was stored of them before."""

    files: list[tuple[Path, FetchedFile]]
    known: dict[FileKey, tuple[str, str]]
    settling: "asyncio.Task[None]"
    """Ends when they, and what was on its way before them, are worked off."""


class _Backfill:
    """Publishes chunk after chunk; while one is worked off the next is read already."""

    def __init__(
        self, terminal: Terminal, server: Server, publish: Offline, summary: Summary, progress: Progress
    ) -> None:
        self._terminal = terminal
        self._server = server
        self._publish = publish
        self._summary = summary
        self._progress = progress

    async def run(self, paths: Sequence[str]) -> None:
        """Import; of all files only the paths are held, as text: a ``Path`` takes five times as much."""
        ahead: deque[Chunk] = deque()
        try:
            for start in range(0, len(paths), AT_ONCE):
                ahead.append(await self._hand_over([Path(path) for path in paths[start : start + AT_ONCE]]))
                if len(ahead) > 1:
                    await self._count(ahead.popleft())
                    self._progress.show(start)
            while ahead:
                await self._count(ahead.popleft())
            self._progress.show(len(paths))
        finally:
            for chunk in ahead:
                chunk.settling.cancel()

    async def _hand_over(self, paths: Sequence[Path]) -> Chunk:
        named = [path for path in paths if kind_of(path.name) != "other"]
        others = sorted(set(paths) - set(named))
        for left in await asyncio.to_thread(lambda: [_left(path) for path in others]) if others else ():
            self._summary.count(*left)
        files = [(path, file) async for path, file in self._read(named)]
        known = await self._states([file for _, file in files])
        await asyncio.gather(*(self._publish(file) for _, file in files if _key(file) not in known))
        settling = asyncio.create_task(self._publish.settled())
        await asyncio.sleep(0)  # it takes note of what is on its way now
        return Chunk(files, known, settling)

    async def _read(self, paths: Sequence[Path]) -> AsyncIterator[tuple[Path, FetchedFile]]:
        """Give the files that can be read, and count the others."""
        found = (self._terminal.files.in_place(self._server.key, path) for path in paths)
        for path, file in zip(paths, await asyncio.gather(*found, return_exceptions=True), strict=True):
            if isinstance(file, FetchedFile):
                yield path, file
            elif isinstance(file, BadInputError):
                self._summary.count("rejected", path, str(file))
            else:
                raise file

    async def _count(self, chunk: Chunk) -> None:
        """Wait until a chunk is worked off, and count what came of its files."""
        await chunk.settling
        states = await self._states([file for _, file in chunk.files if _key(file) not in chunk.known])
        for path, file in chunk.files:
            if _key(file) in chunk.known:
                state, reason = chunk.known[_key(file)]
                told = "rejected" if state == "quarantined" else "known", path, reason
            else:
                told = _outcome(states.get(_key(file)), path)
            if file.kind == "endstats" and told[0] in ("imported", "known") and not await self._has_round(file):
                told = "aside", path, "endstats: its awards are kept until the stats file of its round comes"
            self._summary.count(*told)

    async def _has_round(self, file: FetchedFile) -> bool:
        """Tell whether the round of an endstats file is stored: same map and number, written within seconds of it."""
        name = parse_stats_filename(file.filename)
        if name is None:
            return False
        written = name.played_at(self._server.settings.zone)
        return bool(
            await self._terminal.db.fetch(
                "SELECT 1 AS found FROM rounds WHERE server = ? AND map_name = ? AND round_number = ? "
                "AND played_at BETWEEN ? AND ?",
                (file.server, name.map_name, name.round_number, written - ENDSTATS_REACH, written + ENDSTATS_REACH),
            )
        )

    async def _states(self, files: Sequence[FetchedFile]) -> dict[FileKey, tuple[str, str]]:
        """Return how the files stand in the database, by name and hash."""
        found: dict[FileKey, tuple[str, str]] = {}
        for start in range(0, len(files), 400):
            part = files[start : start + 400]
            rows = await self._terminal.db.fetch(
                "SELECT filename, sha256, state, reason FROM stats_files WHERE server = ? "
                f"AND filename IN ({marks(len(part))})",
                (part[0].server, *(file.filename for file in part)),
            )
            found |= {(row["filename"], row["sha256"]): (row["state"], row["reason"] or "") for row in rows}
        return found


def _left(path: Path) -> tuple[str, Path, str]:
    """Say what becomes of a path without a stats file's name: a folder is among them only if it cannot be listed."""
    if os.path.isdir(path):
        return "rejected", path, "the folder cannot be listed. Give yourself the right to read it and import it again."
    return "aside", path, "not the name of a stats file"


def _outcome(found: tuple[str, str] | None, path: Path) -> tuple[str, Path, str]:
    if found is None:
        return "failed", path, "the import failed; `roundhook events --failed` says why and how to try it again"
    return found[0], path, found[1]


def _key(file: FetchedFile) -> FileKey:
    return file.filename, file.sha256


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Return the files below *paths*, in the order of their names within each folder.

    Their paths are absolute: what an interrupted import leaves is read by a process in another folder. What has a stats
    file's name and is a folder, a pipe or a broken link is among them: it is refused when it is to be read.

    Raises:
        ConfigError: a path does not exist.
    """
    for path in map(Path.absolute, paths):
        if os.path.isdir(path) and kind_of(path.name) == "other":
            yield from _inside(path)
        elif os.path.lexists(path):
            yield path
        else:
            raise ConfigError(f"{path} does not exist. Name stats files, or folders of them.")


def _inside(top: Path) -> Iterator[Path]:
    """Return the files in a folder and those below it; a folder that cannot be listed is returned itself."""
    closed: list[Path] = []
    for folder, folders, files in os.walk(top, onerror=lambda error: closed.append(Path(error.filename))):
        odd = [name for name in folders if kind_of(name) != "other"]
        folders[:] = sorted(set(folders) - set(odd))
        yield from (Path(folder, name) for name in sorted([*files, *odd]) if not name.startswith("."))
    yield from closed
