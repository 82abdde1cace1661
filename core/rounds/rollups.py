"""What players' rounds add up to, by day and in all: kept beside each change of rounds, so that reading is fast.

Counted are people on a side, in rounds with status ``ok`` and without a bot on a side. A day is worked out anew from
its rounds, a total from its days: nothing is added up twice, whatever the order of changes. What was read of the sums
can be kept and brought up to date: each total that is worked out anew has the highest ``version`` of its server, and
where something has gone the server's sums have another version (``sums_versions``) as a whole.
"""

import itertools
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from core.db.database import Database, Transaction, Write, marks
from core.db.tables import columns_of
from core.rounds.tables import PlayerDay, Sums

T = TypeVar("T")

PEOPLE = "r.status = 'ok' AND p.side IN (1, 2) AND p.guid NOT LIKE 'BOT%' AND p.guid NOT LIKE 'NOID%'"
"""Which rows of ``player_rounds p`` (with ``rounds r``) are somebody's who played a whole round."""
WITHOUT_BOTS = (
    "NOT EXISTS (SELECT 1 FROM player_rounds b WHERE b.round_id = p.round_id "
    "AND b.guid >= 'BOT' AND b.guid < 'BOU' AND b.side IN (1, 2))"
)
"""Which rows ``p`` of a round are of one without a bot on a side."""
RANKED = f"{PEOPLE} AND {WITHOUT_BOTS}"
"""Which rows of ``player_rounds p`` (with ``rounds r``) count for sums and rankings."""
SUMMED = tuple(name for name in columns_of(PlayerDay) if hasattr(Sums, name))
"""The columns of ``player_rounds`` that days and totals add up."""
_SUMS = ", ".join(f"sum(p.{name})" for name in SUMMED)
_SET = ", ".join(f"{name} = excluded.{name}" for name in ("rounds", *SUMMED))
_INTO_DAYS = f"INSERT INTO player_days (server, day, guid, rounds, {', '.join(SUMMED)})"
_INTO_TOTALS = f"INSERT INTO player_totals (server, guid, version, rounds, {', '.join(SUMMED)})"
_ROUNDS = """
    (SELECT id, server, status, CASE {days} END AS day FROM rounds WHERE server = ? AND ({spans})) AS r"""
"""The rounds of some days, each with its day."""
_COUNT_DAYS = f"""{_INTO_DAYS}
    SELECT r.server, r.day, p.guid, count(*), {_SUMS} FROM {_ROUNDS} JOIN player_rounds p ON p.round_id = r.id
    WHERE {RANKED} GROUP BY r.server, r.day, p.guid
    ON CONFLICT (day, server, guid) DO UPDATE SET {_SET}"""
_COUNT_TOTALS = f"""{_INTO_TOTALS}
    SELECT p.server, p.guid, (SELECT coalesce(max(v.version), 0) + 1 FROM player_totals v WHERE v.server = ?),
        sum(p.rounds), {_SUMS} FROM player_days p
    WHERE p.server = ? AND p.guid IN ({{guids}}) GROUP BY p.server, p.guid
    ON CONFLICT (guid, server) DO UPDATE SET {_SET}, version = excluded.version"""
_COUNT_WEAPONS = f"""INSERT INTO weapon_days (guid, day, server, weapon, kills, hits, shots)
    SELECT p.guid, r.day, r.server, w.weapon, sum(w.kills), sum(w.hits), sum(w.shots) FROM {_ROUNDS}
    JOIN player_rounds p ON p.round_id = r.id JOIN weapon_rounds w ON w.round_id = p.round_id AND w.guid = p.guid
    WHERE {RANKED} GROUP BY p.guid, r.day, r.server, w.weapon
    ON CONFLICT (guid, day, server, weapon)
    DO UPDATE SET kills = excluded.kills, hits = excluded.hits, shots = excluded.shots"""
_NEXT_VERSION = """
    INSERT INTO sums_versions (server, version) VALUES (?, 1)
    ON CONFLICT (server) DO UPDATE SET version = sums_versions.version + 1"""
