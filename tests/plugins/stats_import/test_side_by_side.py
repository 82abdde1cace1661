"""Servers that are stored side by side leave what they leave one after another, where they share players too."""

import itertools
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.db import Database
from core.rounds.events import FetchedFile, RoundNotice
from plugins.stats_import import work
from plugins.stats_import.writing import Writer
from tests.plugins.stats_import.conftest import service_of
from tests.plugins.stats_import.invented import PLAYERS, Folder, name_of, random_evening, stats_file
from tests.plugins.stats_import.snapshot import Snapshot, snapshot, wipe

EXAMPLES = settings(
    max_examples=8, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
LATE = datetime(2026, 3, 5, tzinfo=UTC)
NAMES = (b"three", b"four", b"five", b"^1six")
Arrivals = list[FetchedFile | RoundNotice]


@EXAMPLES
@given(seed=st.integers(0, 2**32))
async def test_nonsense_of_many_servers(database: Database, seed: int) -> None:
    """The same people, under changing names; contents that replace each other, rounds that go, notices."""
    random = Random(seed)  # noqa: S311 - an order, no secret
    whole = Folder()
    for number in range(random.randint(2, 4)):
        _add(whole, random_evening(random), f"s{number}", random)
    arrivals: Arrivals = [*whole.files, *whole.notices]
    random.shuffle(arrivals)
    edges = sorted({0, len(arrivals), *random.sample(range(len(arrivals)), len(arrivals) // 8)})
    handfuls = [arrivals[start:end] for start, end in itertools.pairwise(edges)]

    found = [await _stored(database, whole, handfuls, count) for count in (1, work.SIDE_BY_SIDE)]

    for table, rows in found[0].items():
        assert found[1][table] == rows, table


async def test_who_is_gone_from_several_servers_at_once(database: Database) -> None:
    """Players are counted anew who come to one server, and leave two others, in the same call."""
    whole, name = Folder(), name_of("2025-10-19-220000")
    some = [replace(player, name=f"other {player.guid}") for player in PLAYERS]
    servers = [replace(whole, server=f"s{number}") for number in range(4)]
    first = [one.put(name, stats_file(players=PLAYERS, server=one.server)) for one in servers[:2]]
    then = [one.put(name, stats_file(players=some, shown="7:00"), modified_at=LATE) for one in servers[:2]]
    then += [one.put(name, stats_file(players=PLAYERS, server=one.server)) for one in servers[2:]]

    found = [await _stored(database, whole, [[*first], [*then]], count) for count in (1, work.SIDE_BY_SIDE)]

    assert found[0] == found[1]


async def test_the_first_error_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL refuses everything else in the transaction after it: that would not say what is wrong."""
    whole = Folder()
    servers = [replace(whole, server=f"s{number}") for number in range(4)]
    files = [one.put(name_of("2025-10-19-220000"), stats_file(server=one.server)) for one in servers]
    write = Writer.write

    async def broken(writer: Writer) -> None:
        if writer._server == "s3":
            await writer._transaction.execute("INSERT INTO nowhere VALUES (1)")
        await write(writer)

    monkeypatch.setattr(Writer, "write", broken)
    with pytest.raises((sqlite3.OperationalError, asyncpg.UndefinedTableError), match="nowhere"):
        await service_of(database, whole).import_files(files)


async def _stored(database: Database, folder: Folder, handfuls: Iterable[Arrivals], at_once: int) -> Snapshot:
    """Return what is stored when so many servers are stored at once."""
    await wipe(database)
    service = service_of(database, folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(work, "SIDE_BY_SIDE", at_once)
        for some in handfuls:
            await service.import_files([one for one in some if isinstance(one, FetchedFile)])
            await service.store_notices([one for one in some if isinstance(one, RoundNotice)])
    return await snapshot(database)


def _add(whole: Folder, evening: Folder, server: str, random: Random) -> None:
    """Add an evening as one of *server*, with other names."""
    here = replace(evening, server=server, contents=whole.contents, files=whole.files, notices=whole.notices)
    for file in evening.files:
        data = evening.contents[file.sha256].replace(b"three", random.choice(NAMES))
        data = data.replace(b"four", random.choice(NAMES))
        here.put(file.filename, data, modified_at=file.modified_at)
    whole.notices += [replace(notice, server=server) for notice in evening.notices]
