"""What stats_import says in /status: each server's last round, how late it was stored, what waits there."""

from collections.abc import Sequence
from datetime import datetime

from roundhook import escape_markdown
from roundhook.db import Database, Row, utc

MOST_SERVERS = 20
_LAST = """
    SELECT r.id, r.map_name, r.round_number, r.played_at,
        (SELECT max(f.fetched_at) FROM stats_files f WHERE f.server = r.server AND f.filename = r.filename) AS stored_at
    FROM rounds r WHERE r.server = ? ORDER BY r.played_at DESC LIMIT 1"""
_OPEN = {
    "files refused": "SELECT count(*) AS n FROM stats_files WHERE server = ? AND state = 'quarantined'",
    "notices without a round": "SELECT count(*) AS n FROM round_notices WHERE server = ? AND round_id IS NULL",
}
"""What `roundhook audit` tells more about."""


async def lines_of(db: Database, servers: Sequence[str], *, admin: bool) -> list[str]:
    """Return a line for each of the *servers*, of at most ``MOST_SERVERS``; *admin*s read what was refused, too."""
    lines = []
    for server in sorted(servers)[:MOST_SERVERS]:
        rows = await db.fetch(_LAST, (server,))
        said = _last(rows[0]) if rows else "no round yet"
        for what, sql in _OPEN.items() if admin else ():
            if count := (await db.fetch(sql, (server,)))[0]["n"]:
                said += f"; {count} {what}"
        lines.append(f"**{escape_markdown(server)}**: {said}")
    if len(servers) > MOST_SERVERS:
        lines.append(f"… and {len(servers) - MOST_SERVERS} servers more")
    return lines


def _last(row: Row) -> str:
    played, stored = utc(row["played_at"]), utc(row["stored_at"])
    late = f", stored {_seconds(stored, played)} after its end" if played and stored else ""
    when = f"<t:{int(played.timestamp())}:R>" if played else ""
    return f"last {escape_markdown(row['map_name'])} R{row['round_number']} {when}{late}"


def _seconds(stored: datetime, played: datetime) -> str:
    seconds = max((stored - played).total_seconds(), 0.0)
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 24 * 3600 else "a day or more"
