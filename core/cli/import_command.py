"""``roundhook import PATH…``: backfill, by the same code path as live. Running it again changes nothing."""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from core.app import Application, import_application
from core.cli import add_common, add_json
from core.cli.setup import config_of, print_json
from core.config import Config, ServerSection, parse_config
from core.errors import BadInputError, ConfigError, RoundhookError
from core.events import FetchedFile
from core.filenames import kind_of, parse_stats_filename

AT_ONCE = 256
"""Files that are on their way at the same time."""
SETTLE_SECONDS = 600.0
BAR = 32
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
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Import; 1 if a file was refused."""
    config, server = _with_server(config_of(arguments), arguments.server, arguments.timezone)
    paths = list(_files(arguments.paths))
    summary = Summary(seen=len(paths))
    async with import_application(config) as app:
        failed = [report.error for report in app.reports if not report.ok]
        if failed:
            raise RoundhookError(f"The import cannot run: {' '.join(failed)}")
        progress = Progress(len(paths), enabled=sys.stderr.isatty() and not arguments.json)
        for start in range(0, len(paths), AT_ONCE):
            await _import(app, server, paths[start : start + AT_ONCE], summary)
            progress.show(min(start + AT_ONCE, len(paths)))
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
        elif state == "aside":
            self.aside.append({"file": str(path), "reason": reason})
        else:
            self.rejected.append({"file": str(path), "reason": reason})


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


async def _import(app: Application, server: str, paths: Sequence[Path], summary: Summary) -> None:
    """Publish the files of one chunk, wait until they are worked off, and count what came of them."""
    files: list[tuple[Path, FetchedFile]] = []
    for path in paths:
        if kind_of(path.name) == "other":
            summary.count("aside", path, "not the name of a stats file")
            continue
        try:
            files.append((path, await app.services.files.in_place(server, path)))
        except BadInputError as error:
            summary.count("rejected", path, str(error))
    known = await _states(app, [file for _, file in files])
    new = [(path, file) for path, file in files if _key(file) not in known]
    await asyncio.gather(*(app.services.publish(file) for _, file in new))
    await app.kernel.dispatcher.settled(SETTLE_SECONDS)
    states = await _states(app, [file for _, file in new])
    for path, file in files:
        if file.kind == "endstats" and not await _has_round(app, file):
            summary.count("aside", path, "endstats: its awards are kept until the stats file of its round comes")
        elif _key(file) in known:
            state, reason = known[_key(file)]
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


async def _states(app: Application, files: Iterable[FetchedFile]) -> dict[tuple[str, str], tuple[str, str]]:
    """Return how the files stand in the database, by name and hash."""
    wanted = list(files)
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for start in range(0, len(wanted), 400):
        part = wanted[start : start + 400]
        rows = await app.services.database.fetch(
            "SELECT filename, sha256, state, reason FROM stats_files WHERE server = ? AND filename IN "
            f"({', '.join('?' * len(part))})",
            (part[0].server, *(file.filename for file in part)),
        )
        found |= {(row["filename"], row["sha256"]): (row["state"], row["reason"] or "") for row in rows}
    return found


def _key(file: FetchedFile) -> tuple[str, str]:
    return file.filename, file.sha256


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Return the files below *paths*, in the order of their names within each folder.

    Raises:
        ConfigError: a path does not exist.
    """
    for path in paths:
        if path.is_dir():
            inside = (one for one in path.rglob("*") if one.is_file() and not one.name.startswith("."))
            yield from sorted(inside, key=lambda one: (one.parent, one.name))
        elif path.exists():
            yield path
        else:
            raise ConfigError(f"{path} does not exist. Name stats files, or folders of them.")


def _with_server(config: Config, server: str | None, timezone: str | None) -> tuple[Config, str]:
    """Return the settings with the server that the files are from."""
    if server is None:
        server = next(iter(config.servers)) if len(config.servers) == 1 else "local"
    settings = config.servers.get(server, ServerSection())
    if timezone is not None:
        checked = parse_config({"servers": {server: {"timezone": timezone}}}, Path.cwd())
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
