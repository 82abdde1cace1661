"""The teams of sessions and the winners of their maps: worked out from their rounds, written where they differ."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field
from piccolo.table import Table

from roundhook import ImportedRound, RoundAmended
from roundhook.db import Dialect, Row, Transaction, Write, columns_of, marks, upserts, utc
from roundhook.rounds import SessionPlayer, SessionTeam

from .lineups import LineUp, axis_team, teams_of
from .names import Member, team_names
from .rosters import NOTICE

MOST_ROUNDS = 120
"""So many rounds of a session count, the first ones: a server that never pauses has sessions of thousands."""
_AROUND = timedelta(hours=24)
"""How far from a changed round another session may have lost or won one by it."""
_NEAR = """
    SELECT id FROM sessions WHERE server = ? AND ended_at BETWEEN ? AND ?
    UNION SELECT id FROM sessions WHERE server = ? AND started_at BETWEEN ? AND ?
    UNION SELECT id FROM (
        SELECT id, ended_at FROM sessions WHERE server = ? AND started_at < ? ORDER BY started_at DESC LIMIT 1) AS one
    WHERE ended_at > ?"""
"""Those that end or begin between two times, and the one that goes on all the time: each is found by an index."""
_STORED = """
    SELECT session_id, team, name, NULL AS guid, NULL AS rounds FROM session_teams WHERE session_id IN ({marks})
    UNION ALL SELECT session_id, team, NULL, guid, rounds FROM session_players WHERE session_id IN ({marks})"""
_WINNERS = """
    UPDATE matches SET winner_team = new.column2 FROM (VALUES {rows}) AS new WHERE matches.id = new.column1"""
_TOLD = "UPDATE rounds SET revision = revision + 1 WHERE id IN ({marks})"
_TOLD_OF = ("file_sha256", "server", "map_name", "round_number", "match_id", "session_id", "filename")
_COLUMNS = ", ".join(f"r.{name}" for name in ("id", "played_at", "defender_side", "revision", *_TOLD_OF))
_FIRST = """(
    SELECT id, row_number() OVER (PARTITION BY session_id ORDER BY played_at, filename) AS place FROM rounds
    WHERE session_id IN ({marks}) AND status IN ('ok', 'unpaired')) AS f"""
_ROUNDS = f"""
    SELECT {_COLUMNS}, m.result, m.winner_team, m.round1_id, {NOTICE} AS notice
    FROM {_FIRST} JOIN rounds r ON r.id = f.id LEFT JOIN matches m ON m.id = r.match_id
    WHERE f.place <= {MOST_ROUNDS} ORDER BY r.played_at, r.filename"""
_PLAYERS = f"""
    SELECT p.round_id, p.guid, p.name, p.side FROM {_FIRST} JOIN player_rounds p ON p.round_id = f.id
    WHERE f.place <= {MOST_ROUNDS} AND p.side IN (1, 2) ORDER BY p.guid"""

Rows = Mapping[tuple[Any, ...], tuple[Any, ...]]
"""By key, the other columns."""


class Evening(Struct):
    """What is worked out of a session."""

    rounds: list[Row] = field(default_factory=list)
    """In the order of play, with what their matches and rosters are."""
    names: dict[str, str] = field(default_factory=dict)
    """Of each player, the last one."""
    lineups: list[LineUp] = field(default_factory=list)
    teams: dict[str, int] = field(default_factory=dict)

    def players(self) -> dict[str, tuple[int, int]]:
        """Return team and number of rounds of each player, none where line-ups are mixed."""
        played = Counter(guid for lineup in self.lineups for guid in lineup.axis | lineup.allies)
        return {guid: (team, played[guid]) for guid, team in self.teams.items()}

    def team_names(self) -> dict[int, str]:
        """Return the names of the teams by number, none where line-ups are mixed."""
        sides: dict[int, list[Member]] = {1: [], 2: []}
        for guid, (team, rounds) in self.players().items():
            sides[team].append(Member(guid, self.names[guid], rounds))
        return dict(enumerate(team_names(sides[1], sides[2]), 1)) if self.teams else {}

    def winners(self) -> dict[int, int | None]:
        """Return the winner of each match that begins in the session: a team, 0 for a draw, None where unknown."""
        first = {row["match_id"]: index for index, row in enumerate(self.rounds) if row["id"] == row["round1_id"]}
        return {match: self._winner(index) for match, index in first.items()}

    def _winner(self, index: int) -> int | None:
        row = self.rounds[index]
        axis = axis_team(self.lineups[index], self.teams)
        if not axis or row["result"] is None:
            return None
        if row["result"] == "draw":
            return 0
        first_attackers = 3 - axis if row["defender_side"] == 1 else axis
        return first_attackers if row["result"] == "first_attackers" else 3 - first_attackers


async def sessions(
    transaction: Transaction, dialect: Dialect, rounds: Iterable[Row], *, seen: Collection[int] = ()
) -> tuple[list[Write], list[RoundAmended]]:
    """Work out the sessions of these rounds and those near them; return what is to be written, and told of it.

    Of *rounds* it is read on which server and when their sessions were.

    Left out are matches with a round in *seen*: others are told about it after this.
    """
    near = await _sessions_near(transaction, rounds)
    if not near:
        return [], []
    evenings = await _read(transaction, near)
    winners, amended = _winners(evenings, seen)
    return [*await _teams(transaction, dialect, evenings), *winners], amended


async def all_sessions(transaction: Transaction) -> list[Row]:
    """Return where and when each session was, by which all can be worked out."""
    return await transaction.fetch("SELECT server, started_at, ended_at FROM sessions ORDER BY id")


async def _sessions_near(transaction: Transaction, rounds: Iterable[Row]) -> list[int]:
    spans: dict[str, tuple[datetime, datetime]] = {}
    for row in rounds:
        first, last = utc(row["started_at"]), utc(row["ended_at"])
        if first is not None and last is not None:
            before, after = spans.get(row["server"], (first, last))
            spans[row["server"]] = min(first, before), max(last, after)
    near: list[int] = []
    for server, (first, last) in spans.items():
        start, end = first - _AROUND, last + _AROUND
        rows = await transaction.fetch(_NEAR, (server, start, end, server, start, end, server, start, end))
        near += (row["id"] for row in rows)
    return sorted(near)


async def _read(transaction: Transaction, sessions: list[int]) -> dict[int, Evening]:
    """Return these sessions, worked out."""
    evenings, some = {session: Evening() for session in sessions}, marks(len(sessions))
    players: defaultdict[int, list[Row]] = defaultdict(list)
    for row in await transaction.fetch(_PLAYERS.format(marks=some), sessions):
        players[row["round_id"]].append(row)
    for row in await transaction.fetch(_ROUNDS.format(marks=some), sessions):
        _add(evenings[row["session_id"]], row, players[row["id"]])
    for evening in evenings.values():
        evening.teams = teams_of(evening.lineups)
    return evenings


def _add(evening: Evening, row: Row, players: Iterable[Row]) -> None:
    """Add a round: its rosters, and who is in the file and on neither. Bots are nobody."""
    notice = json.loads(row["notice"]) if row["notice"] else {}
    noticed = {1: notice.get("axis_players"), 2: notice.get("allies_players")}
    sides = {one["guid"]: (side, one["name"]) for side, people in noticed.items() for one in people or ()}
    for one in players:
        sides.setdefault(one["guid"], (one["side"], one["name"]))
    sides = {guid: one for guid, one in sides.items() if not guid.startswith("BOT")}
    evening.rounds.append(row)
    evening.names |= {guid: name for guid, (_, name) in sides.items()}
    axis, allies = ({guid for guid, (on, _) in sides.items() if on == side} for side in (1, 2))
    evening.lineups.append(LineUp(frozenset(axis), frozenset(allies)))


async def _teams(transaction: Transaction, dialect: Dialect, evenings: Mapping[int, Evening]) -> list[Write]:
    """Return what makes the rows of these sessions equal to what was worked out; only what differs is written."""
    rows = await transaction.fetch(_STORED.format(marks=marks(len(evenings))), [*evenings, *evenings])
    teams = {(row["session_id"], row["team"]): (row["name"],) for row in rows if row["guid"] is None}
    players = {(row["session_id"], row["guid"]): (row["team"], row["rounds"]) for row in rows if row["guid"]}
    names = {(session, team): (name,) for session, one in evenings.items() for team, name in one.team_names().items()}
    found = {(session, guid): row for session, one in evenings.items() for guid, row in one.players().items()}
    return [*_differing(dialect, SessionTeam, teams, names), *_differing(dialect, SessionPlayer, players, found)]


def _differing(dialect: Dialect, table: type[Table], stored: Rows, wanted: Rows) -> list[Write]:
    """Return what makes the *stored* rows equal to the *wanted* ones; the key are the first two columns."""
    first, second, *others = columns = columns_of(table)
    gone: defaultdict[Any, list[Any]] = defaultdict(list)
    for session, one in stored:
        if (session, one) not in wanted:
            gone[session].append(one)
    delete = f"DELETE FROM {table._meta.tablename} WHERE {first} = ? AND {second} IN ({{marks}})"
    changed = [(*key, *row) for key, row in wanted.items() if stored.get(key) != row]
    conflict = f"ON CONFLICT ({first}, {second}) DO UPDATE SET {', '.join(f'{one} = excluded.{one}' for one in others)}"
    return [
        *((delete.format(marks=marks(len(keys))), (session, *keys)) for session, keys in gone.items()),
        *upserts(dialect, table, columns, changed, conflict),
    ]


def _winners(evenings: Mapping[int, Evening], seen: Collection[int]) -> tuple[list[Write], list[RoundAmended]]:
    """Return what writes the winners that differ, and amendments for those matches' rounds, not those with one *seen*.

    Each takes one statement, however many maps have another winner now.
    """
    rounds = [row for one in evenings.values() for row in one.rounds]
    winners = {match: winner for one in evenings.values() for match, winner in one.winners().items()}
    changed = {
        row["match_id"] for row in rounds if row["match_id"] and row["winner_team"] != winners.get(row["match_id"])
    }
    hidden = {row["match_id"] for row in rounds if row["id"] in seen}
    told = [row for row in rounds if row["match_id"] in changed - hidden]
    rows = ", ".join(["(CAST(? AS BIGINT), CAST(? AS BIGINT))"] * len(changed))
    args = [value for one in sorted(changed) for value in (one, winners.get(one))]
    writes: list[Write] = [(_WINNERS.format(rows=rows), args)] if changed else []
    if told:
        writes.append((_TOLD.format(marks=marks(len(told))), [row["id"] for row in told]))
    amended = [RoundAmended(round=_event(row), revision=row["revision"] + 1, changed=("winner_team",)) for row in told]
    return writes, amended


def _event(row: Row) -> ImportedRound:
    return ImportedRound(round_id=row["id"], played_at=utc(row["played_at"]), **{name: row[name] for name in _TOLD_OF})
