"""``roundhook events``: the journal, and trying again what failed."""

import argparse
import asyncio

from core.cli import add_common, add_json
from core.cli.setup import answer, config_of, table
from core.clock import Clock
from core.db.database import MAX_ID
from core.db.foreign import refuse_foreign
from core.db.on_demand import DatabaseOnDemand
from core.db.owners import Owners
from core.errors import ConfigError
from core.hookspecs import CONTRACTS
from core.journal import Journal

SHOWN = 50
_COLUMNS = {
    "id": "id", "published_at": "published (UTC)", "key": "event", "plugin": "plugin", "state": "state",
    "attempts": "tries", "error": "error",
}  # fmt: skip
"""The columns of the table and their headings."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(metavar="replay")
    replay = actions.add_parser("replay", help="try failed events again", description="Try failed events again.")
    replay.add_argument("ids", nargs="+", type=int, metavar="ID", help="the number that `events --failed` shows")
    for one in (parser, replay):
        add_json(one, again=one is replay)
        add_common(one, again=one is replay)
    replay.set_defaults(run=_replay)
    parser.add_argument("--failed", action="store_true", help="only deliveries that failed for good")
    parser.add_argument("--limit", type=int, default=SHOWN, metavar="N", help=f"how many (default {SHOWN})")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> None:
    """List."""
    where = "WHERE d.state <> 'done' AND d.state = 'failed'" if arguments.failed else ""
    async with DatabaseOnDemand(config_of(arguments).database.url) as database:
        rows = await database.fetch(
            "SELECT e.id, e.type, e.key, e.published_at, d.plugin, d.state, d.attempts, d.error FROM events e "
            f"LEFT JOIN deliveries d ON d.event_id = e.id {where} ORDER BY e.id DESC, d.plugin LIMIT ?",
            (max(arguments.limit, 0),),
        )
    answer(arguments, rows, table(tuple(_COLUMNS.values()), [[row[column] for column in _COLUMNS] for row in rows]))


async def _replay(arguments: argparse.Namespace) -> None:
    """Make failed deliveries pending; the running bot takes them over within half a minute, else the next start."""
    ids = [one for one in arguments.ids if 0 < one <= MAX_ID]
    config = config_of(arguments)
    async with DatabaseOnDemand(config.database.url) as database:
        await database.check()
        refuse_foreign(config.storage_dir)
        owners = await asyncio.to_thread(Owners, config.storage_dir / "processes")
        count = await Journal(database, owners, Clock(), CONTRACTS).replay(ids)
    if not count:
        shown = ", ".join(map(str, arguments.ids))
        raise ConfigError(f"Nothing of event {shown} has failed. `roundhook events --failed` lists what has.")
    what = "1 delivery" if count == 1 else f"{count} deliveries"
    when = "by the running bot within half a minute, else at its next start"
    answer(arguments, {"deliveries": count}, f"{what} will be tried again: {when}.")
