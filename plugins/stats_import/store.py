"""What an import reads from the database. SQL is the same on both databases but for the lock."""

import zlib
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from roundhook.db import Database, Row, Transaction, columns_of, marks, utc
from roundhook.rounds import Round

from .contents import StoredFile
from .notices import Ended
from .state import RoundState, Windows, stored_round

T = TypeVar("T")
Reader = Database | Transaction

CHUNK = 500
"""Values in one IN list."""
SPANS = 100
"""Stretches of time in one statement."""
_FILE = """
    SELECT id, server, filename, sha256, kind, state, reason, content_key, trigger, modified_at, fetched_at
    FROM stats_files"""
_COLUMNS = ", ".join(f"r.{name}" for name in columns_of(Round))
_ROUND = f"""
    SELECT {_COLUMNS}, m.round1_id, m.round2_id, m.result, f.trigger, {{packed}} AS packed,
        EXISTS (SELECT 1 FROM round_notices n WHERE n.round_id = r.id) AS noticed
    FROM rounds r
    LEFT JOIN matches m ON m.id = r.match_id
    LEFT JOIN stats_files f ON f.server = r.server AND f.filename = r.filename AND f.sha256 = r.file_sha256
    WHERE """


async def waiting(reader: Reader, *, after: int, most: int) -> list[Row]:
    """Return the next files whose bytes are kept and that are refused or aside, by id."""
    return await reader.fetch(
        "SELECT * FROM stats_files WHERE state IN ('quarantined', 'aside') AND content IS NOT NULL AND id > ? "
        "ORDER BY id LIMIT ?",
        (after, most),
    )


async def refused_since(reader: Reader, server: str, since: datetime) -> int:
    """Return how many files of a server were refused since a time, of those whose bytes are kept."""
    rows = await reader.fetch(
        "SELECT count(*) AS n FROM stats_files WHERE server = ? AND state = 'quarantined' AND fetched_at > ? "
        "AND content IS NOT NULL",
        (server, since),
    )
    return int(rows[0]["n"])


async def stored_files(
    reader: Reader,
    server: str,
    *,
    names: Collection[str] = (),
    keys: Collection[str] = (),
    near: Collection[tuple[str, str]] = (),
) -> list[StoredFile]:
    """Return all contents stored under *names*, those whose content has one of these *keys*, and endstats *near*."""
    # By content the server is compared as no column: else it would lead SQLite away from the better index.
    wanted = [("server = ? AND filename", sorted(names)), ("server || '' = ? AND content_key", sorted(keys))]
    selects = [f"{_FILE} WHERE {where} IN ({marks(len(values))})" for where, values in wanted if values]
    args = [value for _, values in wanted if values for value in (server, *values)]
    if near:
        selects.append(f"{_FILE} WHERE {_endstats_in(len(near))}")
        args += [server, *(edge for bounds in near for edge in bounds)]
    rows = await reader.fetch(" UNION ".join(selects), args) if selects else []
    return [_file(row) for row in rows]


async def contents(
    transaction: Transaction, server: str, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], bytes]:
    """Return the bytes of stored files, by name and sha256."""
    found: dict[tuple[str, str], bytes] = {}
    for chunk in _chunks(sorted({name for name, _ in keys})):
        rows = await transaction.fetch(
            f"SELECT filename, sha256, content FROM stats_files WHERE server = ? AND filename IN ({marks(len(chunk))})",
            (server, *chunk),
        )
        wanted = ((row["filename"], row["sha256"], row["content"]) for row in rows)
        found |= {(name, sha): zlib.decompress(data) for name, sha, data in wanted if (name, sha) in keys and data}
    return found


async def rounds_within(
    reader: Reader, server: str, windows: Windows, *, lock: bool, maps: Collection[str] = ()
) -> list[RoundState]:
    """Return the rounds of *server* in these times; *lock* keeps others from changing them (PostgreSQL).

    The files of the R1s on *maps* come along: an R2 that has arrived will want one.
    """
    found: list[RoundState] = []
    packed = f"CASE WHEN r.round_number = 1 AND r.map_name IN ({marks(len(maps))}) THEN f.content END"
    select = _ROUND.format(packed=packed if maps else "NULL")
    for spans in _chunks(windows.spans, SPANS):
        some = " OR ".join(["r.played_at BETWEEN ? AND ?"] * len(spans))
        sql = f"{select} r.server = ? AND ({some}){' FOR UPDATE OF r' if lock else ''}"
        rows = await reader.fetch(sql, (*maps, server, *(_moment(edge) for span in spans for edge in span)))
        found += [stored_round(row) for row in rows]
    return found


