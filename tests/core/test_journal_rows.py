"""What stands in the journal is found without reading all of it, and what cannot be read is set aside."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.db import open_database
from core.hookspecs import CONTRACTS
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import recorder, running, write_plugin


async def test_what_is_open_is_found_by_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many deliveries are done: no look at what is not reads them all. (SQLite needs it said.)"""
    asked: list[tuple[str, Sequence[Any]]] = []
    async with Stage([], folder=tmp_path) as stage:
        journal, database = stage.app.services.journal, stage.db
        inner = database.fetch

        async def fetch(sql: str, args: Sequence[Any] = ()) -> list[dict[str, Any]]:
            asked.append((sql, args))
            return await inner(sql, args)

        monkeypatch.setattr(database, "fetch", fetch)
        await journal.take_over()
        await journal.open_deliveries(["one"])
        await journal.retry_failed("one")
        await journal.waiting("one")
        await journal.failed(5)
        await journal.failures()
        looks = [one for one in asked if "deliveries" in one[0]]
        plans = [row["detail"] for sql, args in looks for row in await inner(f"EXPLAIN QUERY PLAN {sql}", args)]

    assert len(looks) >= 6  # the rest is of the status
    assert [plan for plan in plans if plan.startswith(("SCAN d", "SCAN deliveries"))] == []


@pytest.mark.parametrize(("kind", "payload"), [
    ("ImportedRound", "[]"), ("ImportedRound", "{"), ("ImportedRound", "null"), ("ImportedRound", '{"round_id": []}'),
    ("Unheard", "{}"), ("", ""), ("ImportedRound", "[" * 5000),
])  # fmt: skip
async def test_a_row_that_cannot_be_read_is_set_aside(tmp_path: Path, kind: str, payload: str) -> None:
    """The start goes on, the row has failed and is named, and the events beside it are delivered."""
    url = f"sqlite:///{tmp_path / 'kept.db'}"
    write_plugin(tmp_path, "seen", recorder())
    async with Stage(["seen"], folders=[tmp_path], database=url) as stage:
        await stage.plugins.disable("seen")
        now = stage.clock.now()
    async with open_database(url) as database, database.transaction() as transaction:
        for number, (type_name, text) in enumerate([(kind, payload), ("ImportedRound", _whole())], 901):
            await transaction.execute(
                "INSERT INTO events (id, key, type, payload, published_at, owner) VALUES (?, ?, ?, ?, ?, 'x:gone')",
                (number, f"key {number}", type_name, text, now - timedelta(hours=2)),
            )
            await transaction.execute(
                "INSERT INTO deliveries (event_id, plugin, state, updated_at, attempts) "
                "VALUES (?, 'seen', 'pending', ?, 0)",
                (number, now),
            )
    async with Stage(["seen"], folders=[tmp_path], database=url) as stage:
        await stage.app.kernel.take_over()
        await stage.settled()
        seen = list(running(stage, "seen").seen)
        failed = await stage.app.services.journal.failed(5)

    assert len(seen) == 1
    assert [(row["id"], "cannot be read by this version" in row["error"]) for row in failed] == [(901, True)]


def _whole() -> str:
    return CONTRACTS.encode(ImportedRound(round_id=5, file_sha256="a"))[1]
