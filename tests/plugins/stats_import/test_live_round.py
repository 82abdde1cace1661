"""What a round that comes live costs in statements: of the import, of the importing plugins, and of everything."""

import asyncio
from dataclasses import replace
from datetime import UTC
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from benchmarks.corpus import corpus
from benchmarks.live_round import IMPORT, NOTICE, TOGETHER, measure
from core.app import offline_application
from core.config import parse_config
from core.rounds.filenames import StatsFilename, parse_stats_filename
from core.servers.files import KeptFiles
from devkit.game.stats_file import filename
from roundhook import RoundNotice
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.statements import all_statements, commits

MOST = {
    (IMPORT, 1): 15,
    (IMPORT, 2): 14,
    (TOGETHER, 1): 50,
    (TOGETHER, 2): 28,
    (NOTICE, 1): 18,
    (NOTICE, 2): 18,
}
"""Statements, by who works on what and by the round's number. An R1 takes one more: it is given its new match.

The invented evening has other people in each round: now and then a round changes who has won an earlier map.
"""


@pytest.mark.parametrize("late", [False, True], ids=["notice first", "notice later"])
async def test_a_live_round_takes_few_statements(database_url: str, late: bool) -> None:
    """R1 and R2, at the beginning of an evening and within it; a file without its notice takes one statement less."""
    costs = await measure(database_url, history=20, live=16, late=late)

    assert {(one.who, one.round_number) for one in costs} == {key for key in MOST if late or key[0] != NOTICE}
    for one in costs:
        most = MOST[one.who, one.round_number] - (late and one.who != NOTICE)
        assert len(one.statements) <= most, "\n".join((f"{one.who}, R{one.round_number}:", *one.statements))


MOST_PARTS = 7
"""Rows of one table go into SQLite by 1, 2, 4, … 64 of them."""
STORED = {"postgres": (30, 4), "sqlite": (60, 4)}
TOLD = {"postgres": (70, 12), "sqlite": (96, 13)}
"""Statements and commits: the journal, its outcomes, BEGIN, COMMIT, locks and resets of connections are in it."""


async def test_all_that_a_live_round_takes(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """From the published file to the last outcome, stored by the three importing plugins.

    Before that the notices of 40 servers that end a round at once: one transaction stores them and awaits their files.
    """
    _take_no_time(monkeypatch)
    config = parse_config({"database": {"url": database_url}, "servers": {"local": {}}}, tmp_path)
    with all_statements(monkeypatch) as noted:
        async with offline_application(config) as app:
            generation = app.kernel.slots["stats_import"].generation
            assert generation is not None
            together = [replace(_notice(next(corpus(1))[0]), server=f"s{number}") for number in range(40)]
            await asyncio.gather(*map(generation.plugin.notices.do, together))
            rows = 'INTO "round_notices"', "INTO notice_alarms"
            stored = [at for at, one in enumerate(noted) if any(into in one for into in rows)]
            assert len(stored) >= 80
            others = sum(one.startswith("COMMIT") for one in noted[stored[0] : stored[-1]])  # plugins that begin
            assert others < 20
            for name, data in corpus(8):
                await app.services.publish(_notice(name))
                await app.kernel.dispatcher.settled(PATIENCE)
                file = await app.services.files.put("local", name, data, trigger="notice")
                noted.clear()
                await app.services.publish(file)
                await app.kernel.dispatcher.settled(PATIENCE)
                _check(noted, *STORED[app.services.database.dialect])


async def test_all_that_a_told_round_takes(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with everything on: stored, drawn and posted; its map's card takes the place of the first round's."""
    _take_no_time(monkeypatch)
    with all_statements(monkeypatch) as noted:
        async with Stage(database=database_url) as stage:
            files = list(corpus(4))
            later = stage.clock.now().replace(tzinfo=None, microsecond=0) - _named(files[-1][0]).local_time
            for old, data in files:
                name = filename(_named(old).local_time + later, _named(old).map_name, _named(old).round_number)
                await stage.publish(_notice(name))
                await stage.settled()
                file = await stage.app.services.files.put("local", name, data, trigger="notice")
                noted.clear()
                await stage.publish(file)
                await stage.settled()
                _check(noted, *TOLD[stage.db.dialect])


def _take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a slow machine out of the count: no outcome waits too long, or comes late since a kept file is removed."""

    async def discard(files: KeptFiles[Any], file: Any) -> None:
        files._path(file.sha256).unlink(missing_ok=True)

    monkeypatch.setattr("core.journal.OUTCOME_SECONDS", 10 * PATIENCE)
    monkeypatch.setattr(KeptFiles, "discard", discard)


def _check(noted: list[str], most_statements: int, most_commits: int) -> None:
    """Hold one round's statements to the bounds: no connection is reset, and nothing is inserted row by row."""
    assert 20 < len(noted) <= most_statements, "\n".join(noted)
    assert commits(noted) <= most_commits, "\n".join(noted)
    assert not any("pg_advisory_unlock_all" in one for one in noted)
    inserted = groupby(one.partition(" VALUES ")[0] for one in noted if "INSERT INTO" in one)
    assert max(len([*some]) for _, some in inserted) <= MOST_PARTS, "\n".join(noted)


def _notice(name: str) -> RoundNotice:
    file = _named(name)
    end = file.local_time.replace(tzinfo=UTC).timestamp() - 4
    return RoundNotice(
        server="local", map_name=file.map_name, round_number=file.round_number, round_end_unix=end, sender="roundhook 9"
    )


def _named(name: str) -> StatsFilename:
    found = parse_stats_filename(name)
    assert found is not None
    return found
