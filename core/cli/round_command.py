"""``roundhook round ID``: one round and its players."""

import argparse
import json
from typing import Any

from core.cli import add_common, add_json
from core.cli.setup import MAX_ID, minutes, print_json, print_table, reading
from core.db import Database
from core.db.database import Row
from core.errors import ConfigError

SIDES = {1: "Axis", 2: "Allies"}
_PARTS = {
    "players": "SELECT * FROM player_rounds WHERE round_id = ? ORDER BY side, damage_given DESC, guid",
    "weapons": "SELECT * FROM weapon_rounds WHERE round_id = ? ORDER BY guid, weapon",
    "awards": "SELECT * FROM awards WHERE round_id = ? ORDER BY award, guid",
    "duels": "SELECT * FROM duels WHERE round_id = ? ORDER BY killer_guid, victim_guid",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("id", type=int, metavar="ID", help="the number that `roundhook rounds` shows")
    add_json(parser)
    add_common(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Print the round."""
    async with reading(arguments) as database:
        found = await _one(database, "SELECT * FROM rounds WHERE id = ?", arguments.id)
        if found is None:
            raise ConfigError(f"There is no round {arguments.id}. `roundhook rounds` lists those that are stored.")
        match = await _one(database, "SELECT * FROM matches WHERE id = ?", found["match_id"])
        notice = await _one(database, "SELECT notice FROM round_notices WHERE round_id = ?", arguments.id)
        parts = {name: await database.fetch(sql, (arguments.id,)) for name, sql in _PARTS.items()}
    document = {**found, "match": match, "notice": json.loads(notice["notice"]) if notice else None, **parts}
    if arguments.json:
        print_json(document)
    else:
        _print(document)
    return 0


async def _one(database: Database, sql: str, number: int | None) -> Row | None:
    rows = await database.fetch(sql, (number,)) if number is not None and 0 < number <= MAX_ID else []
    return rows[0] if rows else None


def _print(row: dict[str, Any]) -> None:
    print(f"{row['map_name']} round {row['round_number']} on {row['server']}, {row['played_at']:%Y-%m-%d %H:%M:%S} UTC")
    print(
        f"{SIDES.get(row['winner_side'], 'nobody')} won, {SIDES.get(row['defender_side'], 'nobody')} defended; "
        f"{row['end_reason'] or 'end reason unknown'}; {row['status']}"
    )
    print(
        f"played {minutes(row['actual_duration_seconds'])} (by the {row['duration_source']}); the file says "
        f"{minutes(row['time_shown_seconds'])} of {minutes(row['time_limit_seconds'])}"
    )
    print()
    headings = ("side", "player", "kills", "deaths", "damage", "received", "hs", "rev", "gibs", "played")
    table = [
        (SIDES.get(one["side"], "–"), one["name"], one["kills"], one["deaths"], one["damage_given"],
         one["damage_received"], one["headshots"], one["revives_given"], one["gibs"],
         minutes(one["time_played_seconds"]))
        for one in row["players"]
    ]  # fmt: skip
    print_table(headings, table)
    for award in row["awards"]:
        print(f"{award['award']}: {award['guid']} {award['value']}")
