"""``roundhook audit``: impossible rows, refused files, notices without files, and what was taken otherwise."""

import json
from typing import Any

from roundhook.cli import Terminal
from roundhook.db import Database, Row
from roundhook.rounds import RANKED, StatsFilename, parse_stats_filename

_ROUND = "r.id, r.server, r.filename"
_IN_ROUND = "FROM rounds r JOIN player_rounds p ON p.round_id = r.id WHERE r.status = 'ok'"
_BULLETS = "'luger', 'colt', 'mp40', 'thompson', 'sten', 'fg42', 'carbine', 'kar98', 'garand', 'k43', 'mp34'"
"""Weapons of which a shot hits once at most; splash hits several."""


def _differing(given: str, taken: str) -> str:
    """Return a query for rounds in which what all gave is not what all took, both being known of everybody."""
    return (
        f"SELECT {_ROUND}, sum(p.{given}) AS found, sum(p.{taken}) AS wanted {_IN_ROUND} "
        f"GROUP BY {_ROUND} HAVING sum(p.{given}) <> sum(p.{taken}) "
        f"AND count(p.{given}) = count(*) AND count(p.{taken}) = count(*)"
    )


# Tolerances: reference/stats-file-format.md. Sums agree exactly in 287 of 290 files, the others are rounds in which a
# player reconnected. Players' clocks have steps of 6 s and are up to 6 s off; the engine ends a round a moment late.
_IMPOSSIBLE = {
    "kills and deaths of the round differ": _differing("kills", "deaths"),
    "damage given and received of the round differ": _differing("damage_given", "damage_received"),
    "team damage given and received of the round differ": _differing("team_damage_given", "team_damage_received"),
    "revives given and received of the round differ": _differing("revives_given", "times_revived"),
    "a player played longer than the round, by more than 10 s": f"""
        SELECT {_ROUND}, p.guid, p.time_played_seconds AS found, r.actual_duration_seconds AS wanted {_IN_ROUND}
        AND p.time_played_seconds > r.actual_duration_seconds + 10""",
    "a player was dead longer than played": f"""
        SELECT {_ROUND}, p.guid, p.time_dead_seconds AS found, p.time_played_seconds AS wanted {_IN_ROUND}
        AND p.time_dead_seconds > p.time_played_seconds""",
    "the round is longer than its limit, by more than 5 s": f"""
        SELECT {_ROUND}, r.actual_duration_seconds AS found, r.time_limit_seconds AS wanted FROM rounds r
        WHERE r.status = 'ok' AND r.time_limit_seconds > 0
        AND r.actual_duration_seconds > r.time_limit_seconds + 5""",
    "more head hits than hits": f"""
        SELECT {_ROUND}, p.guid, p.headshots AS found, p.hits AS wanted {_IN_ROUND} AND p.headshots > p.hits""",
    "more hits than shots with a weapon that hits once a shot": f"""
        SELECT {_ROUND}, w.guid, w.weapon, w.hits AS found, w.shots AS wanted
        FROM rounds r JOIN weapon_rounds w ON w.round_id = r.id
        WHERE r.status = 'ok' AND w.weapon IN ({_BULLETS}) AND w.hits > w.shots""",
    "a player's weapons do not add up to the kills": f"""
        SELECT {_ROUND}, p.guid, p.kills AS found, sum(w.kills) AS wanted FROM rounds r
        JOIN player_rounds p ON p.round_id = r.id JOIN weapon_rounds w ON w.round_id = p.round_id AND w.guid = p.guid
        WHERE r.status = 'ok' GROUP BY {_ROUND}, p.guid, p.kills HAVING sum(w.kills) <> p.kills""",
    "a player's hits, kills or times are negative": f"""
        SELECT {_ROUND}, p.guid, p.time_played_seconds AS found, 0 AS wanted {_IN_ROUND}
        AND (p.time_played_seconds < 0 OR p.kills < 0 OR p.deaths < 0 OR p.hits < 0 OR p.damage_given < 0)""",
}
_SUMS = f"""
    SELECT coalesce(t.rounds, 0) AS found, coalesce(c.rounds, 0) AS wanted FROM
    (SELECT sum(rounds) AS rounds FROM player_totals) t,
    (SELECT count(*) AS rounds FROM rounds r JOIN player_rounds p ON p.round_id = r.id WHERE {RANKED}) c"""


_FILES = "SELECT server, filename, reason, fetched_at FROM stats_files WHERE state = ? ORDER BY filename, id"


