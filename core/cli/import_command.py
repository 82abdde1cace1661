"""``roundhook import PATH…``: backfill, by the same code path as live. Running it again changes nothing."""

import argparse
import asyncio
import gc
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from core.app import Application, import_application
from core.cli import add_common, add_json, load_for_good
from core.cli.setup import config_of, print_json
from core.config import Config, ServerSection, parse_config
from core.errors import BadInputError, ConfigError, RoundhookError
from core.events import FetchedFile
from core.filenames import kind_of, parse_stats_filename

AT_ONCE = 128
"""Files in one chunk; two chunks are on their way at the same time."""
SETTLE_SECONDS = 600.0
BAR = 32
FileKey = tuple[str, str]
"""Name and sha256."""
ENDSTATS_REACH = timedelta(seconds=30)
"""How far apart the two files of one round are written."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="stats files and folders of them")
    parser.add_argument(
        "--server", metavar="K", help="the game server's key (default: the only configured one, else local)"
    )
    parser.add_argument("--timezone", metavar="Z", help="the zone of the times in the file names")
    add_json(parser)
    add_common(parser)
    parser.set_defaults(run=run, load=load_for_good)


async def run(arguments: argparse.Namespace) -> int:
    """Import; 1 if a file was refused."""
    config, server = _with_server(config_of(arguments), arguments.server, arguments.timezone)
    paths = await asyncio.to_thread(lambda: list(dict.fromkeys(map(str, _files(arguments.paths)))))
    summary = Summary(seen=len(paths))
    async with import_application(config) as app:
        gc.freeze()  # the plugins stay, too: see load_for_good
        failed = [report.error for report in app.reports if not report.ok]
        if failed:
            raise RoundhookError(f"The import cannot run: {' '.join(failed)}")
        progress = Progress(len(paths), enabled=sys.stderr.isatty() and not arguments.json)
        await _import(app, server, paths, summary, progress)
        await app.kernel.dispatcher.settled(SETTLE_SECONDS)
        progress.end()
    _print(summary, as_json=arguments.json)
    return 1 if summary.rejected else 0


class Summary(msgspec.Struct):
    """What came of the files; the counts add up to ``seen``."""

    seen: int = 0
    imported: int = 0
    known: int = 0
    duplicate: int = 0
    superseded: int = 0
    aside: list[dict[str, str]] = []
    rejected: list[dict[str, str]] = []

    def count(self, state: str, path: Path, reason: str) -> None:
        """Count one file."""
        if state in ("imported", "known", "duplicate", "superseded"):
            setattr(self, state, getattr(self, state) + 1)
            return
        named = os.fsencode(path).decode(errors="backslashreplace")  # a name may be any bytes, which cannot be printed
        (self.aside if state == "aside" else self.rejected).append({"file": named, "reason": reason})


class Progress:
    """A bar on stderr."""

    def __init__(self, total: int, *, enabled: bool) -> None:
        self._total, self._enabled = total, enabled

    def show(self, done: int) -> None:
        """Draw the bar."""
        if self._enabled:
            full = BAR * done // max(self._total, 1)
            print(f"\r{'█' * full}{'░' * (BAR - full)} {done}/{self._total} files", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._enabled:
            print(file=sys.stderr)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Files that were published together, and what was stored of them before."""

    files: list[tuple[Path, FetchedFile]]
    known: dict[FileKey, tuple[str, str]]
    settling: "asyncio.Task[None]"
    """Ends when they, and what was on its way before them, are worked off."""


async def _import(
    app: Application, server: str, paths: Sequence[str], summary: Summary, progress: Progress
) -> None:  # fmt: skip
    """Publish chunk after chunk; while one is worked off the next is read already.

    Of all files only the paths are held, as text: a ``Path`` takes five times as much.
    """
    ahead: deque[Chunk] = deque()
    try:
        for start in range(0, len(paths), AT_ONCE):
            some = [Path(path) for path in paths[start : start + AT_ONCE]]
            ahead.append(await _publish(app, server, some, summary))
            if len(ahead) > 1:
                await _count(app, ahead.popleft(), summary)
                progress.show(start)
        while ahead:
            await _count(app, ahead.popleft(), summary)
        progress.show(len(paths))
    finally:
        for chunk in ahead:
            chunk.settling.cancel()


