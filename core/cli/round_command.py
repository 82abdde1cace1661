"""``roundhook round ID``: one round and its players."""

import argparse
from typing import Any

from core.cli import add_common, add_json
from core.cli.setup import minutes, print_json, print_table, reading
from core.errors import ConfigError

SIDES = {1: "Axis", 2: "Allies"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("id", type=int, metavar="ID", help="the number that `roundhook rounds` shows")
    add_json(parser)
    add_common(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Print the round."""
    async with reading(arguments) as database:
        rounds = await database.fetch("SELECT * FROM rounds WHERE id = ?", (arguments.id,))
        if not rounds:
            raise ConfigError(f"There is no round {arguments.id}. `roundhook rounds` lists those that are stored.")
        players, weapons, awards = [
            await database.fetch(f"SELECT * FROM {table} WHERE round_id = ? ORDER BY {order}", (arguments.id,))
            for table, order in (
                ("player_rounds", "side, damage_given DESC, guid"),
                ("weapon_rounds", "guid, weapon"),
                ("awards", "award"),
            )
        ]
    document = {**rounds[0], "players": players, "weapons": weapons, "awards": awards}
    if arguments.json:
        print_json(document)
    else:
        _print(document)
    return 0


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
