"""The commands in the terminal: import, rounds, round, audit and db rebuild."""

import argparse
from pathlib import Path

from roundhook import ConfigError
from roundhook.cli import Terminal, add_json
from roundhook.rounds import rebuild_rollups, rebuild_sightings

# Each command imports what it is made of: for `import` the plugin runs besides, and is imported as a whole for that.


def add_import(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``roundhook import``."""
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="stats files and folders of them")
    parser.add_argument(
        "--reread", action="store_true", help="read what is stored again, under the parser and the time zone of now"
    )
    parser.add_argument(
        "--server", metavar="K", help="the game server's key (default: the only configured one, else local)"
    )
    parser.add_argument("--timezone", metavar="Z", help="the zone of the times in the file names")
    add_json(parser)


async def import_(terminal: Terminal, arguments: argparse.Namespace) -> int:
    """Backfill, or read what is stored again; 1 if a file was refused."""
    if arguments.reread:
        return await _reread(terminal, arguments)
    if not arguments.paths:
        raise ConfigError("Nothing to import. Name stats files or folders of them, or use --reread for what is stored.")
    from .importing import import_paths

    server = terminal.use_server(arguments.server, arguments.timezone)
    summary = await import_paths(terminal, server, arguments.paths, quiet=arguments.json)
    if arguments.json:
        terminal.print_json(summary.document)
    else:
        terminal.print(summary.text)
    return 1 if summary.rejected else 0


async def _reread(terminal: Terminal, arguments: argparse.Namespace) -> int:
    if arguments.paths:
        raise ConfigError("--reread reads what is stored. Leave the paths out, or leave out --reread.")
    from .rereading import reread

    if arguments.server or arguments.timezone or not terminal.servers:
        servers = [terminal.use_server(arguments.server, arguments.timezone)]
    else:
        servers = list(terminal.servers.values())
    found = await reread(terminal, servers, quiet=arguments.json)
    if arguments.json:
        terminal.print_json(found)
    else:
        for key, one in found.items():
            came = f"{one['moved']} rounds moved in time, {one['changed']} changed, {one['refused']} files refused"
            terminal.print(f"{key}: {one['files']} files read again: {came}.")
    return 1 if any(one["refused"] for one in found.values()) else 0


def add_rounds(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``roundhook rounds``."""
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="how many (default 20)")
    add_json(parser)


async def rounds(terminal: Terminal, arguments: argparse.Namespace) -> int:
    """List the stored rounds."""
    from . import stored

    rows = await stored.rounds(terminal.db, max(arguments.limit, 0))
    if arguments.json:
        terminal.print_json(rows)
    else:
        terminal.print_table(stored.HEADINGS, [stored.line_of(row) for row in rows])
    return 0


def add_round(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``roundhook round``."""
    parser.add_argument("id", type=int, metavar="ID", help="the number that `roundhook rounds` shows")
    add_json(parser)


async def round(terminal: Terminal, arguments: argparse.Namespace) -> int:
    """Show one round and its players."""
    from . import stored

    document = await stored.round_with_parts(terminal.db, arguments.id)
    if arguments.json:
        terminal.print_json(document)
    else:
        stored.print_round(terminal, document)
    return 0


def add_audit(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``roundhook audit``."""
    add_json(parser)


async def audit(terminal: Terminal, arguments: argparse.Namespace) -> int:
    """Say what does not add up."""
    from .audit import audit, print_audit

    document = await audit(terminal.db)
    if arguments.json:
        terminal.print_json(document)
    else:
        print_audit(terminal, document)
    return 0


def add_db_rebuild(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``roundhook db rebuild``."""
    add_json(parser)


async def db_rebuild(terminal: Terminal, arguments: argparse.Namespace) -> int:
    """Work the players' sums out anew, and by which names they are found, also while the bot runs."""
    days, totals = await rebuild_rollups(terminal.db)
    names = await rebuild_sightings(terminal.db)
    if arguments.json:
        terminal.print_json({"player_days": days, "player_totals": totals, "player_sightings": names})
    else:
        terminal.print(f"worked out anew: {days} days of players, {totals} totals, {names} names")
    return 0
