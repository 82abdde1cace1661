"""``roundhook status``: what /status says to the owner, from another process; for people and for monitors."""

import argparse
import json
from typing import Any

from core.cli import add_common, add_json
from core.cli.setup import answer, config_of
from core.clock import Clock
from core.db.on_demand import DatabaseOnDemand
from core.db.presence import running

WELL, NEEDS_A_PERSON, NOT_RUNNING = 0, 1, 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_json(parser)
    add_common(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Say how the bot is: 0 well, 1 something needs a person, 3 it does not run."""
    async with DatabaseOnDemand(config_of(arguments).database.url) as database:
        bot = await running(database, Clock())
    if bot is None:
        answer(arguments, {"running": False}, "The bot does not run. Start it with `roundhook run`.")
        return NOT_RUNNING
    document: dict[str, Any] = {"running": True, "host": bot["host"], "pid": bot["pid"], **json.loads(bot["status"])}
    if len(document) == 3:  # it has not said yet how it is
        answer(arguments, document, "The bot is starting.")
        return WELL
    answer(arguments, document, _shown(document))
    return WELL if document["well"] else NEEDS_A_PERSON


def _shown(document: dict[str, Any]) -> str:
    version, host, pid = document["version"], document["host"], document["pid"]
    lines = [f"roundhook {version} runs on {host} (process {pid}), up since {document['since']}"]
    lines += [] if document["connected"] else ["It is not connected to Discord."]
    lines += [f"{what}: {n}" for what, n in document["waiting"].items()]
    lines += document["lines"]
    lines += [f"plugin {one['name']} {one['state']}: {one['error']}" for one in document["plugins"] if one["error"]]
    lines += [
        f"! {one['plugin']}, since {one['since']}: {one['text']} {one['remedy']}".rstrip()
        for one in document["troubles"]
    ]
    return "\n".join(lines)
