"""What is stored, for the terminal: the rounds, and one round with all its parts."""

import json
from collections.abc import Mapping
from typing import Any

from roundhook import ConfigError
from roundhook.cli import Terminal
from roundhook.db import MAX_ID, Database, Row

HEADINGS = ("id", "played (UTC)", "server", "map", "", "real", "file", "from", "end", "status", "players")
SIDES = {1: "Axis", 2: "Allies"}
_PARTS = {
    "players": "SELECT * FROM player_rounds WHERE round_id = ? ORDER BY side, damage_given DESC, guid",
    "weapons": "SELECT * FROM weapon_rounds WHERE round_id = ? ORDER BY guid, weapon",
    "awards": "SELECT * FROM awards WHERE round_id = ? ORDER BY award, guid",
    "duels": "SELECT * FROM duels WHERE round_id = ? ORDER BY killer_guid, victim_guid",
}
_PLAYERS = ("side", "player", "kills", "deaths", "damage", "received", "hs", "rev", "gibs", "played")


async def rounds(database: Database, limit: int) -> list[Row]:
    """Return the rounds, the latest first, each with the number of its players."""
    return await database.fetch(
        "SELECT r.*, (SELECT count(*) FROM player_rounds p WHERE p.round_id = r.id) AS players FROM rounds r "
        "ORDER BY r.played_at DESC, r.filename DESC LIMIT ?",
        (limit,),
    )


def line_of(row: Row) -> tuple[Any, ...]:
    """Return a round's cells below ``HEADINGS``."""
    return (
        row["id"], row["played_at"], row["server"], row["map_name"], f"R{row['round_number']}",
        minutes(row["actual_duration_seconds"]), minutes(row["time_shown_seconds"]), row["duration_source"],
        row["end_reason"], row["status"], row["players"],
    )  # fmt: skip


async def round_with_parts(database: Database, number: int) -> dict[str, Any]:
    """Return a round with its match, notice, players, weapons, awards and duels.

    Raises:
        ConfigError: there is no such round.
    """
    found = await _one(database, "SELECT * FROM rounds WHERE id = ?", number)
    if found is None:
        near = await _one(database, "SELECT id FROM rounds WHERE id < ? ORDER BY id DESC LIMIT 1", min(number, MAX_ID))
        hint = f"The last before it is {near['id']}. " if near else ""
        raise ConfigError(f"There is no round {number}. {hint}`roundhook rounds` lists those that are stored.")
    match = await _one(database, "SELECT * FROM matches WHERE id = ?", found["match_id"])
    notice = await _one(database, "SELECT notice FROM round_notices WHERE round_id = ?", number)
    parts = {name: await database.fetch(sql, (number,)) for name, sql in _PARTS.items()}
    return {**found, "match": match, "notice": json.loads(notice["notice"]) if notice else None, **parts}


def print_round(terminal: Terminal, row: Mapping[str, Any]) -> None:
    """Print what ``round_with_parts`` gave."""
    played = f"{row['played_at']:%Y-%m-%d %H:%M:%S} UTC"
    terminal.print(f"{row['map_name']} round {row['round_number']} on {row['server']}, {played}")
    terminal.print(
        f"{SIDES.get(row['winner_side'], 'nobody')} won, {SIDES.get(row['defender_side'], 'nobody')} defended; "
        f"{row['end_reason'] or 'end reason unknown'}; {row['status']}"
    )
    terminal.print(
        f"played {minutes(row['actual_duration_seconds'])} (by the {row['duration_source']}); the file says "
        f"{minutes(row['time_shown_seconds'])} of {minutes(row['time_limit_seconds'])}\n"
    )
    terminal.print_table(_PLAYERS, [_player(one) for one in row["players"]])
    for award in row["awards"]:
        terminal.print(f"{award['award']}: {award['guid']} {award['value']}")


def minutes(seconds: int | None) -> str:
    """Return seconds as ``8:32``."""
    return "–" if seconds is None else f"{seconds // 60}:{seconds % 60:02d}"


def _player(row: Row) -> tuple[Any, ...]:
    return (
        SIDES.get(row["side"], "–"), row["name"], row["kills"], row["deaths"], row["damage_given"],
        row["damage_received"], row["headshots"], row["revives_given"], row["gibs"],
        minutes(row["time_played_seconds"]),
    )  # fmt: skip


async def _one(database: Database, sql: str, number: int | None) -> Row | None:
    rows = await database.fetch(sql, (number,)) if number is not None and 0 < number <= MAX_ID else []
    return rows[0] if rows else None