_ALL_VERSIONS = (
    "UPDATE sums_versions SET version = version + 1",
    "INSERT INTO sums_versions (server, version) SELECT DISTINCT server, 1 FROM player_totals "
    "WHERE server NOT IN (SELECT server FROM sums_versions)",
)
_OF_DAYS = "FROM player_days WHERE server = ? AND day IN ({days})"
_DAY_OF = {
    "sqlite": "substr(r.played_at, 1, 10)",
    "postgres": "to_char(r.played_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}
_ALL_DAYS = f"""{_INTO_DAYS}
    SELECT r.server, {{day}}, p.guid, count(*), {_SUMS} FROM rounds r JOIN player_rounds p ON p.round_id = r.id
    WHERE {RANKED} GROUP BY r.server, {{day}}, p.guid"""
_ALL_TOTALS = f"""{_INTO_TOTALS}
    SELECT p.server, p.guid, 1, sum(p.rounds), {_SUMS} FROM player_days p GROUP BY p.server, p.guid"""
_DAYS, _GUIDS = 10, 500
"""How many of them one statement has at most: to sort the rows of many days at once would take much memory."""


def day_of(moment: datetime) -> str:
    """Return the UTC day of *moment*, as ``player_days`` has it.

    >>> day_of(datetime(2025, 10, 19, 23, 30, tzinfo=UTC))
    '2025-10-19'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


async def keep_rollups(
    transaction: Transaction, server: str, *, added: Collection[str], changed: Collection[str]
) -> None:
    """Bring days of *server*, and the totals of who played then, in line with the rounds in the same transaction.

    Args:
        transaction: the one that has written the rounds.
        server: whose rounds they are.
        added: days on which rounds have only come.
        changed: days on which rounds have gone, or count otherwise than before.
    """
    for days in _chunks(sorted(set(changed)), _DAYS):
        await _count_anew(transaction, server, days)
    for days in _chunks(sorted(set(added) - set(changed)), _DAYS):
        await _add_days(transaction, server, days)
    if changed:
        await transaction.execute(_NEXT_VERSION, (server,))


async def rebuild_rollups(database: Database) -> tuple[int, int]:
    """Work all sums out anew; return how many days and totals there are."""
    async with database.transaction(alone=True) as transaction:
        day = _DAY_OF[database.dialect]
        for table in ("player_totals", "player_days", "weapon_days"):
            await transaction.execute(f"DELETE FROM {table}")
        for sql in (_ALL_DAYS.format(day=day), _ALL_TOTALS, *_ALL_VERSIONS):
            await transaction.execute(sql)
        rows = await transaction.fetch("SELECT DISTINCT server, day FROM player_days ORDER BY server, day")
        for server, days in itertools.groupby(rows, lambda row: row["server"]):
            for some in _chunks([row["day"] for row in days], _DAYS):
                await transaction.execute(*_of_days(_COUNT_WEAPONS, server, some))
        counts = "SELECT (SELECT count(*) FROM player_days) AS days, (SELECT count(*) FROM player_totals) AS totals"
        (row,) = await transaction.fetch(counts)
    return row["days"], row["totals"]


async def _count_anew(transaction: Transaction, server: str, days: Sequence[str]) -> None:
    """Count these days, and forget whom they do not have any more."""
    of_days = _OF_DAYS.format(days=marks(len(days)))
    rows = await transaction.fetch(f"SELECT DISTINCT guid {of_days}", (server, *days))
    guids = _chunks([row["guid"] for row in rows], _GUIDS)
    for some in guids:
        sql = (
            f"DELETE FROM weapon_days WHERE guid IN ({marks(len(some))}) AND day IN ({marks(len(days))}) AND server = ?"
        )
        await transaction.execute(sql, (*some, *days, server))
    await transaction.execute(f"DELETE {of_days}", (server, *days))
    await _add_days(transaction, server, days)
    for some in guids:
        these = marks(len(some))
        await transaction.execute(f"DELETE FROM player_totals WHERE server = ? AND guid IN ({these})", (server, *some))
        await transaction.execute(_COUNT_TOTALS.format(guids=these), (server, server, *some))


async def _add_days(transaction: Transaction, server: str, days: Sequence[str]) -> None:
    """Count these days, and the totals of everybody who played then."""
    await transaction.together([_of_days(sql, server, days) for sql in (_COUNT_DAYS, _COUNT_WEAPONS)])
    guids = f"SELECT guid {_OF_DAYS.format(days=marks(len(days)))}"
    await transaction.execute(_COUNT_TOTALS.format(guids=guids), (server, server, server, *days))


def _of_days(sql: str, server: str, days: Sequence[str]) -> Write:
    """Return a statement about the rounds of a server's *days*, which are in order."""
    starts = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in days]
    spans = [(start, start + timedelta(days=1)) for start in starts]
    named = [value for (_, end), day in zip(spans, days, strict=True) for value in (end, day)]
    whens = " ".join(["WHEN played_at < ? THEN CAST(? AS TEXT)"] * len(days))
    some = " OR ".join(["(played_at >= ? AND played_at < ?)"] * len(days))
    return sql.format(days=whens, spans=some), (*named, server, *itertools.chain(*spans))


def _chunks(values: Sequence[T], size: int) -> list[Sequence[T]]:
    return [values[start : start + size] for start in range(0, len(values), size)]
