"""What players' numbers are read from: the sums say what the rounds say, in every scope."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from core.db import Database
from core.rounds import rollups
from core.rounds.rollups import RANKED, SUMMED, WITHOUT_BOTS
from plugins.stats_commands.queries import CATEGORIES, Stats
from plugins.stats_commands.samples import Sample

NOW = datetime(2026, 3, 10, 21, 30, tzinfo=UTC)
GUIDS = [f"AAAAAAA{number}" for number in range(6)] + ["BOT12345"]
SCOPES: list[tuple[str | None, datetime | None, tuple[str, ...]]] = [
    (None, None, ()), ("one", None, ()), (None, NOW - timedelta(days=2), ()), (None, None, ("one",)),
    ("two", NOW - timedelta(days=1), ("three",)), ("one", None, ("one",)),
]  # fmt: skip


@pytest.fixture
async def played(database: Database) -> Database:
    """Some days of rounds on three servers, of every status, players of both sides, spectators and a bot."""
    random = Random(4)  # noqa: S311 - invented rounds, no secret
    async with database.transaction() as transaction:
        for guid in GUIDS:
            await transaction.execute(
                "INSERT INTO players (guid, name, is_bot, last_seen) VALUES (?, ?, ?, ?)",
                (guid, f"name of {guid}", guid.startswith("BOT"), NOW),
            )
        for number in range(1, 60):
            status = random.choice(("ok", "ok", "ok", "ok", "aborted", "unpaired"))
            at = NOW - timedelta(hours=random.randint(0, 120))
            await transaction.execute(
                "INSERT INTO rounds (id, server, filename, file_sha256, map_name, round_number, played_at, status) "
                "VALUES (?, ?, ?, 'x', 'supply', 1, ?, ?)",
                (number, random.choice(("one", "two", "three")), f"{number}", at, status),
            )
            for guid in random.sample(GUIDS, 4):
                values = [random.choice((None, 0, random.randint(1, 300))) for _ in SUMMED]
                await transaction.execute(
                    f"INSERT INTO player_rounds (round_id, guid, name, raw_name, side, {', '.join(SUMMED)}) "
                    f"VALUES (?, ?, 'a', 'a', ?, {', '.join('?' * len(SUMMED))})",
                    (number, guid, random.choice((1, 2, 2, 3)), *values),
                )
                await transaction.execute(
                    "INSERT INTO weapon_rounds (round_id, guid, weapon, hits, shots, kills, deaths, headshots) "
                    "VALUES (?, ?, ?, 5, 9, ?, 1, 1)",
                    (number, guid, random.choice(("mp40", "luger")), random.randint(1, 5)),
                )
    await rollups.rebuild_rollups(database)
    return database


@pytest.mark.parametrize("scope", range(len(SCOPES)))
async def test_a_players_sums(played: Database, scope: int) -> None:
    """Each player's sums are those of the rounds in scope, unknown where no round could say."""
    for guid in GUIDS:
        totals = await Stats(played).player_totals(guid, *SCOPES[scope])
        wanted = (await _by_hand(played, *SCOPES[scope])).get(guid)

        assert (totals and {"rounds": totals.rounds, **totals.sums}) == wanted


@pytest.mark.parametrize("scope", range(len(SCOPES)))
@pytest.mark.parametrize("category", CATEGORIES)
async def test_rankings(played: Database, category: str, scope: int) -> None:
    """A ranking holds whom it should, best first, each with the sums that the value is made of."""
    wanted = await _by_hand(played, *SCOPES[scope])

    ranking = await Stats(played).top(category, *SCOPES[scope], sample=Sample(rounds=2))

    values = [value for _, value in ranking]
    assert values == sorted(values, reverse=True)
    for totals, _ in ranking:
        assert {"rounds": totals.rounds, **totals.sums} == wanted[totals.guid]
    missing = {guid for guid, row in wanted.items() if row["rounds"] >= 2} - {totals.guid for totals, _ in ranking}
    if category in ("rounds", "kills"):
        assert all(wanted[guid][category] is None for guid in missing)


@pytest.mark.parametrize("scope", range(len(SCOPES)))
async def test_weapons(played: Database, scope: int) -> None:
    """Weapons are counted over the same rounds, those that do not count left out."""
    where, args = _scope(*SCOPES[scope])
    for guid in GUIDS:
        rows = await played.fetch(
            "SELECT p.weapon, sum(p.kills) AS kills FROM weapon_rounds p JOIN rounds r ON r.id = p.round_id "
            f"WHERE p.guid = ? AND r.status = 'ok' AND {WITHOUT_BOTS} AND {where} GROUP BY p.weapon",
            (guid, *args),
        )

        found = await Stats(played).weapons(guid, *SCOPES[scope])

        assert {row["weapon"]: row["kills"] for row in found} == {row["weapon"]: row["kills"] for row in rows}


async def _by_hand(
    database: Database, server: str | None, since: datetime | None, hidden: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """Return the sums of all players, straight from the rounds."""
    where, args = _scope(server, since, hidden)
    sums = ", ".join(f"sum(p.{name}) AS {name}" for name in SUMMED)
    rows = await database.fetch(
        f"SELECT p.guid, count(*) AS rounds, {sums} FROM player_rounds p JOIN rounds r ON r.id = p.round_id "
        f"WHERE {RANKED} AND {where} GROUP BY p.guid",
        args,
    )
    return {row.pop("guid"): row for row in rows}


def _scope(server: str | None, since: datetime | None, hidden: tuple[str, ...]) -> tuple[str, list[Any]]:
    where, args = ["1 = 1"], list[Any](hidden)
    where += ["r.server <> ?"] * len(hidden)
    if server:
        where.append("r.server = ?")
        args.append(server)
    if since:
        where.append("r.played_at >= ?")
        args.append(since.replace(hour=0, minute=0))
    return " AND ".join(where), args
