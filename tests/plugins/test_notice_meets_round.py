"""Notices and rounds of an evening meet exactly once: in any order, late, repeated, over a restart of the bot.

The evening is played once by the devkit's game server through the real script; then its files and notices come to the
real plugins in the order that the test wishes.
"""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.app import Application, offline_application
from core.config import parse_config
from core.rounds.events import RoundNotice
from devkit.game import GameServer, PlayedRound
from tests.lua.harness import Webhook
from tests.patience import PATIENCE
from tests.plugins.notices import END_UNIX
from tests.plugins.stats_import.snapshot import wipe

EVENING: tuple[dict[str, Any], ...] = (
    {"map_name": "supply", "round_number": 1, "surrender_at": 512},
    {"map_name": "supply", "round_number": 2, "winner": 1, "time_limit": 720},
    {"map_name": "supply", "round_number": 1, "duration": 300, "pauses": [(60, 45.05)]},
    {"map_name": "radar", "round_number": 1, "duration": 120, "aborted_by": "map_change"},
    {"map_name": "adlernest", "round_number": 1, "duration": 100, "aborted_by": "restart"},
    {"map_name": "adlernest", "round_number": 1, "surrender_at": 95.5, "surrender_side": 1},
    {"map_name": "frostbite", "round_number": 1, "duration": 200, "send_notice": False},
)
"""A surrender, a hold, a rematch of the same map, an aborted round with a mislabelled file, one without a file, a
round soon after it on the same map, and one without a notice."""
GAPS = (0, 900, 1100, 700, 600, 140, 500)
"""Seconds from the end of the round before to the end of this one."""


@dataclass(frozen=True)
class Evening:
    """What arrives, and what really happened."""

    rounds: tuple[PlayedRound, ...]
    files: dict[str, bytes]
    notices: tuple[RoundNotice, ...]

    @property
    def arrivals(self) -> list[str | RoundNotice]:
        return [*self.files, *self.notices]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evening() -> AsyncIterator[Evening]:
    """The evening, played once."""
    webhook = Webhook()
    await webhook.start()
    with tempfile.TemporaryDirectory() as folder:
        async with GameServer("local", Path(folder) / "game", webhook.url) as game:
            rounds, end = [], float(END_UNIX)
            for wishes, gap in zip(EVENING, GAPS, strict=True):
                end += gap
                rounds.append(await game.play_round(ended_at=end, **wishes))
            files = {one.path.name: one.path.read_bytes() for one in rounds if one.path}
    await webhook.close()
    yield Evening(tuple(rounds), files, tuple(webhook.notices))


orders = st.permutations(range(6 + 6))
repeated = st.lists(st.integers(0, 11), max_size=6)
restarts = st.integers(0, 12)


@settings(max_examples=4, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(order=orders, again=repeated, restart=restarts)
async def test_any_order(evening: Evening, database_url: str, order: list[int], again: list[int], restart: int) -> None:
    """Each notice has its round and each round its notice, and the times are those that were played."""
    await _come_and_look(evening, database_url, order, again, restart)


@pytest.mark.full
@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(order=orders, again=repeated, restart=restarts)
async def test_any_order_often(
    evening: Evening, database_url: str, order: list[int], again: list[int], restart: int
) -> None:
    """The same for many orders."""
    await _come_and_look(evening, database_url, order, again, restart)


def test_the_evening_is_what_it_should_be(evening: Evening) -> None:
    """Six files and six notices, among them one without the other."""
    assert (len(evening.files), len(evening.notices)) == (6, 6)
    assert [one.end_reason for one in evening.rounds].count("aborted") == 2


async def _come_and_look(evening: Evening, database_url: str, order: list[int], again: list[int], restart: int) -> None:
    arrivals = [evening.arrivals[index] for index in order]
    arrivals += [evening.arrivals[index] for index in again]
    with tempfile.TemporaryDirectory() as folder:
        config = parse_config({"database": {"url": database_url}, "servers": {"local": {}}}, Path(folder))
        async with offline_application(config) as app:
            await wipe(app.services.database, "events", "lua_round_teams")  # of the example before
            await _come(app, evening, arrivals[:restart])
        async with offline_application(config) as app:
            await _come(app, evening, arrivals[restart:])
            rows = await app.services.database.fetch("SELECT * FROM rounds")
            met = await app.services.database.fetch(
                "SELECT n.map_name, n.round_number, n.round_end_unix, r.filename FROM round_notices n "
                "LEFT JOIN rounds r ON r.id = n.round_id"
            )
    _check(evening, rows, met)


async def _come(app: Application, evening: Evening, arrivals: list[str | RoundNotice]) -> None:
    """Let these arrive, as the plugins that fetch them hand them on, and wait until all is done."""
    for one in arrivals:
        if isinstance(one, RoundNotice):
            await app.services.publish(replace(one, received_at=app.services.clock.now()))
        else:
            await app.services.publish(await app.services.files.put("local", one, evening.files[one]))
    await app.kernel.dispatcher.settled(PATIENCE)


def _check(evening: Evening, rows: list[dict[str, Any]], met: list[dict[str, Any]]) -> None:
    by_name = {row["filename"]: row for row in rows}
    assert set(by_name) == set(evening.files)
    truth = {(one.map_name, one.round_number, round(one.ended_unix)): one for one in evening.rounds if one.notice_sent}
    found = {(one["map_name"], one["round_number"], one["round_end_unix"]): one["filename"] for one in met}
    assert len(met) == len(found) == len(evening.notices)
    for key, filename in found.items():
        played = _nearest(truth, key)
        assert filename == (played.filename or None), key
    matched = [name for name in found.values() if name]
    assert len(matched) == len(set(matched)) == 5
    for played in evening.rounds:
        if played.filename:
            _check_times(played, by_name[played.filename])


def _nearest(truth: dict[tuple[str, int, int], PlayedRound], key: tuple[str, int, int]) -> PlayedRound:
    """Return the round that a notice is about: the script's clock has whole seconds."""
    return min(
        (one for (name, number, _), one in truth.items() if (name, number) == key[:2]),
        key=lambda one: abs(one.ended_unix - key[2]),
    )


def _check_times(played: PlayedRound, row: dict[str, Any]) -> None:
    if played.end_reason == "aborted":
        assert (row["status"], row["end_reason"]) == ("aborted", "aborted")
        return
    assert row["status"] == "ok"
    if played.notice_sent:
        assert row["duration_source"] == "notice", row["duration_note"]
        assert row["actual_duration_seconds"] == pytest.approx(played.played_seconds, abs=1)
        assert row["end_reason"] == played.end_reason
        assert row["pause_count"] == len(played.pauses)
    else:
        assert (row["duration_source"], row["pause_count"]) == ("file", None)
