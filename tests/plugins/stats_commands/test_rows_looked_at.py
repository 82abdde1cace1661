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
MADE = r"CONSTANT ROW|\(subquery-\d+\)|\w+_best$|p\d+$"
"""What a statement makes on its way."""
SCANNED = re.compile(rf"SCAN (?!{MADE}|\w+ USING (COVERING )?INDEX ({BY_ORDER}))(\w+)")
FEW = {"s", "n", "m", "seen", "x", "v", "p", "found"}
"""Names of what is made on the way, of the sums' versions (``v``), and of the sums themselves (``p``)."""


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

        calls = await commands(database)
        monkeypatch.setattr(database, "fetch", fetch)
        for call in (*calls.values(), *calls.values()):
            with contextlib.suppress(UserFacingError):  # of what there is none
                await call()
            await database.execute("UPDATE player_totals SET version = coalesce(version, 0) + 1 WHERE server = 'us1'")

    assert len(plans) > 30
    for sql, plan in plans.items():
        scanned = {found[3] for line in plan if (found := SCANNED.search(line))} - FEW
        assert not scanned, (sql, plan)
        assert not re.search(r"SCAN p\b", "\n".join(plan)) or "player_totals p" in sql, (sql, plan)