async def _publish(app: Application, server: str, paths: Sequence[Path], summary: Summary) -> Chunk:
    named = [path for path in paths if kind_of(path.name) != "other"]
    others = sorted(set(paths) - set(named))
    for left in await asyncio.to_thread(lambda: [_left(path) for path in others]) if others else ():
        summary.count(*left)
    files: list[tuple[Path, FetchedFile]] = []
    for path, file in zip(named, await asyncio.gather(*(_read(app, server, path) for path in named)), strict=True):
        if isinstance(file, FetchedFile):
            files.append((path, file))
        else:
            summary.count("rejected", path, str(file))
    known = await _states(app, [file for _, file in files])
    await asyncio.gather(*(app.services.publish(file) for _, file in files if _key(file) not in known))
    settling = asyncio.create_task(app.kernel.dispatcher.settled(SETTLE_SECONDS))
    await asyncio.sleep(0)  # it takes note of what is on its way now
    return Chunk(files, known, settling)


def _left(path: Path) -> tuple[str, Path, str]:
    """Say what becomes of a path without a stats file's name: a folder is among them only if it cannot be listed."""
    if os.path.isdir(path):
        return "rejected", path, "the folder cannot be listed. Give yourself the right to read it and import it again."
    return "aside", path, "not the name of a stats file"


async def _read(app: Application, server: str, path: Path) -> FetchedFile | BadInputError:
    try:
        return await app.services.files.in_place(server, path)
    except BadInputError as error:
        return error


async def _count(app: Application, chunk: Chunk, summary: Summary) -> None:
    """Wait until a chunk is worked off, and count what came of its files."""
    await chunk.settling
    states = await _states(app, [file for _, file in chunk.files if _key(file) not in chunk.known])
    for path, file in chunk.files:
        if file.kind == "endstats" and not await _has_round(app, file):
            summary.count("aside", path, "endstats: its awards are kept until the stats file of its round comes")
        elif _key(file) in chunk.known:
            state, reason = chunk.known[_key(file)]
            summary.count("rejected" if state == "quarantined" else "known", path, reason)
        else:
            summary.count(*_outcome(states.get(_key(file)), path))


def _outcome(found: tuple[str, str] | None, path: Path) -> tuple[str, Path, str]:
    if found is None:
        return "failed", path, "the import failed; `roundhook events --failed` says why and how to try it again"
    return found[0], path, found[1]


async def _has_round(app: Application, file: FetchedFile) -> bool:
    """Tell whether the round of an endstats file is stored: same map and number, written within seconds of it."""
    name = parse_stats_filename(file.filename)
    if name is None:
        return False
    written = name.played_at(app.config.servers[file.server].zone)
    return bool(
        await app.services.database.fetch(
            "SELECT 1 AS found FROM rounds WHERE server = ? AND map_name = ? AND round_number = ? "
            "AND played_at BETWEEN ? AND ?",
            (file.server, name.map_name, name.round_number, written - ENDSTATS_REACH, written + ENDSTATS_REACH),
        )
    )


async def _states(app: Application, files: Iterable[FetchedFile]) -> dict[FileKey, tuple[str, str]]:
    """Return how the files stand in the database, by name and hash."""
    wanted = list(files)
    found: dict[FileKey, tuple[str, str]] = {}
    for start in range(0, len(wanted), 400):
        part = wanted[start : start + 400]
        rows = await app.services.database.fetch(
            "SELECT filename, sha256, state, reason FROM stats_files WHERE server = ? AND filename IN "
            f"({', '.join('?' * len(part))})",
            (part[0].server, *(file.filename for file in part)),
        )
        found |= {(row["filename"], row["sha256"]): (row["state"], row["reason"] or "") for row in rows}
    return found


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


def _with_server(config: Config, server: str | None, timezone: str | None) -> tuple[Config, str]:
    """Return the settings with the server that the files are from."""
    if server is None:
        server = next(iter(config.servers)) if len(config.servers) == 1 else "local"
    settings = config.servers.get(server, ServerSection())
    checked = parse_config({"servers": {server: {"timezone": timezone or settings.timezone}}}, Path.cwd())
    settings = msgspec.structs.replace(settings, timezone=checked.servers[server].timezone)
    return msgspec.structs.replace(config, servers={**config.servers, server: settings}), server


def _print(summary: Summary, *, as_json: bool) -> None:
    document: dict[str, Any] = msgspec.to_builtins(summary)
    if as_json:
        print_json(document)
        return
    print(f"{summary.seen} files seen: {summary.imported} imported, {summary.known} already known.")
    if summary.duplicate or summary.superseded:
        print(f"{summary.duplicate} duplicates, {summary.superseded} superseded by a better copy of the same name.")
    for word, files in (("left aside", summary.aside), ("refused", summary.rejected)):
        for file in files:
            print(f"{word}: {file['file']}: {file['reason']}")
