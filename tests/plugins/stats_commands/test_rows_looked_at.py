"""No answer looks at all rounds there are: what is read is found by an index, by the database's own plan."""

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.history import build
from benchmarks.read_latency import commands
from core.db import open_database
from core.db import tables as core_tables
from core.db.migrate import migrate
from core.errors import UserFacingError
from core.rounds import tables as round_tables
from roundhook.pictures import DrawingThreads
from tests.plugins.stats_commands.test_boards import shorten

BY_ORDER = "rounds_latest|sessions_latest|sqlite_autoindex_awards_1"
"""Indexes that are read from an end, as far as a LIMIT goes."""
SCANNED = re.compile(rf"SCAN (?!CONSTANT ROW|\(|\w+ USING (?:COVERING )?INDEX (?:{BY_ORDER}))(\w+)")
NAMED = re.compile(r"(?:FROM|JOIN) (\w+)(?: AS)?(?: (\w+))?")
WHOLE = {"player_totals", "sums_versions"}
"""What a board looks at: everybody's sums, once, and a row for each server."""


async def test_by_the_plans_of_all_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody's sums are looked at once for a board; beside that no table is read from one end to the other."""
    plans: dict[str, list[str]] = {}

    async def undrawn(*_: object) -> bytes:
        return b""

    monkeypatch.setattr(DrawingThreads, "draw", undrawn)
    shorten(monkeypatch, 2)
    async with open_database(f"sqlite:///{tmp_path / 'a.db'}") as database:
        await migrate(database)
        database.bind(*core_tables.TABLES, *round_tables.TABLES)
        await build(database, 900)
        inner = database.fetch

        async def fetch(sql: str, args: Sequence[Any] = ()) -> Any:
            plans[sql] = [row["detail"] for row in await inner(f"EXPLAIN QUERY PLAN {sql}", args)]
            return await inner(sql, args)

        tables = {row["name"] for row in await inner("SELECT name FROM sqlite_master WHERE type = 'table'")}
        calls = await commands(database)
        monkeypatch.setattr(database, "fetch", fetch)
        for call in (*calls.values(), *calls.values()):
            with contextlib.suppress(UserFacingError):  # of what there is none
                await call()
            await database.execute("UPDATE player_totals SET version = coalesce(version, 0) + 1 WHERE server = 'us1'")

    assert len(plans) > 30
    for sql, plan in plans.items():
        names = {found[2] or found[1]: found[1] for found in NAMED.finditer(sql)}
        scanned = {names.get(found[1], "") for line in plan if (found := SCANNED.search(line))}
        assert not scanned & tables - WHOLE, (sql, plan)
