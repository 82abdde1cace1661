"""Rounds with a bot on a side do not count for people: the sums of who was in one are worked out anew."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import either

ID = "core_2026_11_27t15_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "player_days, player_totals without rounds of bots"

_SUMMED = (
    "kills", "deaths", "headshots", "hits", "shots", "damage_given", "damage_received", "gibs", "self_kills",
    "team_kills", "xp", "revives_given", "times_revived", "kill_assists", "time_played_seconds", "time_dead_seconds",
)  # fmt: skip
_SUMS = ", ".join(f"sum(p.{name})" for name in _SUMMED)


_WITH_BOTS = "SELECT b.round_id FROM player_rounds b WHERE b.guid >= 'BOT' AND b.guid < 'BOU' AND b.side IN (1, 2)"
_THESE = f"IN (SELECT q.guid FROM player_rounds q WHERE q.round_id IN ({_WITH_BOTS}))"


def _anew(day: str) -> tuple[str, ...]:
    return (
        f"DELETE FROM player_totals WHERE guid {_THESE}",
        f"DELETE FROM player_days WHERE guid {_THESE}",
        f"""INSERT INTO player_days (server, day, guid, rounds, {", ".join(_SUMMED)})
            SELECT r.server, {day}, p.guid, count(*), {_SUMS} FROM rounds r JOIN player_rounds p ON p.round_id = r.id
            WHERE r.status = 'ok' AND p.side IN (1, 2) AND p.guid NOT LIKE 'BOT%' AND p.guid NOT LIKE 'NOID%'
            AND p.guid {_THESE} AND r.id NOT IN ({_WITH_BOTS}) GROUP BY r.server, {day}, p.guid""",
        f"""INSERT INTO player_totals (server, guid, rounds, {", ".join(_SUMMED)})
            SELECT p.server, p.guid, sum(p.rounds), {_SUMS} FROM player_days p WHERE p.guid {_THESE}
            GROUP BY p.server, p.guid""",
    )


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(
        either(
            sqlite=_anew("substr(r.played_at, 1, 10)"),
            postgres=_anew("to_char(r.played_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"),
        )
    )
    return manager