async def rounds_of_sessions(transaction: Transaction, sessions: Collection[int], *, lock: bool) -> list[RoundState]:
    """Return all rounds of these sessions."""
    ids = sorted(sessions)
    sql = f"{_ROUND.format(packed='NULL')} r.session_id IN ({marks(len(ids))}){' FOR UPDATE OF r' if lock else ''}"
    return [stored_round(row) for row in await transaction.fetch(sql, ids)]


async def rounds_by_id(transaction: Transaction, ids: Collection[int]) -> list[RoundState]:
    """Return the rounds with these ids."""
    if not ids:
        return []
    rows = await transaction.fetch(f"{_ROUND.format(packed='NULL')} r.id IN ({marks(len(ids))})", sorted(ids))
    return [stored_round(row) for row in rows]


async def rounds_named(transaction: Transaction, server: str, names: Collection[str]) -> list[RoundState]:
    """Return the rounds of *server* with these names."""
    found: list[RoundState] = []
    for chunk in _chunks(sorted(names)):
        sql = f"{_ROUND.format(packed='NULL')} r.server = ? AND r.filename IN ({marks(len(chunk))})"
        found += [stored_round(row) for row in await transaction.fetch(sql, (server, *chunk))]
    return found


async def all_files(transaction: Transaction, server: str) -> list[StoredFile]:
    """Return all files of *server*."""
    return [_file(row) for row in await transaction.fetch(f"{_FILE} WHERE server = ?", (server,))]


async def notices_within(
    transaction: Transaction, server: str, maps: Collection[str], windows: Windows
) -> list[tuple[Ended, Row]]:
    """Return the notices of rounds on *maps* that ended in these times, with ``round_id`` and ``notice``."""
    found: list[Row] = []
    for spans in _chunks(windows.spans if maps else (), SPANS):
        some = " OR ".join(["round_end_unix BETWEEN ? AND ?"] * len(spans))
        found += await transaction.fetch(
            "SELECT id, map_name, round_number, round_end_unix, round_id, notice FROM round_notices"
            f" WHERE server = ? AND map_name IN ({marks(len(maps))}) AND round_number IN (1, 2) AND ({some})",
            (server, *sorted(maps), *(edge for span in spans for edge in span)),
        )
    return [(Ended(row["id"], row["map_name"], row["round_number"], row["round_end_unix"]), row) for row in found]


async def rows_of_rounds(
    transaction: Transaction, table: str, columns: Sequence[str], ids: Collection[int]
) -> dict[int, set[tuple[Any, ...]]]:
    """Return the rows that *table* holds of these rounds: round id -> values of *columns*."""
    found: dict[int, set[tuple[Any, ...]]] = {one: set() for one in ids}
    for chunk in _chunks(sorted(ids)):
        rows = await transaction.fetch(
            f"SELECT round_id, {', '.join(columns)} FROM {table} WHERE round_id IN ({marks(len(chunk))})", chunk
        )
        for row in rows:
            found[row["round_id"]].add(tuple(row[column] for column in columns))
    return found


async def endstats_between(
    transaction: Transaction, server: str, ranges: Iterable[tuple[str, str]]
) -> list[StoredFile]:
    """Return the endstats files that count with a name from (included) to (excluded) the two texts.

    Both texts are as long as a name's time, so any collation orders them by time.
    """
    found: list[Row] = []
    for bounds in _chunks(sorted(set(ranges)), SPANS):
        sql = f"{_FILE} WHERE {_endstats_in(len(bounds))}"
        found += await transaction.fetch(sql, (server, *(edge for bound in bounds for edge in bound)))
    return [_file(row) for row in {row["id"]: row for row in found}.values()]


def _endstats_in(count: int) -> str:
    some = " OR ".join(["(filename >= ? AND filename < ?)"] * count)
    return f"server = ? AND kind = 'endstats' AND state = 'imported' AND ({some})"


def _file(row: Row) -> StoredFile:
    return StoredFile(
        row["filename"], row["sha256"], row["kind"], row["state"], row["reason"], row["content_key"], row["trigger"],
        utc(row["modified_at"]), row["id"], utc(row["fetched_at"]),
    )  # fmt: skip


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _chunks(values: Sequence[T], size: int = CHUNK) -> list[Sequence[T]]:
    return [values[start : start + size] for start in range(0, len(values), size)]
