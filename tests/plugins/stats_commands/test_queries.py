"""What players' numbers are read from: the sums say what the rounds say, in every scope."""

import statistics
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from core.db import Database
from core.rounds import rollups
from core.rounds.rollups import RANKED, SUMMED
from plugins.stats_commands.queries import Stats
from plugins.stats_commands.rankings import CATEGORIES, Rankings, Scope
from plugins.stats_commands.samples import NO_SAMPLE, Sample

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
async def test_rankings(played: Database, scope: int) -> None:
    """Each ranking holds whom it should, best first, with what the value is made of, as it is told one by one."""
    wanted, rankings = await _by_hand(played, *SCOPES[scope]), Rankings(played)
    sample = Sample(rounds=2)

    best = await rankings.best(Scope(*SCOPES[scope]), dict.fromkeys(CATEGORIES, sample))

    for category, places in best.items():
        values = await rankings.values(category, Scope(*SCOPES[scope]), sample)
        assert list(values) == pytest.approx([place.value for place in reversed(places)])
        for place in places:
            row = wanted[place.guid]
            assert place[2:] == (row["rounds"], row["time_played_seconds"], row["shots"])
            assert await rankings.own(place.guid, category, Scope(*SCOPES[scope])) == place
        missing = {guid for guid, row in wanted.items() if row["rounds"] >= 2} - {place.guid for place in places}
        if category in ("rounds", "kills"):
            assert all(wanted[guid][category] is None for guid in missing)


@pytest.mark.parametrize("scope", range(len(SCOPES)))
async def test_samples(played: Database, scope: int) -> None:
    """What is needed comes from the medians of all who have played for some time."""
    rows = [row for row in (await _by_hand(played, *SCOPES[scope])).values() if row["time_played_seconds"]]
    shots = [float(row["shots"] or 0) / row["rounds"] for row in rows]
    middle = {
        "rounds": max([row["rounds"] for row in rows], default=None),
        "longest": max([row["time_played_seconds"] for row in rows], default=None),
        "seconds": statistics.median([int(row["time_played_seconds"]) for row in rows]) if rows else None,
        "shots": statistics.median(shots) if rows else None,
    }

    found = await Rankings(played).samples(Scope(*SCOPES[scope]))

    assert found["dpm"].needed == pytest.approx(Sample.of(middle).needed)
    assert found["accuracy"].needed == pytest.approx(Sample.of(middle, shots=True).needed)
    assert found["kills"] == NO_SAMPLE


@pytest.mark.parametrize("scope", range(len(SCOPES)))
async def test_weapons(played: Database, scope: int) -> None:
    """Weapons are counted over the same rounds, those that do not count left out."""
    where, args = _scope(*SCOPES[scope])
    for guid in GUIDS:
        rows = await played.fetch(
            "SELECT w.weapon, sum(w.kills) AS kills FROM player_rounds p JOIN rounds r ON r.id = p.round_id "
            "JOIN weapon_rounds w ON w.round_id = p.round_id AND w.guid = p.guid "
            f"WHERE p.guid = ? AND {RANKED} AND {where} GROUP BY w.weapon",
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
