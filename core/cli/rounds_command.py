"""``roundhook rounds``: what is stored, the latest first."""

import argparse

from core.cli import add_common, add_json
from core.cli.setup import minutes, print_json, print_table, reading


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="how many (default 20)")
    add_json(parser)
    add_common(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Print the rounds."""
    async with reading(arguments) as database:
        rows = await database.fetch(
            "SELECT r.*, (SELECT count(*) FROM player_rounds p WHERE p.round_id = r.id) AS players FROM rounds r "
            "ORDER BY r.played_at DESC, r.filename DESC LIMIT ?",
            (max(arguments.limit, 0),),
        )
    if arguments.json:
        print_json(rows)
        return 0
    table = [
        (row["id"], row["played_at"], row["server"], row["map_name"], f"R{row['round_number']}",
         minutes(row["actual_duration_seconds"]), minutes(row["time_shown_seconds"]), row["duration_source"],
         row["end_reason"], row["status"], row["players"])
        for row in rows
    ]  # fmt: skip
    headings = ("id", "played (UTC)", "server", "map", "", "real", "file", "from", "end", "status", "players")
    print_table(headings, table)
    return 0