async def audit(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return what is impossible, refused, waiting and otherwise than written; each names its file."""
    return {
        "impossible": [
            {"what": what, **row}
            for what, sql in _IMPOSSIBLE.items()
            for row in sorted(await database.fetch(sql), key=lambda row: (row["filename"], row.get("guid", "")))
        ],
        "quarantined": await database.fetch(_FILES, ("quarantined",)),
        "aside": await database.fetch(_FILES, ("aside",)),
        "failed_imports": await _failed(database),
        "notices_without_file": await _without_file(database),
        "taken_otherwise": await _remarks(database),
        "sums": [row for row in await database.fetch(_SUMS) if row["found"] != row["wanted"]],
    }


async def _failed(database: Database) -> list[Row]:
    """Return the files that came and whose import has not succeeded, with the reason."""
    rows = await database.fetch(
        "SELECT e.id AS event_id, e.payload, d.state, d.error FROM deliveries d JOIN events e ON e.id = d.event_id "
        "WHERE d.plugin = 'stats_import' AND e.type = 'FetchedFile' AND d.state <> 'done' AND d.error IS NOT NULL "
        "ORDER BY e.id"
    )
    files = [(row, json.loads(row["payload"])) for row in rows]
    return [
        {"event_id": row["event_id"], "server": file["server"], "filename": file["filename"], "state": row["state"],
         "reason": row["error"]}
        for row, file in files
    ]  # fmt: skip


async def _without_file(database: Database) -> list[Row]:
    """Return the notices without a round; ``failed`` names a file that came for one and could not be imported."""
    rows = await database.fetch(
        "SELECT server, map_name, round_number, round_end_unix, received_at FROM round_notices "
        "WHERE round_id IS NULL ORDER BY round_end_unix"
    )
    failed = {one["filename"]: one for one in await _failed(database)}
    names = [(name, one) for one in failed.values() if (name := parse_stats_filename(one["filename"])) is not None]
    for row in rows:
        same = (one for name, one in names if _is_of(name, one["server"], row))
        row["failed"] = next((one["filename"] for one in same), None)
    return rows


def _is_of(name: StatsFilename, server: str, notice: Row) -> bool:
    return (server, name.map_name.lower(), name.round_number) == (
        notice["server"], str(notice["map_name"]).lower(), notice["round_number"],
    )  # fmt: skip


def print_audit(terminal: Terminal, document: dict[str, list[dict[str, Any]]]) -> None:
    """Print what ``audit`` gave."""
    for row in document["impossible"]:
        who = "".join(f", {row[name]}" for name in ("guid", "weapon") if name in row)
        terminal.print(f"round {row['id']} ({row['filename']}{who}): {row['what']}: {row['found']} and {row['wanted']}")
    for row in document["quarantined"]:
        terminal.print(f"refused: {row['filename']} of {row['server']}: {row['reason']}")
    for row in document["aside"]:
        terminal.print(f"left aside: {row['filename']} of {row['server']}: {row['reason']}")
    for row in document["failed_imports"]:
        name, again = row["filename"], f"`roundhook events replay {row['event_id']}` tries it again"
        terminal.print(f"the file came, its import failed: {name} of {row['server']}: {row['reason']}; {again}")
    for row in document["notices_without_file"]:
        if row["failed"]:
            continue
        terminal.print(
            f"no file came: {row['map_name']} R{row['round_number']} of {row['server']}, received {row['received_at']}"
        )
    for row in document["sums"]:
        terminal.print(
            f"players' totals have {row['found']} rounds, there are {row['wanted']}. Run `roundhook db rebuild`."
        )
    if not any(rows for name, rows in document.items() if name != "taken_otherwise"):
        terminal.print("Everything adds up.")
    if remarks := document["taken_otherwise"]:
        files = len({row["filename"] for row in remarks})
        terminal.print(
            f"{len(remarks)} values in {files} files were taken otherwise than written; "
            "`roundhook audit --json` lists each with its reason."
        )
        for row in remarks:
            if not row["guid"]:
                terminal.print(f"round {row['id']} ({row['filename']}): {row['remark']}")


async def _remarks(database: Database) -> list[dict[str, Any]]:
    rows = await database.fetch(
        f"SELECT {_ROUND}, r.remarks FROM rounds r WHERE r.remarks IS NOT NULL ORDER BY r.filename"
    )
    return [
        {"id": row["id"], "server": row["server"], "filename": row["filename"], **remark}
        for row in rows
        for remark in json.loads(row["remarks"])
    ]
