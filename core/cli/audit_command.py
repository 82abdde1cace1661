"""``roundhook audit``: impossible rows, refused files, notices without files."""

import argparse
from typing import Any

from core.cli import add_common, add_json
from core.cli.setup import print_json, reading

_IMPOSSIBLE = {
    "kills and deaths of the round differ": """
        SELECT r.id, r.filename, sum(p.kills) AS found, sum(p.deaths) AS wanted FROM rounds r
        JOIN player_rounds p ON p.round_id = r.id WHERE r.status = 'ok'
        GROUP BY r.id, r.filename HAVING sum(p.kills) <> sum(p.deaths)""",
    "damage given and received of the round differ": """
        SELECT r.id, r.filename, sum(p.damage_given) AS found, sum(p.damage_received) AS wanted FROM rounds r
        JOIN player_rounds p ON p.round_id = r.id WHERE r.status = 'ok'
        GROUP BY r.id, r.filename HAVING sum(p.damage_given) <> sum(p.damage_received)""",
    "a player played longer than the round": """
        SELECT r.id, r.filename, max(p.time_played_seconds) AS found, r.actual_duration_seconds AS wanted FROM rounds r
        JOIN player_rounds p ON p.round_id = r.id WHERE r.status = 'ok'
        GROUP BY r.id, r.filename, r.actual_duration_seconds
        HAVING max(p.time_played_seconds) > r.actual_duration_seconds + 10""",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_json(parser)
    add_common(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Print what does not add up."""
    async with reading(arguments) as database:
        document: dict[str, Any] = {
            "impossible": [
                {"what": what, **row}
                for what, sql in _IMPOSSIBLE.items()
                for row in await database.fetch(f"{sql} ORDER BY r.filename")
            ],
            "quarantined": await database.fetch(
                "SELECT server, filename, reason, fetched_at FROM stats_files WHERE state = 'quarantined' "
                "ORDER BY filename"
            ),
            "notices_without_file": await database.fetch(
                "SELECT server, map_name, round_number, round_end_unix, received_at FROM round_notices "
                "WHERE round_id IS NULL ORDER BY round_end_unix"
            ),
        }
    if arguments.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _print(document: dict[str, Any]) -> None:
    for row in document["impossible"]:
        print(f"round {row['id']} ({row['filename']}): {row['what']}: {row['found']} and {row['wanted']}")
    for row in document["quarantined"]:
        print(f"refused: {row['filename']} of {row['server']}: {row['reason']}")
    for row in document["notices_without_file"]:
        print(
            f"no file came: {row['map_name']} R{row['round_number']} of {row['server']}, received {row['received_at']}"
        )
    if not any(document.values()):
        print("Everything adds up.")
