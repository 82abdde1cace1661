"""``roundhook events``: the journal, and trying again what failed."""

import argparse
import asyncio

from core.cli import add_common, add_json
from core.cli.setup import config_of, print_json, print_table, reading
from core.clock import Clock
from core.db import open_database
from core.journal import Journal
from core.owners import Owners

SHOWN = 50


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "action", nargs="?", choices=("list", "replay"), default="list", help="list (default) or replay"
    )
    parser.add_argument("ids", nargs="*", type=int, metavar="ID", help="events to try again")
    parser.add_argument("--failed", action="store_true", help="only deliveries that failed for good")
    add_json(parser)
    add_common(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """List or replay."""
    return await (_replay(arguments) if arguments.action == "replay" else _list(arguments))


async def _list(arguments: argparse.Namespace) -> int:
    where = "WHERE d.state = 'failed'" if arguments.failed else ""
    async with reading(arguments) as database:
        rows = await database.fetch(
            "SELECT e.id, e.type, e.key, e.published_at, d.plugin, d.state, d.attempts, d.error FROM events e "
            f"LEFT JOIN deliveries d ON d.event_id = e.id {where} ORDER BY e.id DESC, d.plugin LIMIT {SHOWN}"
        )
    if arguments.json:
        print_json(rows)
        return 0
    table = [
        (row["id"], row["published_at"], row["key"], row["plugin"], row["state"], row["attempts"], row["error"])
        for row in rows
    ]
    print_table(("id", "published (UTC)", "event", "plugin", "state", "tries", "error"), table)
    return 0


async def _replay(arguments: argparse.Namespace) -> int:
    """Make failed deliveries pending; the running bot takes them over within half a minute, else the next start."""
    config = config_of(arguments)
    await asyncio.to_thread(config.storage_dir.mkdir, parents=True, exist_ok=True)
    owners = Owners(config.storage_dir / "processes")
    async with open_database(config.database.url) as database:
        count = await Journal(database, owners, Clock()).replay(arguments.ids)
    print(f"{count} deliveries will be tried again: by the running bot within half a minute, else at its next start.")
    return 0 if count else 1
